// Finding objects: boxes with classes.
#pragma once

#include "base/task_words.h"
#include "eval/post_processing.h"
#include "task/task.h"

namespace qat {

// What a detector measured with these options is said to be measured with: its head, thresholds, post-processing, and
// what it makes beside boxes, which is not scored.
MeasuringFacts detectMeasuring(const ModelInfo& model, const NmsOptions& boxes, const std::vector<std::string>& beside);

class DetectTask final : public Task {
public:
    std::string name() const override { return std::string(kDetection.name); }
    // Of detectMetrics().
    MetricList metrics() const override;
    MeasuringFacts measuring(const ModelInfo& model, const std::vector<std::string>& beside) const override;
    LabelKind labels() const override { return LabelKind::Boxes; }

    // That of the graph's heads, with the gains of train_params.loss_weights and classWeights() for the labels of the
    // data: heads with anchors have YOLOv5's, two heads of an end-to-end detector EndToEndLoss, single heads YOLOv8's
    // with the assignment of what they are.
    std::unique_ptr<Loss> makeLoss(const Graph& graph, const TrainConfig& config, const Dataset& data) const override;

    // evaluate() and detectMetrics().
    Measurement measure(const Graph& graph, Loader& loader, bool keepDetections, const CancelToken& cancel,
                        const std::function<void(int64_t, int64_t)>& progress) const override;

    // Lost and flipped objects count three, a new false alarm one, and what scores lost as much as that.
    double difference(const ImageDetections& fp32, const ImageDetections& quantized) const override;
    float weakestShown() const override { return 0.05f; }
    std::unique_ptr<ParityMeasure> parity(const ModelInfo& model) const override;
};

}  // namespace qat
