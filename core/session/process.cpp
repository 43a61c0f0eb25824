// Thread count and heap thresholds.
#include "session/process.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <malloc.h>
#include <omp.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "session/machine_room.h"
#include "session/tensor_memory.h"

namespace qat {
namespace {

std::mutex shortageMutex;  // jobs of the window prepare on threads of their own
std::string shortage;

int cores() {
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

// Threads of libtorch's pool, which begins with one a core, those of OpenMP, and one that watches over the run. The
// pool does not look whether its threads started and then waits for them for ever; OpenMP ends the program.
int threadsFor(int count) {
    return std::max(count, cores()) + count;
}

// Without touching that pool: libtorch asks the environment for its number of threads until it is told one.
void computeAlone() {
    ::setenv("OMP_NUM_THREADS", "1", 1);
    omp_set_num_threads(1);
}

// So that OpenMP's threads of this thread exist before others take the room.
void startOpenMp() {
#pragma omp parallel
    {}
}

// Its threads would cut sums by their number; products are shared out in ops/fixed_split.h instead. Other libraries
// that may stand in for it have one thread, or cut by sizes.
void keepBlasOnOneThread() {
    const int others = omp_get_max_threads();  // OpenBLAS on OpenMP sets them as well
    if (const auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(1);
    omp_set_num_threads(others);
}

}  // namespace

void prepareProcess() {
    static std::once_flag once;
    std::call_once(once, [] {
        mallopt(M_ARENA_MAX, 1);  // other arenas cap a block at 64 MB and then fall back to mmap
        mallopt(M_MMAP_THRESHOLD, 1 << 30);
        mallopt(M_TRIM_THRESHOLD, 1 << 30);
        mallopt(M_TOP_PAD, 64 << 20);
        reuseTensorMemory();
        keepBlasOnOneThread();
        useThreads(0);
    });
}

void useThreads(int count) {
    static const int given = at::get_num_threads();  // of the environment, before anything is set
    if (count == 0) count = std::getenv("OMP_NUM_THREADS") ? given : cores();
    const int startable = startableThreads(threadsFor(count));
    const bool enough = startable == threadsFor(count);
    const std::lock_guard lock(shortageMutex);
    shortage = enough ? ""
                      : str("only ", startable,
                            " more threads can be started (ulimit -u, or a limit of the container), so one thread "
                            "computes instead of ",
                            count);
    if (!enough) return computeAlone();
    at::set_num_threads(count);
    startOpenMp();
}

std::string threadShortage() {
    const std::lock_guard lock(shortageMutex);
    return shortage;
}

}  // namespace qat
