// A second task beside detection, as small as one can be: a picture's class is that of its largest object.
#pragma once

#include "task/task.h"

namespace qat::test {

class ClassifyTask final : public Task {
public:
    std::string name() const override { return "classification"; }
    // Cross-entropy of the output `logits`, and a penalty of 0.001 on their squares.
    std::unique_ptr<Loss> makeLoss(const Graph& graph, const TrainConfig& config, const Dataset& data) const override;
    // Top-1 accuracy, the primary one, and the mean cross-entropy.
    Measurement measure(const Graph& graph, Loader& loader, bool keepDetections, const CancelToken& cancel,
                        const std::function<void(int64_t, int64_t)>& progress) const override;
};

// Six classes of 64 x 64 pictures, a few thousand weights.
Graph tinyClassifier();

}  // namespace qat::test
