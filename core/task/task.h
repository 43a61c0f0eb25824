// What a network is for. A task knows what it is trained with, how its outputs are read, and what it is judged by;
// training loop, pipeline, summary and tables know no more of it than this.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "config/config.h"
#include "data/dataset.h"
#include "data/loader.h"
#include "eval/evaluate.h"
#include "graph/graph.h"
#include "loss/loss.h"
#include "task/metrics.h"
#include "task/parity_measure.h"

namespace qat {

struct Measurement {
    Metrics metrics;
    int64_t images = 0;                         // that were looked at
    std::vector<ImageDetections> detections{};  // if kept, what was found where; a class of all of a picture is a box
                                                // around it; loader order
};

// How a summary says that a model was measured.
struct MeasuringFacts {
    std::vector<std::pair<std::string, double>> settings;      // confidence 0.001
    std::string how;                                           // a clause for people
    std::vector<std::pair<std::string, std::string>> words{};  // head one2one
};

class Task {
public:
    virtual ~Task() = default;

    virtual std::string name() const = 0;  // detection, as in ModelInfo::task

    // What measure() measures, by name. It is the run folder's from the start, so that whoever shows the run knows.
    virtual MetricList metrics() const = 0;
    // How it measures such a model, which makes these outputs beside the one that is measured (OutputRole::Extra).
    virtual MeasuringFacts measuring(const ModelInfo& model, const std::vector<std::string>& beside) const = 0;

    // The form of its labels, and so the reader of its data sets.
    virtual LabelKind labels() const = 0;

    // What a model is trained with, for the labels of the data. Throws Error{Unsupported} naming the architecture for
    // heads that have none.
    virtual std::unique_ptr<Loss> makeLoss(const Graph& graph, const TrainConfig& config,
                                           const Dataset& data) const = 0;

    // One epoch of the loader through the graph's inference form, decoded and compared with the labels. progress(done,
    // total) counts batches. Throws Error{Cancelled} on request.
    virtual Measurement measure(const Graph& graph, Loader& loader, bool keepDetections, const CancelToken& cancel,
                                const std::function<void(int64_t, int64_t)>& progress = {}) const = 0;

    // How much quantization changed what is found in an image, 0 for nothing: previews show the largest first.
    virtual double difference(const ImageDetections& fp32, const ImageDetections& quantized) const = 0;
    // The lowest score that is of use to a viewer, 0..1.
    virtual float weakestShown() const = 0;

    // What decides whether an exported file computes what the simulation does.
    virtual std::unique_ptr<ParityMeasure> parity(const ModelInfo& model) const = 0;
};

// By name. Throws Error{Unsupported} for one that nobody here knows.
const Task& taskNamed(std::string_view name);

// What a model is for, as its builder says. Throws as taskNamed.
const Task& taskOf(const ModelInfo& model);

}  // namespace qat
