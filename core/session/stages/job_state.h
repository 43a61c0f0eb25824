// What the stages of one job share. A stage's row (stage.h) says which parts of it the stage reads and writes.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "data/dataset.h"
#include "eval/evaluate.h"
#include "quant/plan.h"
#include "quant/quantizer_set.h"
#include "session/event_log.h"
#include "session/run_folder.h"
#include "session/session.h"
#include "session/summary.h"

namespace qat {

struct JobState {
    const JobRequest& request;
    Config config;  // with the widths that a search chose
    const RunFolder folder;
    EventLog& log;
    const CancelToken& cancel;
    SummaryFacts facts{};
    bool stopped = false;  // a stage ended early, on request

    std::shared_ptr<const Dataset> train{}, val{};
    Graph floatModel{};              // what FP32 means in this run
    Graph model{};                   // what is calibrated, trained, exported
    std::optional<Graph> teacher{};  // of distillation
    QuantPlan plan{};
    std::optional<QuantizerSet> quantizers{};
    std::vector<ImageDetections> floatDetections{};
    std::optional<JobOutcome::Accuracy> reestimated{};  // of the model after that stage

    std::set<std::string> done{};  // stages, and parts of `analyze`, that are finished
    bool widthsChosen = false;     // by an earlier sitting
};

}  // namespace qat
