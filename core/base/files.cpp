// File reading, atomic writing and mapping over POSIX calls.
#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace qat {
namespace {

constexpr std::string_view kTemporary = ".tmp";  // and the process's number

class Descriptor {
public:
    Descriptor(const fs::path& path, int flags) : m_fd(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
    ~Descriptor() {
        if (m_fd >= 0) ::close(m_fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return m_fd; }
    // Closes early so that a late write error is seen; returns false on failure.
    bool close() { return ::close(std::exchange(m_fd, -1)) == 0; }

private:
    int m_fd;
};

[[noreturn]] void failIo(const char* verb, const fs::path& path, int code) {
    fail(ErrorKind::Io, "cannot ", verb, " ", path.string(), ": ", std::strerror(code));
}

void writeAll(int fd, std::string_view bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) failIo("write", path, errno);
        bytes.remove_prefix(static_cast<size_t>(count));
    }
}

size_t regularFileSize(int fd, const fs::path& path) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) failIo("read", path, errno);
    require(S_ISREG(info.st_mode), ErrorKind::BadInput, path.string(), " is not a regular file");
    return static_cast<size_t>(info.st_size);
}

}  // namespace

std::string readFile(const fs::path& path) {
    Descriptor file(path, O_RDONLY);
    if (file.get() < 0) failIo("open", path, errno);
    std::string bytes(regularFileSize(file.get(), path), '\0');
    size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = ::read(file.get(), bytes.data() + done, bytes.size() - done);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) failIo("read", path, errno);
        if (count == 0) break;
        done += static_cast<size_t>(count);
    }
    bytes.resize(done);
    return bytes;
}

void writeFileAtomic(const fs::path& path, std::string_view bytes) {
    fs::path temporary = path;
    temporary += str(kTemporary, ::getpid());
    try {
        Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
        if (file.get() < 0) failIo("write", path, errno);
        writeAll(file.get(), bytes, path);
        if (::fsync(file.get()) != 0 || !file.close()) failIo("write", path, errno);
        if (::rename(temporary.c_str(), path.c_str()) != 0) failIo("write", path, errno);
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
}

bool isHalfWritten(const fs::path& path) {
    const std::string suffix = path.extension().string();
    if (!suffix.starts_with(kTemporary) || suffix.size() == kTemporary.size()) return false;
    return suffix.find_first_not_of("0123456789", kTemporary.size()) == std::string::npos;
}

void removeHalfWritten(const fs::path& folder) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (isHalfWritten(entry.path()) && entry.is_regular_file()) found.push_back(entry.path());
    for (const fs::path& path : found) fs::remove(path);
}

void makeWritableFolder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    require(!error, ErrorKind::Io, "cannot make the folder ", folder.string(), ": ", error.message());
    require(fs::is_directory(folder), ErrorKind::Io, folder.string(), " is not a folder");
    if (::access(folder.c_str(), W_OK | X_OK) != 0) failIo("write into", folder, errno);
}

MappedFile::MappedFile(const fs::path& path) {
    Descriptor file(path, O_RDONLY);
    if (file.get() < 0) failIo("open", path, errno);
    m_size = regularFileSize(file.get(), path);
    if (m_size == 0) return;
    void* address = ::mmap(nullptr, m_size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED) failIo("read", path, errno);
    m_data = static_cast<const std::byte*>(address);
}

MappedFile::~MappedFile() {
    if (m_data) ::munmap(const_cast<std::byte*>(m_data), m_size);
}

}  // namespace qat
