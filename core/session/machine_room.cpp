// Tries threads, and reads limits from the kernel.
#include "session/machine_room.h"

#include <sys/resource.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <limits>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"

namespace qat {
namespace {

constexpr int64_t kMegabyte = 1 << 20;
constexpr int64_t kAddressSpace = 300 * kMegabyte;     // beside what is mapped already: with 230 oneDNN crashes
constexpr int64_t kContainerMemory = 384 * kMegabyte;  // in all: libraries, the network, its gradients, a few pictures
constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// A number alone in a file of the kernel's; no limit for "max", for more than fits, and where there is no such file.
int64_t numberIn(const std::string& file) {
    int64_t number = 0;
    std::ifstream in(file);
    return in >> number ? number : kNoLimit;
}

// The number after a word at the beginning of a line; nothing without such a line.
std::optional<int64_t> numberAfter(const std::string& file, const std::string& word) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        std::istringstream parts(line);
        std::string first;
        int64_t number = 0;
        if (parts >> first >> number && first == word) return number;
    }
    return std::nullopt;
}

int64_t kilobytesIn(const std::string& file, const std::string& word) {
    const auto kilobytes = numberAfter(file, word);
    return kilobytes ? *kilobytes * 1024 : kNoLimit;
}

int64_t left(int64_t limit, int64_t used) {
    return limit == kNoLimit ? kNoLimit : std::clamp<int64_t>(limit - used, 0, limit);
}

struct ContainerMemory {
    int64_t limit = kNoLimit, left = kNoLimit;
};

// `prefix` stands before the words of the older version's statistics.
ContainerMemory memoryOf(const std::string& limit, const std::string& usage, const std::string& statistics,
                         const std::string& prefix) {
    ContainerMemory memory{numberIn(limit)};
    int64_t used = numberIn(usage);
    if (used == kNoLimit) used = 0;  // not told
    for (const char* cache : {"inactive_file", "active_file"})
        used -= numberAfter(statistics, prefix + cache).value_or(0);
    memory.left = left(memory.limit, used);
    return memory;
}

// Of both versions of control groups; the group that a container shows its processes stands at the root.
ContainerMemory containerMemory(const std::string& root) {
    const ContainerMemory now = memoryOf(root + "memory.max", root + "memory.current", root + "memory.stat", "");
    const std::string older = root + "memory/memory.";
    return now.limit < kNoLimit
               ? now
               : memoryOf(older + "limit_in_bytes", older + "usage_in_bytes", older + "stat", "total_");
}

int64_t addressSpaceLeft() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
    return left(static_cast<int64_t>(limit.rlim_cur), kilobytesIn("/proc/self/status", "VmSize:"));
}

}  // namespace

int startableThreads(int wanted) {
    std::mutex mutex;
    std::condition_variable released;
    bool done = false;
    std::vector<std::thread> threads;
    try {
        for (int i = 0; i < wanted; ++i)
            threads.emplace_back([&] {
                std::unique_lock lock(mutex);
                released.wait(lock, [&] { return done; });
            });
    } catch (const std::system_error&) {
        // as many as there are
    }
    {
        const std::lock_guard lock(mutex);
        done = true;
    }
    released.notify_all();
    for (std::thread& thread : threads) thread.join();
    return static_cast<int>(threads.size());
}

int64_t availableMemory(const std::string& groups) {
    return std::min({kilobytesIn("/proc/meminfo", "MemAvailable:"), containerMemory(groups).left, addressSpaceLeft()});
}

void requireMemoryForJob() {
    const int64_t space = addressSpaceLeft(), container = containerMemory("/sys/fs/cgroup/").limit;
    require(space >= kAddressSpace, ErrorKind::Io, "not enough memory: the limit on address space (ulimit -v) leaves ",
            space / kMegabyte, " MB beside the program, and the smallest job needs ", kAddressSpace / kMegabyte, " MB");
    require(container >= kContainerMemory, ErrorKind::Io, "not enough memory: the container may have ",
            container / kMegabyte, " MB, and the smallest job needs ", kContainerMemory / kMegabyte, " MB");
}

}  // namespace qat
