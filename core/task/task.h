// What a network is for. A task knows what it is trained with, how its outputs are read, and what it is judged by;
// training loop, pipeline, summary and tables know no more of it than this.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "config/config.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "eval/evaluate.h"
#include "graph/graph.h"
#include "loss/loss.h"
#include "task/metrics.h"

namespace qat {

struct Measurement {
    Metrics metrics;
    int64_t images = 0;                         // that were looked at
    std::vector<ImageDetections> detections{};  // if kept, of tasks that find boxes; loader order
};

class Task {
public:
    virtual ~Task() = default;

    virtual std::string name() const = 0;  // detection

    // What a model is trained with, for the labels of the data. Throws Error{Unsupported} naming the architecture for
    // heads that have none.
    virtual std::unique_ptr<Loss> makeLoss(const Graph& graph, const TrainConfig& config,
                                           const Dataset& data) const = 0;

    // One epoch of the loader through the graph's inference form, decoded and compared with the labels. progress(done,
    // total) counts batches. Throws Error{Cancelled} on request.
    virtual Measurement measure(const Graph& graph, Loader& loader, bool keepDetections, const CancelToken& cancel,
                                const std::function<void(int64_t, int64_t)>& progress = {}) const = 0;
};

// The task of a model, by its head. Throws Error{Unsupported} naming the architecture of a model that has none.
const Task& taskOf(const ModelInfo& model);

}  // namespace qat
