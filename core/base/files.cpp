// File reading and atomic writing over POSIX calls.
#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace qat {
namespace {

constexpr std::string_view kTemporary = ".tmp";  // and a number
constexpr size_t kPiece = 1 << 20;

// Opening a pipe, a device or a terminal with these flags does not wait, and does not make the terminal ours.
constexpr int kCautious = O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

class Descriptor {
public:
    Descriptor(const fs::path& path, int flags) : m_fd(::open(path.c_str(), flags | kCautious, 0644)) {}
    ~Descriptor() {
        if (m_fd >= 0) ::close(m_fd);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return m_fd; }
    int release() { return std::exchange(m_fd, -1); }
    // Closes early so that a late write error is seen; returns false on failure.
    bool close() { return ::close(std::exchange(m_fd, -1)) == 0; }

private:
    int m_fd;
};

[[noreturn]] void failIo(const char* verb, const fs::path& path, int code) {
    fail(ErrorKind::Io, "cannot ", verb, " ", path.string(), ": ", std::strerror(code));
}

[[noreturn]] void failChanged(const fs::path& path) {
    fail(ErrorKind::Io, path.string(), " changed while it was read");
}

void writeAll(int fd, std::string_view bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) failIo("write", path, errno);
        bytes.remove_prefix(static_cast<size_t>(count));
    }
}

struct stat statusOf(int fd, const fs::path& path) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) failIo("read", path, errno);
    return info;
}

// A file opened for reading, known to be a regular one.
class Source {
public:
    explicit Source(const fs::path& path) : m_path(path), m_file(path, O_RDONLY) {
        if (m_file.get() < 0 && errno != ENXIO) failIo("open", path, errno);  // ENXIO: a socket
        require(m_file.get() >= 0, ErrorKind::BadInput, path.string(), " is not a regular file");
        m_info = statusOf(m_file.get(), path);
        require(!S_ISDIR(m_info.st_mode), ErrorKind::BadInput, path.string(), " is a folder, not a file");
        require(S_ISREG(m_info.st_mode), ErrorKind::BadInput, path.string(), " is not a regular file");
    }
    int get() const { return m_file.get(); }
    size_t size() const { return static_cast<size_t>(m_info.st_size); }
    // Fills the buffer as far as the file goes; returns how far.
    size_t read(char* to, size_t most) {
        size_t done = 0;
        while (done < most) {
            const ssize_t count = ::read(get(), to + done, most - done);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) failIo("read", m_path, errno);
            if (count == 0) break;
            done += static_cast<size_t>(count);
        }
        return done;
    }
    // In place or by lengthening and shortening, as far as the clock of the file system tells.
    void requireUnchanged() const {
        const struct stat now = statusOf(get(), m_path);
        const bool same = now.st_size == m_info.st_size && now.st_mtim.tv_sec == m_info.st_mtim.tv_sec &&
                          now.st_mtim.tv_nsec == m_info.st_mtim.tv_nsec;
        if (!same) failChanged(m_path);
    }

private:
    const fs::path& m_path;
    Descriptor m_file;
    struct stat m_info {};
};

fs::path temporaryFor(const fs::path& path) {
    uint64_t number = 0;
    if (::getrandom(&number, sizeof number, 0) != sizeof number) failIo("write", path, errno);
    fs::path temporary = path;
    temporary += str(kTemporary, number);
    return temporary;
}

// Renaming over a device would take it from the whole system, also through a link.
void requireReplaceable(const fs::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return;  // nothing there, or opening says what is wrong
    require(S_ISREG(info.st_mode), ErrorKind::Io, "cannot write ", path.string(),
            S_ISDIR(info.st_mode) ? ": it is a folder" : ": it is not a regular file");
}

