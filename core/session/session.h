// A job from a config to a run folder. The window, the command line and the tests all call this one function.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/events.h"

namespace qat {

struct JobRequest {
    std::filesystem::path config;                                  // qat_config.yaml
    std::filesystem::path out;                                     // the run folder; made if missing
    std::string data;                                              // replaces data.path if not empty
    std::vector<std::pair<std::string, std::string>> overrides;    // key.path, value
    bool resume = false;                                           // go on from the folder's last checkpoint
};

enum class JobStatus { Completed, GateFailed, Cancelled };

struct JobOutcome {
    JobStatus status = JobStatus::Completed;
    double fp32Map = 0, ptqMap = 0, finalMap = 0;  // mAP50-95 on the validation split, each by evaluation of that model
};

// Stages: load, calibrate, evaluate_fp32, evaluate_ptq, analyze, train, evaluate, export. Blocks until done; throws
// Error (BadInput, Io, ...) after writing the failure to the folder's events and summary. Every event also goes to
// `sink`. A request to stop ends the batch, checkpoints, and returns Cancelled.
JobOutcome runPipeline(const JobRequest& request, EventSink& sink, const CancelToken& cancel);

}  // namespace qat
