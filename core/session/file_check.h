// What came of running a written file in an outside runtime and comparing it with the model it was made from, as data.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace qat {

// NotChecked: no runtime is installed or it does not work, there is nothing to compare with, or nobody asked.
// Failed: the runtime refuses the file, or computes something else.
enum class CheckResult { NotChecked, Passed, Failed };

struct FileCheck {
    CheckResult result = CheckResult::NotChecked;
    std::string runtime, version;  // onnxruntime-node, 1.22.0; empty where none answered
    std::string sentence;          // what was compared and found, what was refused, or why nothing was checked
};

inline FileCheck notChecked(std::string sentence) {
    FileCheck check;
    check.sentence = std::move(sentence);
    return check;
}

// As in run_summary.json: not_checked, passed, failed.
constexpr std::string_view checkResultName(CheckResult result) {
    return result == CheckResult::Passed ? "passed" : result == CheckResult::Failed ? "failed" : "not_checked";
}

}  // namespace qat
