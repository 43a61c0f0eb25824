// Finding objects: boxes with classes.
#pragma once

#include "task/task.h"

namespace qat {

class DetectTask final : public Task {
public:
    std::string name() const override { return "detection"; }

    // That of the graph's head: anchor-free detection heads (strides and bins of box sides) have YOLOv8's, with the
    // gains of train_params.loss_weights and classWeights() for the labels of the data.
    std::unique_ptr<Loss> makeLoss(const Graph& graph, const TrainConfig& config, const Dataset& data) const override;

    // evaluate() and detectMetrics().
    Measurement measure(const Graph& graph, Loader& loader, bool keepDetections, const CancelToken& cancel,
                        const std::function<void(int64_t, int64_t)>& progress) const override;
};

}  // namespace qat
