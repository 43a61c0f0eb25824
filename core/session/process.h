// Settings of the whole process that our speed and fairness depend on.
#pragma once

#include <string>

namespace qat {

// Once a process, later calls do nothing: as many intra-op threads as there are cores (or OMP_NUM_THREADS), and a heap
// that keeps the memory of large tensors (returning it means page faults on every step).
void prepareProcess();

// Threads that compute from here on, called from this thread; 0: OMP_NUM_THREADS, else as many as there are cores. One
// where the system does not let as many start as that takes: threadShortage() then says so.
void useThreads(int count);

// A sentence for the user if fewer threads compute than were to; else "".
std::string threadShortage();

}  // namespace qat
