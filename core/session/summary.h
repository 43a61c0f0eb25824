// run_summary.json and layers.json: what other tools and the run list read.
#pragma once

#include <string>
#include <vector>

#include "base/task_words.h"
#include "config/config.h"
#include "session/export_run.h"
#include "session/inspect.h"
#include "session/methods.h"
#include "session/provenance.h"
#include "session/run_folder.h"
#include "session/session.h"
#include "task/task.h"
#include "train/correction_outcome.h"
#include "train/outcome.h"

namespace qat {

// What the correction of a run did. before: of the model it started from, if that was measured.
struct CorrectionFacts {
    CorrectionOutcome outcome;
    std::string images;  // which took part, for people
    std::optional<Metrics> before;
};

// The facts of a run that its summary states.
struct SummaryFacts {
    std::string runId, createdAt;
    std::string device = "cpu";  // that computes: run.device as it was found, cuda:0
    Overrides overrides;         // settings of the command line, before the configuration
    StageGate stageGate;
    std::string checkpoint, checkpointSha256;
    int64_t trainImages = 0, valImages = 0;
    int64_t trainLeftOut = 0, valLeftOut = 0, damagedImages = 0;  // known at the start, and found in decoding
    DataDigest trainData, valData;                                // empty until the data was opened
    const Task* task = &taskNamed(kDetection.name);               // until the load stage knows better
    ModelInfo model;                                              // likewise
    std::vector<std::string> beside;                              // its outputs of OutputRole::Extra
    JobOutcome outcome;
    TrainOutcome training;
    std::optional<CorrectionFacts> correction;
    std::vector<ExportedFile> exported;  // paths relative to the run folder
    std::string repairNote;              // what the stage repair did, "" without it
    bool refused = false;                // a resumed sitting that did not begin: the summary of the one before stays
    std::string status;                  // completed-success, completed-failed, incomplete
    std::string error;
};

void writeSummary(const RunFolder& folder, const Config& config, const SummaryFacts& facts);

// Layers of a description with the keys of LayerInfo.
void writeLayers(const RunFolder& folder, const std::vector<LayerInfo>& layers);

// Collapsed: the last epoch's score is below ratio x the floor's (train/sentinel.h). False without epochs.
bool collapsed(const TrainOutcome& training, double ratio);

// Why training does not pass the gate, as a sentence; "" if it does: it stopped early, collapsed, or (from a network
// that could do something in FP32) stayed at 0 where quantization left next to nothing. gate.collapse_ratio 0 asks for
// neither of the latter two.
std::string stabilityGate(const SummaryFacts& facts, const GateConfig& gate);

}  // namespace qat
