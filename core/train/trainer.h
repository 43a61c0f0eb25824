// The training loop: FP32 from scratch or quantization-aware, with averaging, checkpoints and exact resume.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

#include "base/cancel.h"
#include "base/communicator.h"
#include "base/events.h"
#include "config/config.h"
#include "data/dataset.h"
#include "graph/graph.h"
#include "loss/loss.h"
#include "quant/quantizer_set.h"
#include "train/outcome.h"

namespace qat {

struct TrainJob {
    Graph& graph;                        // trained in place
    Loss& loss;                          // of the graph's outputs; hears of every epoch that begins
    QuantizerSet* quantizers = nullptr;  // null: FP32
    const Graph* teacher = nullptr;      // null: no distillation; else one that checkTeacher() accepts
    const Config& config;
    std::shared_ptr<const Dataset> data;
    std::filesystem::path checkpointFolder;  // resumable state
    std::filesystem::path weightsFolder;     // last.safetensors, best.safetensors
    bool resume = false;
    std::optional<double> startScore{};  // of the model that training starts from, if it is known
    // Metrics of a model on the validation split.
    std::function<Metrics(const Graph&)> validate;
    // Called at the end of every epoch with all results so far, and with the weights' oscillation as layer rows.
    std::function<void(const TrainOutcome&)> epochDone;
    Communicator& communicator = SingleProcess::instance();  // of the ranks whose gradients are added
};

// Trains until the configured epochs, early stopping, or a stop request, which ends the batch and writes a checkpoint.
// The first qat_params.float_epochs train and validate the network without its quantizers, which are calibrated anew
// after them; with qat_params.gradual_bits their grids get narrower from epoch to epoch. Fine-tuning epochs follow the
// last one, however it came to be the last: they start from the final model, at the rate the schedule ends with, and
// change neither quantizers nor the statistics of batch norms. A loss that is no longer finite halts training with the
// best model so far (that of the start if there is none), whatever gate.reaction says. On return the graph holds the
// final model: the averaged weights if averaging is on. Throws Error{BadInput} when a checkpoint does not fit,
// Error{Io} when one cannot be written.
TrainOutcome train(const TrainJob& job, EventSink& sink, const CancelToken& cancel);

}  // namespace qat
