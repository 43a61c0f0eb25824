// Runs another program to its end, with a time limit, and keeps what it said.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"

namespace qat {

struct ProcessResult {
    int exitCode = 0;  // 128 + signal if a signal ended it
    bool timedOut = false;
    std::string output;  // stdout and stderr as they came, the first 64 KiB
};

// `arguments` starts with the program, looked up in PATH; no shell is involved. The child and what it started are
// ended when the limit passes or `cancel` (may be null) asks to stop. Throws Error{Io} if the program cannot be
// started, Error{Cancelled} on request.
ProcessResult runProcess(const std::vector<std::string>& arguments, double limitSeconds, const CancelToken* cancel);

// Whether PATH holds an executable of that name.
bool programExists(const std::string& name);

}  // namespace qat
