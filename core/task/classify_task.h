// What a picture shows as a whole.
#pragma once

#include "base/task_words.h"
#include "task/task.h"

namespace qat {

// Of networks whose output `logits` has one number a class.
class ClassifyTask final : public Task {
public:
    std::string name() const override { return std::string(kClassification.name); }
    MetricList metrics() const override;
    MeasuringFacts measuring(const ModelInfo& model, const std::vector<std::string>& beside) const override;
    LabelKind labels() const override { return LabelKind::Class; }
    // train_params.loss. Throws Error{BadInput} for weights of other than the network's classes.
    std::unique_ptr<Loss> makeLoss(const Graph& graph, const TrainConfig& config, const Dataset& data) const override;
    // What is found is the class of the picture, in a box around all of it, with its probability as score.
    Measurement measure(const Graph& graph, Loader& loader, bool keepDetections, const CancelToken& cancel,
                        const std::function<void(int64_t, int64_t)>& progress) const override;
    // 3 for another class, else what the probability lost.
    double difference(const ImageDetections& fp32, const ImageDetections& quantized) const override;
    float weakestShown() const override { return 0; }
    // The same class, with a probability within 0.02.
    std::unique_ptr<ParityMeasure> parity(const ModelInfo& model) const override;
};

}  // namespace qat
