// A thread's std::cerr switched off for a while, for libraries that write there instead of reporting.
#pragma once

namespace qat {

// While one lives, what its thread writes to std::cerr is lost; other threads' words appear as ever.
class ThreadSilence {
public:
    ThreadSilence();
    ~ThreadSilence();
    ThreadSilence(const ThreadSilence&) = delete;
    ThreadSilence& operator=(const ThreadSilence&) = delete;
};

}  // namespace qat
