// Who works in a run folder: its lock, a sign of life for other machines, and the request to stop from outside.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "base/cancel.h"

namespace qat {

// Who works in a folder, by its file run.lock.
struct RunHolder {
    // Nobody: there is no lock, so no job or one that ended by itself. Here: a process of this machine works.
    // Elsewhere: one of another machine, whose last sign of life is young. Gone: the job was killed.
    enum class State { Nobody, Here, Elsewhere, Gone };
    State state = State::Nobody;
    int64_t pid = 0;  // 0: not known
    std::string host;
    double secondsSinceSign = 0;
};

// Looks and changes nothing; never throws for what it finds. A folder that cannot be read has nobody.
RunHolder runHolder(const std::filesystem::path& run);

// Throws Error{BadInput} with the process's number if a job works in the folder or in one above it: nobody else is to
// write there.
void requireNobodyIn(const std::filesystem::path& folder);

// Asks whoever works in the folder to finish the batch, write a checkpoint and end, from any process or machine. Throws
// Error{Io}.
void requestStop(const std::filesystem::path& run);

// Whether the name is that of a file of the lock: it comes and goes with the job and is no part of the result.
bool isLockFile(const std::filesystem::path& name);

// One job's right to write into a folder. Held, it renews the sign of life every few seconds and hands a request to
// stop on to the token, within a quarter of a second; the request is then removed, as is one from before the lock.
class RunLock {
public:
    // Takes over what a killed process left. Throws Error{BadInput} with the process's number if another job works in
    // the folder, which must exist, and Error{Io} if it cannot be locked.
    RunLock(const std::filesystem::path& folder, CancelToken& cancel);
    ~RunLock();
    RunLock(const RunLock&) = delete;
    RunLock& operator=(const RunLock&) = delete;

private:
    void watch();

    std::filesystem::path m_folder;
    CancelToken& m_cancel;
    int m_file = -1;
    std::mutex m_mutex;
    std::condition_variable m_ended;
    bool m_ending = false;
    std::thread m_watch;  // last: it uses everything above
};

}  // namespace qat
