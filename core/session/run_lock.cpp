// The kernel's lock on run.lock decides on one machine, the file's age between machines. The lock is one of the open
// file description, since only that kind can be asked about without being taken.
#include "session/run_lock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/files.h"
#include "session/clock.h"

namespace qat {
namespace {

constexpr const char* kLock = "run.lock";
constexpr const char* kStop = "stop.request";
constexpr std::chrono::milliseconds kLook{200};
constexpr std::chrono::seconds kSign{5};
constexpr double kLifeSeconds = 30;  // a sign of life that is older belongs to nobody

class FileHandle {
public:
    explicit FileHandle(int handle) : m_handle(handle) {}
    ~FileHandle() {
        if (m_handle >= 0) ::close(m_handle);
    }
    FileHandle(const FileHandle&) = delete;
    FileHandle& operator=(const FileHandle&) = delete;
    int get() const { return m_handle; }
    int release() { return std::exchange(m_handle, -1); }

private:
    int m_handle;
};

// What the lock's one line says.
struct Mark {
    int64_t pid = 0;
    std::string host, boot, started;
};

std::string hostName() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

// Containers of one machine have names of their own, but one kernel and its locks.
std::string bootId() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

bool isOfThisMachine(const Mark& mark) {
    return mark.host.empty() || mark.host == hostName() || (!mark.boot.empty() && mark.boot == bootId());
}

std::string textOf(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// Nothing if the line is not there yet or no mark.
std::optional<Mark> readMark(int file) {
    std::array<char, 1024> bytes{};
    const ssize_t count = ::pread(file, bytes.data(), bytes.size(), 0);
    std::string_view line(bytes.data(), count > 0 ? static_cast<size_t>(count) : 0);
    line = line.substr(0, line.find('\n'));
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    Mark mark{0, textOf(json, "host"), textOf(json, "boot"), textOf(json, "started")};
    if (const auto pid = json.find("pid"); pid != json.end() && pid->is_number_integer())
        mark.pid = pid->get<int64_t>();
    return mark;
}

struct flock wholeFile() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

// Nothing where the file system has no locks, as some over networks; the sign of life then decides alone.
std::optional<bool> isLocked(int file) {
    struct flock lock = wholeFile();
    if (::fcntl(file, F_OFD_GETLK, &lock) != 0) return std::nullopt;
    return lock.l_type != F_UNLCK;
}

bool hasNoLocks(int code) {
    return code == ENOLCK || code == EOPNOTSUPP || code == ENOSYS || code == EINVAL;
}

double secondsSinceSign(const struct stat& info) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const double sign = static_cast<double>(info.st_mtim.tv_sec) + 1e-9 * static_cast<double>(info.st_mtim.tv_nsec);
    return std::abs(std::chrono::duration<double>(now).count() - sign);  // clocks of two machines differ either way
}

RunHolder holderOf(int file) {
    RunHolder holder;
    struct stat info {};
    const std::optional<bool> lock = isLocked(file);
    const bool locked = lock.value_or(false);
    if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink == 0) return holder;
    const std::optional<Mark> mark = readMark(file);
    if (!mark && !locked) return holder;
    if (mark) holder.pid = mark->pid, holder.host = mark->host;
    holder.secondsSinceSign = secondsSinceSign(info);
    const bool here = !mark || isOfThisMachine(*mark);
    if (locked)
        holder.state = here ? RunHolder::State::Here : RunHolder::State::Elsewhere;
    else
        holder.state = (here && lock) || holder.secondsSinceSign > kLifeSeconds ? RunHolder::State::Gone
                                                                                : RunHolder::State::Elsewhere;
    return holder;
}

[[noreturn]] void refuse(const fs::path& folder, const RunHolder& holder) {
    const std::string process = holder.pid > 0 ? str("process ", holder.pid) : "another process";
    if (holder.state == RunHolder::State::Elsewhere)
        fail(ErrorKind::BadInput, folder.string(), " is in use: ", process, " on ", holder.host,
             " works in it, last seen ", std::lround(holder.secondsSinceSign),
             " s ago; a run that was killed there is free after ", kLifeSeconds, " s");
    fail(ErrorKind::BadInput, folder.string(), " is in use: ", process, " works in it; wait for its end, or stop it");
}

[[noreturn]] void failLock(const fs::path& path, int code) {
    fail(ErrorKind::Io, "cannot lock ", path.string(), ": ", std::strerror(code));
}

bool isStillAt(int file, const fs::path& path) {
    struct stat own {
    }, there{};
    return ::fstat(file, &own) == 0 && ::lstat(path.c_str(), &there) == 0 && own.st_ino == there.st_ino &&
           own.st_dev == there.st_dev;
}

// Locks the file that has the name; -1 if it was removed meanwhile by the job that just ended.
int tryLock(const fs::path& folder) {
    const fs::path path = folder / kLock;
    FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644));
    if (file.get() < 0) failLock(path, errno);
    struct stat info {};
    require(::fstat(file.get(), &info) == 0 && S_ISREG(info.st_mode), ErrorKind::BadInput, path.string(),
            " is not a regular file");
    struct flock lock = wholeFile();
    const bool locked = ::fcntl(file.get(), F_OFD_SETLK, &lock) == 0;
    const int code = errno;
    if (!locked && (code == EAGAIN || code == EACCES)) refuse(folder, holderOf(file.get()));
    if (!locked && !hasNoLocks(code)) failLock(path, code);
    if (!isStillAt(file.get(), path)) return -1;
    const std::optional<Mark> mark = readMark(file.get());
    RunHolder before;
    if (mark) before = {RunHolder::State::Elsewhere, mark->pid, mark->host, secondsSinceSign(info)};
    const bool decides = locked && mark && isOfThisMachine(*mark);  // then the kernel says that it is gone
    if (mark && !decides && before.secondsSinceSign <= kLifeSeconds) refuse(folder, before);
    return file.release();
}

