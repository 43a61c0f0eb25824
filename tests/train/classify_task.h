// A second task beside detection, as small as one can be: what a picture shows as a whole.
#pragma once

#include <filesystem>

#include "base/task_words.h"
#include "task/task.h"

namespace qat::test {

class ClassifyTask final : public Task {
public:
    std::string name() const override { return std::string(kClassification.name); }
    // Top-1 accuracy, the primary one, and the mean cross-entropy.
    MetricList metrics() const override;
    MeasuringFacts measuring(const ModelInfo&, const std::vector<std::string>&) const override {
        return {{}, "share of the pictures whose class has the largest logit"};
    }
    LabelKind labels() const override { return LabelKind::Class; }
    // Cross-entropy of the output `logits`, and a penalty of 0.001 on their squares.
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

// Six classes of 64 x 64 pictures, a few thousand weights.
Graph tinyClassifier();

// folder/train/disc/000.png and so on: drawn pictures, each in the folder of its largest object's class.
void writeClassFolders(const std::filesystem::path& folder, int64_t train, int64_t val);

}  // namespace qat::test
