// One step of training: forward, loss, backward, reduce, update. The trainer, quantization correction and the benchmark
// take it alike; what happens around it (schedule, checkpoints, reports) is theirs.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <vector>

#include "base/communicator.h"
#include "graph/graph.h"
#include "loss/loss.h"
#include "quant/quantizer_set.h"
#include "run/executor.h"
#include "train/distiller.h"
#include "train/ema.h"
#include "train/optimizer.h"
#include "train/stabilizer.h"

namespace qat {

// What a step works on; all of it must outlive the step. Null: there is none.
struct StepParts {
    Graph& graph;
    const Loss& loss;
    Optimizer& optimizer;
    QuantizerSet* quantizers = nullptr;  // their grids follow what they quantize
    Stabilizer* stabilizer = nullptr;
    Distiller* distiller = nullptr;
    Ema* average = nullptr;
    Communicator& communicator = SingleProcess::instance();
};

struct StepMode {
    const Graph* plain = nullptr;  // runs instead of the graph: the same one without quantizers
    bool movesGrids = true;        // observed ranges follow weights and activations
    bool followsNorms = true;      // batch norms use the statistics of the batch and average them
};

struct StepLoss {
    LossTerms terms{};                     // of the task
    double rest = 0;                       // of the task, in no term
    std::optional<double> distillation{};  // with a teacher
    double sum() const { return sumOf(terms) + rest + distillation.value_or(0); }
};

class TrainingStep {
public:
    // Told the range of every observed activation, as soon as it is known.
    using SeeRange = std::function<void(ValueId, float low, float high)>;

    explicit TrainingStep(const StepParts& parts, SeeRange seeRange = {});
    TrainingStep(const TrainingStep&) = delete;
    TrainingStep& operator=(const TrainingStep&) = delete;

    // Of the steps that follow.
    void enter(const StepMode& mode);

    // Images [N, 3, H, W] through the network, on the grids of its weights as they are now.
    void forward(const at::Tensor& images);
    // Of what the last forward() made; targets as Loss::of() takes them.
    StepLoss loss(const at::Tensor& targets);
    // Adds the gradient of the last loss() to that of the parameters; then observed ranges follow the batch, and the
    // next one is quantized with them.
    void backward();
    // Adds the gradients of all ranks. Ranges and statistics of batch norms stay those of the rank.
    void reduce();
    struct Update {
        double gradientNorm = 0;  // over all parameters, before clipping; not finite: nothing was moved
        double dampening = 0;     // loss of oscillating weights, of one image
    };
    // Moves the parameters by the gradients of `images` images of this rank; progress is the share of the training that
    // is done, 0 to 1.
    Update update(const StepSettings& settings, double progress, int64_t images);
    // What follows the parameters: weights frozen on their codes, and the average.
    void follow(double progress);

    // Forgets the gradients and ranges of batches that no update() has used.
    void drop();

private:
    bool movesGrids() const { return m_parts.quantizers && m_mode.movesGrids && !m_mode.plain; }
    Stabilizer* stabilizer() const { return m_mode.plain ? nullptr : m_parts.stabilizer; }
    void moveActivationRanges();
    void forgetBatch();

    StepParts m_parts;
    SeeRange m_seeRange;
    StepMode m_mode;
    std::optional<BatchObserver> m_observer;
    std::optional<Executor> m_executor;
    at::Tensor m_images, m_total;  // of the batch, and what backward() goes back from
    std::vector<at::Tensor> m_outputs, m_features;
};

}  // namespace qat