// The new line goes over the old one before the rest is cut off, so that a reader always finds a whole line.
void writeMark(int file, const fs::path& path) {
    const nlohmann::ordered_json mark{
        {"pid", ::getpid()}, {"host", hostName()}, {"boot", bootId()}, {"started", isoTime()}};
    const std::string line = mark.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    const bool written = ::pwrite(file, line.data(), line.size(), 0) == static_cast<ssize_t>(line.size()) &&
                         ::ftruncate(file, static_cast<off_t>(line.size())) == 0 && ::futimens(file, nullptr) == 0;
    if (!written) fail(ErrorKind::Io, "cannot write ", path.string(), ": ", std::strerror(errno));
}

}  // namespace

RunHolder runHolder(const std::filesystem::path& run) {
    const FileHandle file(::open((run / kLock).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    return file.get() < 0 ? RunHolder() : holderOf(file.get());
}

void requireNobodyIn(const std::filesystem::path& folder) {
    std::error_code ignored;
    for (fs::path at = fs::absolute(folder, ignored).lexically_normal(); at.has_relative_path();
         at = at.parent_path()) {
        const RunHolder holder = runHolder(at);
        if (holder.state == RunHolder::State::Here || holder.state == RunHolder::State::Elsewhere) refuse(at, holder);
    }
}

void requestStop(const std::filesystem::path& run) {
    writeFileAtomic(run / kStop, "");
}

bool isLockFile(const std::filesystem::path& name) {
    return name == kLock || name == kStop;
}

RunLock::RunLock(const std::filesystem::path& folder, CancelToken& cancel) : m_folder(folder), m_cancel(cancel) {
    while (m_file < 0) m_file = tryLock(folder);
    FileHandle guard(m_file);  // until nothing can fail any more
    writeMark(m_file, folder / kLock);
    ::unlink((folder / kStop).c_str());
    try {
        m_watch = std::thread([this] { watch(); });
    } catch (const std::system_error& error) {
        ::unlink((folder / kLock).c_str());
        fail(ErrorKind::Io, "cannot start a thread that watches over ", folder.string(), ": ", error.code().message());
    }
    guard.release();
}

RunLock::~RunLock() {
    {
        const std::lock_guard lock(m_mutex);
        m_ending = true;
    }
    m_ended.notify_all();
    m_watch.join();
    ::unlink((m_folder / kStop).c_str());  // a request that came too late
    if (isStillAt(m_file, m_folder / kLock)) ::unlink((m_folder / kLock).c_str());
    ::close(m_file);
}

void RunLock::watch() {
    auto sign = std::chrono::steady_clock::now();
    std::unique_lock lock(m_mutex);
    while (!m_ended.wait_for(lock, kLook, [this] { return m_ending; })) {
        if (::unlink((m_folder / kStop).c_str()) == 0) m_cancel.request(StopLevel::FinishBatch);
        if (std::chrono::steady_clock::now() - sign < kSign) continue;
        sign = std::chrono::steady_clock::now();
        ::futimens(m_file, nullptr);
    }
}

}  // namespace qat
