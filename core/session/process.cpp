// Thread count and heap thresholds.
#include "session/process.h"

#include <ATen/Parallel.h>
#include <malloc.h>

#include <cstdlib>
#include <mutex>
#include <thread>

#include "session/tensor_memory.h"

namespace qat {

void prepareProcess() {
    static std::once_flag once;
    std::call_once(once, [] {
        mallopt(M_ARENA_MAX, 1);  // other arenas cap a block at 64 MB and then fall back to mmap
        mallopt(M_MMAP_THRESHOLD, 1 << 30);
        mallopt(M_TRIM_THRESHOLD, 1 << 30);
        mallopt(M_TOP_PAD, 64 << 20);
        reuseTensorMemory();
        useThreads(0);
    });
}

void useThreads(int count) {
    static const int given = at::get_num_threads();  // of the environment, before anything is set
    if (count == 0) count = std::getenv("OMP_NUM_THREADS") ? given : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    at::set_num_threads(count);
}

}  // namespace qat
