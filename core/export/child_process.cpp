// posix_spawn in a group of its own, a pipe for both streams, poll against the limit.
#include "export/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/error.h"

extern char** environ;

namespace qat {
namespace {

constexpr size_t kKeptBytes = 64 * 1024;
constexpr int kPollMs = 50;

class FileHandle {
public:
    explicit FileHandle(int handle) : m_handle(handle) {}
    ~FileHandle() { reset(); }
    FileHandle(const FileHandle&) = delete;
    FileHandle& operator=(const FileHandle&) = delete;
    int get() const { return m_handle; }
    void reset() {
        if (m_handle >= 0) close(m_handle);
        m_handle = -1;
    }

private:
    int m_handle;
};

// Starts the program with both streams on `sink`; it leads a new process group.
pid_t spawn(const std::vector<std::string>& arguments, int sink) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, sink, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, sink, STDERR_FILENO);
    // What we ignore or handle, the program is to meet as usual.
    sigset_t usual;
    sigemptyset(&usual);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) sigaddset(&usual, signal);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    pid_t child = 0;
    const bool named = arguments[0].find('/') == std::string::npos;
    const std::filesystem::path program = named ? findProgram(arguments[0]) : std::filesystem::path(arguments[0]);
    const int error =
        program.empty() ? ENOENT : posix_spawn(&child, program.c_str(), &actions, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    require(error == 0, ErrorKind::Io, "cannot start ", arguments[0], ": ", std::strerror(error));
    return child;
}

// Ends the child's group if it still runs when the scope is left.
class ChildGuard {
public:
    explicit ChildGuard(pid_t child) : m_child(child) {}
    ~ChildGuard() {
        if (m_child > 0) {
            kill(-m_child, SIGKILL);
            waitpid(m_child, nullptr, 0);
        }
    }
    ChildGuard(const ChildGuard&) = delete;
    ChildGuard& operator=(const ChildGuard&) = delete;
    int wait() {
        int status = 0;
        while (waitpid(m_child, &status, 0) < 0 && errno == EINTR) {
        }
        m_child = 0;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

private:
    pid_t m_child;
};

// Waits a moment for output; false once all writers are gone.
bool readSome(int source, std::string& output) {
    pollfd waiting{source, POLLIN, 0};
    if (poll(&waiting, 1, kPollMs) <= 0) return true;
    std::array<char, 4096> buffer;
    const ssize_t count = read(source, buffer.data(), buffer.size());
    if (count < 0) return errno == EINTR;
    const size_t kept = std::min(static_cast<size_t>(count), kKeptBytes - std::min(kKeptBytes, output.size()));
    output.append(buffer.data(), kept);
    return count > 0;
}

}  // namespace

ProcessResult runProcess(const std::vector<std::string>& arguments, double limitSeconds, const CancelToken* cancel) {
    ensure(!arguments.empty(), "a program to run");
    std::array<int, 2> ends{};
    require(pipe2(ends.data(), O_CLOEXEC) == 0, ErrorKind::Io, "cannot make a pipe: ", std::strerror(errno));
    FileHandle source(ends[0]), sink(ends[1]);
    ChildGuard child(spawn(arguments, sink.get()));
    sink.reset();
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(limitSeconds);
    ProcessResult result;
    while (readSome(source.get(), result.output)) {
        if (cancel) cancel->poll();
        if (std::chrono::steady_clock::now() < end) continue;
        result.timedOut = true;
        return result;
    }
    result.exitCode = child.wait();
    return result;
}

std::filesystem::path findProgram(const std::string& name) {
    const char* path = std::getenv("PATH");
    std::string_view folders = path ? path : "";
    std::error_code unreadable;
    while (!folders.empty()) {
        const size_t colon = std::min(folders.find(':'), folders.size());
        const std::filesystem::path program = std::filesystem::path(folders.substr(0, colon)) / name;
        if (program.is_absolute() && std::filesystem::is_regular_file(program, unreadable) &&
            access(program.c_str(), X_OK) == 0)
            return program;
        folders.remove_prefix(std::min(colon + 1, folders.size()));
    }
    return {};
}

}  // namespace qat
