// A job from a config to a run folder. The window, the command line and the tests all call this one function.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/events.h"
#include "session/stage_gate.h"

namespace qat {

// Pipeline: every stage. The others stop after the analysis and write only that.
enum class JobKind { Pipeline, Sensitivity, LayerError };

struct JobRequest {
    std::filesystem::path config;                                // qat_config.yaml
    std::filesystem::path out;                                   // the run folder; made if missing
    std::string data;                                            // replaces data.path if not empty
    std::vector<std::pair<std::string, std::string>> overrides;  // key.path, value
    bool resume = false;                                         // go on from the folder's last checkpoint
    JobKind kind = JobKind::Pipeline;
    bool overrideGate = false;        // start although the gate of large models is closed
    std::optional<StageGate> gate{};  // what a group was told; nothing: the job asks
};

// NotStarted: the gate of large models is closed, nothing was done.
enum class JobStatus { Completed, GateFailed, Cancelled, NotStarted };

struct JobOutcome {
    JobStatus status = JobStatus::Completed;
    // mAP50-95 and mAP50 on the validation split, each by evaluation of that model; absent where a stage did not run.
    struct Accuracy {
        double map = 0, map50 = 0;
    };
    std::optional<Accuracy> fp32, ptq, final;
    int64_t validationImages = 0;
    int64_t fp32Bytes = 0, quantizedBytes = 0;  // weights, scales, zero points and biases as stored on a device
    std::vector<std::string> gates;             // sentences of the gates that failed or are closed
};

struct Config;

// The configuration the job runs with: file, data and overrides, paths absolute. Throws Error{BadInput}.
Config resolvedConfig(const JobRequest& request);

// The stages are those of stages/stage_table.h. Blocks until done; throws Error (BadInput, Io, ...) after writing the
// failure to the folder's events and summary. Every event also goes to `sink`. A request to stop ends the batch,
// checkpoints, and returns Cancelled; one that comes through the folder (requestStop of run_lock.h) is handed on to the
// token. A folder in which another job works is refused. Where the gate of large models is closed (stage_gate.h) the
// outcome is NotStarted, and no folder is made.
JobOutcome runPipeline(const JobRequest& request, EventSink& sink, CancelToken& cancel);

}  // namespace qat
