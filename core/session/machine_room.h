// What the machine has left for us: threads that can still be started, and memory that can still be taken.
#pragma once

#include <cstdint>
#include <string>

namespace qat {

// How many threads can be running beside those that do, tried out; at most `wanted`.
int startableThreads(int wanted);

// Bytes that this process may still take: the least of what the machine has free, the limit of its control group (whose
// files are in `groups`) and that of its address space. Files that the kernel keeps in memory make room when asked.
int64_t availableMemory(const std::string& groups = "/sys/fs/cgroup/");

// A job on a small network needs so much beside the program itself. Throws Error{Io} if a limit on the address space
// (ulimit -v) or of the container leaves less: libraries that get no memory wait for ever or end the program.
void requireMemoryForJob();

}  // namespace qat
