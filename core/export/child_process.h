// Runs another program to its end, with a time limit, and keeps what it said.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/cancel.h"

namespace qat {

struct ProcessResult {
    int exitCode = 0;  // 128 + signal if a signal ended it
    bool timedOut = false;
    std::string output;  // stdout and stderr as they came, the first 64 KiB
};

// `arguments` starts with the program, looked up with findProgram unless it is a path; no shell is involved. The child
// and what it started are ended when the limit passes or `cancel` (may be null) asks to stop. Throws Error{Io} if the
// program cannot be started, Error{Cancelled} on request.
ProcessResult runProcess(const std::vector<std::string>& arguments, double limitSeconds, const CancelToken* cancel);

// The executable of that name in the folders of PATH, empty if there is none. Entries that depend on the current folder
// do not count: whoever could write there would choose what is run.
std::filesystem::path findProgram(const std::string& name);

}  // namespace qat
