// One whole training step as the trainer takes it, on a batch that stays the same: forward, loss, backward, ranges of
// the quantizers, optimizer. Weight averaging and checkpoints are left out.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "graph/graph.h"
#include "quant/quantizer_set.h"
#include "run/executor.h"
#include "train/detection_loss.h"
#include "train/optimizer.h"
#include "train/stabilizer.h"

namespace qat::bench {

enum class StepQuantizers { None, StraightThrough, Learned };

// Surrogate: the sum over the head's maps of the mean of squares, which any framework computes alike.
enum class StepLoss { Detection, Surrogate };

struct StepOptions {
    StepQuantizers quantizers = StepQuantizers::None;
    StepLoss loss = StepLoss::Detection;
    int64_t batch = 4, imgsz = 320;
    int weightBits = 8;                                 // activations have 8
    std::optional<OscillationConfig> oscillation = {};  // what is done about oscillating weights
};

class TrainingStep {
public:
    // Calibrates the quantizers, if there are any, on the batch.
    TrainingStep(Graph graph, const StepOptions& options);
    TrainingStep(const TrainingStep&) = delete;
    TrainingStep& operator=(const TrainingStep&) = delete;

    // Throws Error{Internal} if the loss is not finite.
    void run();

private:
    void insertQuantizers();
    void prepareParameters();
    at::Tensor lossOf(const std::vector<at::Tensor>& maps) const;
    void moveActivationRanges();

    Graph m_graph;
    StepOptions m_options;
    DetectionLossOptions m_lossOptions;
    at::Tensor m_images, m_targets;
    std::optional<QuantizerSet> m_quantizers;
    std::optional<BatchObserver> m_observer;
    std::optional<Optimizer> m_optimizer;
    std::optional<Stabilizer> m_stabilizer;
    std::optional<Executor> m_executor;
};

}  // namespace qat::bench
