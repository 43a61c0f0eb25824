// The trainer's step on a batch that stays the same. Weight averaging, sentinel, reports and checkpoints are left out.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "graph/graph.h"
#include "quant/quantizer_set.h"
#include "train/training_step.h"

namespace qat::bench {

enum class StepQuantizers { None, StraightThrough, Learned };

// Surrogate: the sum over the head's maps of the mean of squares, which any framework computes alike.
enum class StepLossKind { Detection, Surrogate };

struct StepOptions {
    StepQuantizers quantizers = StepQuantizers::None;
    StepLossKind loss = StepLossKind::Detection;
    int64_t batch = 4, imgsz = 320;
    int weightBits = 8;                                 // activations have 8
    std::optional<OscillationConfig> oscillation = {};  // what is done about oscillating weights
};

class MeasuredStep {
public:
    // Calibrates the quantizers, if there are any, on the batch.
    MeasuredStep(Graph graph, const StepOptions& options);
    MeasuredStep(const MeasuredStep&) = delete;
    MeasuredStep& operator=(const MeasuredStep&) = delete;

    // Throws Error{Internal} if the loss is not finite.
    void run();

private:
    void insertQuantizers();

    Graph m_graph;
    StepOptions m_options;
    at::Tensor m_images, m_targets;
    std::unique_ptr<Loss> m_loss;
    std::optional<QuantizerSet> m_quantizers;
    std::optional<Optimizer> m_optimizer;
    std::optional<Stabilizer> m_stabilizer;
    std::optional<TrainingStep> m_step;
};

}  // namespace qat::bench
