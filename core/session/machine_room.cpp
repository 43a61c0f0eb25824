// Tries threads, and reads limits from the kernel.
#include "session/machine_room.h"

#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "base/error.h"

namespace qat {
namespace {

constexpr uint64_t kMegabyte = 1 << 20;
constexpr uint64_t kAddressSpace = 300 * kMegabyte;     // beside what is mapped already: with 230 oneDNN crashes
constexpr uint64_t kContainerMemory = 384 * kMegabyte;  // in all: libraries, the network, its gradients, a few pictures

// Bytes of address space in use.
uint64_t mappedBytes() {
    std::ifstream file("/proc/self/statm");
    uint64_t pages = 0;
    file >> pages;
    return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

// A limit of the container, in either version of control groups; nothing where there is none.
std::optional<uint64_t> containerLimit() {
    for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
        std::ifstream file(path);
        if (uint64_t bytes = 0; file >> bytes) return bytes;
    }
    return std::nullopt;
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

void requireMemoryForJob() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        const uint64_t used = mappedBytes(), left = limit.rlim_cur > used ? limit.rlim_cur - used : 0;
        require(left >= kAddressSpace, ErrorKind::Io, "not enough memory: the limit on address space (ulimit -v) leaves ",
                left / kMegabyte, " MB beside the program, and the smallest job needs ", kAddressSpace / kMegabyte, " MB");
    }
    const auto container = containerLimit();
    require(!container || *container >= kContainerMemory, ErrorKind::Io, "not enough memory: the container may have ",
            container.value_or(0) / kMegabyte, " MB, and the smallest job needs ", kContainerMemory / kMegabyte, " MB");
}

}  // namespace qat
