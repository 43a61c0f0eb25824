// A core without tensors for window tests: it describes a small model, writes a scripted run folder, and stops or
// fails on request. Defines describeModel, describePlacement, runPipeline and exportModel, so link it instead of the
// session library.
#pragma once

#include <atomic>
#include <string>

#include "session/file_check.h"

namespace qat::test {

// What the next runPipeline does; set before a job starts.
struct FakeScript {
    std::atomic<int> epochs{3};
    std::atomic<int> stepsPerEpoch{10};
    std::atomic<int> stepMs{5};  // sleep per training step
    std::atomic<bool> failInTraining{false};
    std::atomic<bool> ignoreFinishBatch{false};                     // a core that only reacts to Abandon
    std::atomic<bool> gateClosed{false};                            // as for a large model without proof
    std::atomic<bool> wasResumed{false};                            // what the last job was asked
    std::atomic<CheckResult> checkResult{CheckResult::NotChecked};  // of exported files
    std::atomic<bool> throwsOddly{false};                           // something that is no exception
};
FakeScript& fakeScript();

// Makes the files of a finished run without running: events.jsonl, layers.json, run_summary.json, results.csv.
void writeFinishedRun(const std::string& folder);

}  // namespace qat::test