// Where the user's own links lead: he wants them kept. One that somebody else prepared would send our bytes where he
// wants them.
fs::path behindLinks(const fs::path& path) {
    constexpr int kMostLinks = 40;
    fs::path place = path;
    for (int i = 0; i < kMostLinks; ++i) {
        struct stat info {};
        if (::lstat(place.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return place;
        require(info.st_uid == ::geteuid() || info.st_uid == 0, ErrorKind::Io, "cannot write ", path.string(), ": ",
                place.string(), " is a link that belongs to another user");
        std::error_code error;
        place = place.parent_path() / fs::read_symlink(place, error);
        if (error) failIo("write", path, error.value());
    }
    failIo("write", path, ELOOP);
}

// Without this a crash of the machine can bring the old name back.
void flushFolder(const fs::path& path) {
    const fs::path parent = path.parent_path();
    const Descriptor folder(parent.empty() ? fs::path(".") : parent, O_RDONLY | O_DIRECTORY);
    if (folder.get() >= 0) ::fsync(folder.get());  // best effort: some file systems refuse it
}

}  // namespace

std::string readFile(const fs::path& path, uintmax_t most) {
    Source file(path);
    const std::string limit = most >> 20 ? str(most >> 20, " MB") : str(most, " bytes");
    require(file.size() <= most, ErrorKind::BadInput, path.string(), " is larger than ", limit,
            ", too large for what is read here");
    std::string bytes(file.size(), '\0');
    if (file.read(bytes.data(), bytes.size()) != bytes.size()) failChanged(path);
    return bytes;
}

void readFilePieces(const fs::path& path, const std::function<void(std::span<const std::byte>)>& take) {
    Source file(path);
    std::vector<char> piece(std::min(file.size(), kPiece));
    for (size_t left = file.size(); left > 0;) {
        const size_t wanted = std::min(left, piece.size());
        if (file.read(piece.data(), wanted) != wanted) failChanged(path);
        take(std::as_bytes(std::span(piece.data(), wanted)));
        left -= wanted;
    }
}

void writeFileAtomic(const fs::path& target, std::string_view bytes) {
    requireReplaceable(target);
    const fs::path path = behindLinks(target), temporary = temporaryFor(path);
    Descriptor file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (file.get() < 0) failIo("write", path, errno);
    try {
        writeAll(file.get(), bytes, path);
        if (::fsync(file.get()) != 0 || !file.close()) failIo("write", path, errno);
        if (::rename(temporary.c_str(), path.c_str()) != 0) failIo("write", path, errno);
    } catch (...) {
        ::unlink(temporary.c_str());
        throw;
    }
    flushFolder(path);
}

FileToAppend openToAppend(const fs::path& path) {
    Descriptor file(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW);
    require(file.get() >= 0 || errno != ELOOP, ErrorKind::BadInput, "cannot write ", path.string(), ": it is a link");
    require(file.get() >= 0 || errno != ENXIO, ErrorKind::BadInput, "cannot write ", path.string(),
            ": it is not a regular file");
    if (file.get() < 0) failIo("write", path, errno);
    const struct stat info = statusOf(file.get(), path);
    require(S_ISREG(info.st_mode), ErrorKind::BadInput, "cannot write ", path.string(), ": it is not a regular file");
    require(info.st_nlink == 1, ErrorKind::BadInput, "cannot write ", path.string(), ": the file has other names too");
    struct stat folder {};
    const bool known = ::stat(path.parent_path().c_str(), &folder) == 0;
    require(info.st_uid == ::geteuid() || (known && info.st_uid == folder.st_uid), ErrorKind::BadInput, "cannot write ",
            path.string(), ": it belongs to another user");
    std::FILE* stream = ::fdopen(file.get(), "a");
    if (!stream) failIo("write", path, errno);
    file.release();
    return FileToAppend(stream);
}

bool isHalfWritten(const fs::path& path) {
    const std::string suffix = path.extension().string();
    if (!suffix.starts_with(kTemporary) || suffix.size() == kTemporary.size()) return false;
    return suffix.find_first_not_of("0123456789", kTemporary.size()) == std::string::npos;
}

void removeHalfWritten(const fs::path& folder) {
    std::vector<fs::path> found;
    std::error_code error, ignored;
    for (auto entry = fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error))
        if (isHalfWritten(entry->path()) && entry->symlink_status(ignored).type() == fs::file_type::regular)
            found.push_back(entry->path());
    for (const fs::path& path : found) fs::remove(path, ignored);
}

namespace {

// Level by level, since the mode of what the standard library makes depends on the umask alone.
void makeFolders(const fs::path& folder) {
    fs::path made;
    for (const fs::path& part : folder) {
        made /= part;
        if (::mkdir(made.c_str(), 0755) == 0 || errno == EEXIST) continue;
        struct stat info {};
        const int code = errno;  // a parent on a read-only disk exists nevertheless
        if (::stat(made.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) continue;
        fail(ErrorKind::Io, "cannot make the folder ", folder.string(), ": ", std::strerror(code));
    }
}

}  // namespace

void makeWritableFolder(const fs::path& folder) {
    makeFolders(folder);
    std::error_code ignored;
    require(fs::is_directory(folder, ignored), ErrorKind::Io, folder.string(), " is not a folder");
    if (::access(folder.c_str(), W_OK | X_OK) != 0) failIo("write into", folder, errno);
}

FileBytes::FileBytes(const fs::path& path) {
    Source file(path);
    if (file.size() == 0) return;
    const bool copied = file.size() <= kMapped;
    void* address = copied ? ::mmap(nullptr, file.size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                           : ::mmap(nullptr, file.size(), PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED) failIo("read", path, errno);
    m_data = static_cast<const std::byte*>(address);
    m_size = file.size();
    if (!copied) return;
    try {
        if (file.read(static_cast<char*>(address), m_size) != m_size) failChanged(path);
        file.requireUnchanged();
    } catch (...) {
        ::munmap(address, m_size);
        throw;
    }
}

void FileBytes::release(std::span<const std::byte> part) {
    const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = (reinterpret_cast<uintptr_t>(part.data()) + page - 1) / page * page,
               end = reinterpret_cast<uintptr_t>(part.data() + part.size()) / page * page;
    if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

FileBytes::~FileBytes() {
    if (m_data) ::munmap(const_cast<std::byte*>(m_data), m_size);
}

}  // namespace qat
