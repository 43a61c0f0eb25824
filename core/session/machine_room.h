// What the machine has left for us: threads that can still be started, and memory that can still be taken.
#pragma once

#include <cstdint>

namespace qat {

// How many threads can be running beside those that do, tried out; at most `wanted`.
int startableThreads(int wanted);

// Bytes that this process may still take: the least of what the machine has free, the limit of its control group and
// that of its address space.
int64_t availableMemory();

// A job on a small network needs so much beside the program itself. Throws Error{Io} if a limit on the address space
// (ulimit -v) or of the container leaves less: libraries that get no memory wait for ever or end the program.
void requireMemoryForJob();

}  // namespace qat
