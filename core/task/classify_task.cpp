// From logits to a class and its probability.
#include "task/classify_task.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "loss/class_loss.h"
#include "passes/pipeline.h"
#include "run/executor.h"
#include "task/class_weights.h"
#include "task/classify_metrics.h"

namespace qat {
namespace {

constexpr double kSameScore = 0.02;

class ClassParity final : public ParityMeasure {
public:
    void add(const at::Tensor& simulated, const at::Tensor& file) override {
        const at::Tensor ours = at::softmax(simulated.flatten(), 0), theirs = at::softmax(file.flatten(), 0);
        const double difference = (ours - theirs).abs().max().item<double>();
        m_worst = std::max(m_worst, difference);
        m_equal += ours.argmax().equal(theirs.argmax()) && difference <= kSameScore;
        ++m_count;
    }
    ParityFigures figures() const override {
        const double share = static_cast<double>(m_equal) / static_cast<double>(std::max<int64_t>(m_count, 1));
        return {m_count, share, m_worst, str(m_equal, " of ", m_count, " classes equal")};
    }
    at::Tensor scores(const at::Tensor& decoded) const override { return decoded; }

private:
    int64_t m_count = 0, m_equal = 0;
    double m_worst = 0;
};

ImageDetections findingOf(const ImageInfo& info, const at::Tensor& logits) {
    const at::Tensor shares = at::softmax(logits, 0);
    const int64_t best = shares.argmax().item<int64_t>();
    const Box all{0, 0, static_cast<float>(info.width), static_cast<float>(info.height)};
    return {info.path,
            info.width,
            info.height,
            {{all, shares[best].item<float>(), static_cast<int32_t>(best)}},
            {{all, info.pictureClass}}};
}

}  // namespace

MetricList ClassifyTask::metrics() const {
    return ClassTally().metrics().names(name());
}

MeasuringFacts ClassifyTask::measuring(const ModelInfo&, const std::vector<std::string>&) const {
    return {{}, "share of the pictures whose class has the largest logit; quantized models as integers"};
}

std::unique_ptr<Loss> ClassifyTask::makeLoss(const Graph& graph, const TrainConfig& config, const Dataset& data) const {
    const int64_t classes = graph.info.numClasses;
    const bool hinge = config.loss == ClassLossKind::SquaredHinge;
    return std::make_unique<ClassLoss>(
        ClassLossOptions{classes, hinge ? ClassLossForm::SquaredHinge : ClassLossForm::CrossEntropy,
                         config.labelSmoothing, classWeights(config, classes, data), kNoClass});
}

Measurement ClassifyTask::measure(const Graph& graph, Loader& loader, bool keepDetections, const CancelToken& cancel,
                                  const std::function<void(int64_t, int64_t)>& progress) const {
    const Graph runnable = inferenceForm(graph);
    Executor executor(runnable, {.outputs = {decodedOutput(runnable)}, .frozen = true});
    Measurement measured;
    ClassTally tally;
    int64_t batches = 0;
    loader.startEpoch(0);
    while (const auto batch = loader.next()) {
        const at::Tensor logits = executor.run(batch->images).front().flatten(1).cpu();
        tally.add(logits, batch->targets);
        for (size_t i = 0; keepDetections && i < batch->info.size(); ++i)
            measured.detections.push_back(findingOf(batch->info[i], logits[static_cast<int64_t>(i)]));
        if (progress) progress(++batches, loader.batchesPerEpoch());
        cancel.poll();
    }
    measured.images = tally.pictures();
    measured.metrics = tally.metrics();
    return measured;
}

double ClassifyTask::difference(const ImageDetections& fp32, const ImageDetections& quantized) const {
    const Detection &before = fp32.detections.front(), &after = quantized.detections.front();
    return before.classIndex == after.classIndex ? std::max(0.0, double(before.score) - after.score) : 3;
}

std::unique_ptr<ParityMeasure> ClassifyTask::parity(const ModelInfo&) const {
    return std::make_unique<ClassParity>();
}

}  // namespace qat
