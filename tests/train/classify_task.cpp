// Its loss, its figures, and a network and pictures for it.
#include "train/classify_task.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>

#include "base/error.h"
#include "base/random.h"
#include "data/shapes.h"
#include "models/module_builder.h"
#include "run/executor.h"

namespace qat::test {
namespace {

constexpr int64_t kClasses = 6;

at::Tensor entropyOf(const at::Tensor& logits, const at::Tensor& classes) {
    return at::cross_entropy_loss(logits, classes, {}, at::Reduction::Mean, kNoClass);
}

class ClassLoss final : public Loss {
public:
    std::vector<std::string> outputs() const override { return {"logits"}; }
    LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const override {
        const at::Tensor logits = outputs.at(0).flatten(1), entropy = entropyOf(logits, targets);
        const at::Tensor size = 0.001 * logits.pow(2).mean();
        return {(entropy + size) * logits.size(0), {{"ce", entropy.item<double>()}, {"size", size.item<double>()}}};
    }
    std::vector<std::string> settings() const override { return {"cross-entropy with a penalty of 0.001"}; }
};

class ClassParity final : public ParityMeasure {
public:
    void add(const at::Tensor& simulated, const at::Tensor& file) override {
        const at::Tensor ours = at::softmax(simulated.flatten(), 0), theirs = at::softmax(file.flatten(), 0);
        const double difference = (ours - theirs).abs().max().item<double>();
        m_worst = std::max(m_worst, difference);
        m_equal += ours.argmax().equal(theirs.argmax()) && difference <= 0.02;
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

Metrics classMetrics(double top1, double entropy) {
    return {.primary = "accuracy_top1",
            .fitness = top1,
            .values = {{.key = "accuracy_top1", .label = "top-1", .value = top1, .decimals = 3, .headline = true},
                       {.key = "entropy", .label = "entropy", .value = entropy, .decimals = 2}}};
}

}  // namespace

MetricList ClassifyTask::metrics() const {
    return classMetrics(0, 0).names(name());
}

std::unique_ptr<Loss> ClassifyTask::makeLoss(const Graph&, const TrainConfig&, const Dataset&) const {
    return std::make_unique<ClassLoss>();
}

Measurement ClassifyTask::measure(const Graph& graph, Loader& loader, bool keepDetections, const CancelToken& cancel,
                                  const std::function<void(int64_t, int64_t)>& progress) const {
    Executor executor(graph, {.outputs = {decodedOutput(graph)}});
    Measurement measured;
    int64_t right = 0, batches = 0;
    double entropy = 0;
    loader.startEpoch(0);
    while (const auto batch = loader.next()) {
        const at::Tensor logits = executor.run(batch->images).front().flatten(1);
        right += logits.argmax(1).eq(batch->targets).sum().item<int64_t>();
        entropy += entropyOf(logits, batch->targets).item<double>() * static_cast<double>(logits.size(0));
        measured.images += logits.size(0);
        for (size_t i = 0; keepDetections && i < batch->info.size(); ++i)
            measured.detections.push_back(findingOf(batch->info[i], logits[static_cast<int64_t>(i)]));
        if (progress) progress(++batches, loader.batchesPerEpoch());
        cancel.poll();
    }
    const auto count = static_cast<double>(measured.images);
    measured.metrics = classMetrics(static_cast<double>(right) / count, entropy / count);
    return measured;
}

double ClassifyTask::difference(const ImageDetections& fp32, const ImageDetections& quantized) const {
    const Detection &before = fp32.detections.front(), &after = quantized.detections.front();
    return before.classIndex == after.classIndex ? std::max(0.0, double(before.score) - after.score) : 3;
}

std::unique_ptr<ParityMeasure> ClassifyTask::parity(const ModelInfo&) const {
    return std::make_unique<ClassParity>();
}

Graph tinyClassifier() {
    Graph graph;
    graph.info = {"classifier", "t", kClasses, {}, {}, 0};
    graph.info.task = kClassification.name;
    for (int i = 0; i < kShapeClasses; ++i) graph.info.classNames.emplace_back(shapeName(i));
    Random random(1);
    ModuleBuilder builder(graph, &random);
    ValueId x = graph.addInput("images", {1, 3, -1, -1});
    builder.setChannels(x, 3);
    for (int i = 0; i < 3; ++i) x = builder.conv("model." + std::to_string(i), x, 8 << i, 3, 2);
    x = graph.add("pool", Pool{PoolKind::Max, {8, 8}, {8, 8}, {0, 0}}, {x});
    builder.setChannels(x, 32);
    graph.setOutput("logits", builder.convWithBias("classes", x, kClasses, 1, 0), OutputRole::Decoded);
    return graph;
}

void writeClassFolders(const std::filesystem::path& folder, int64_t train, int64_t val) {
    for (const auto& [split, count] : {std::pair(DataSplit::Train, train), std::pair(DataSplit::Val, val)})
        for (int64_t i = 0; i < count; ++i) {
            const Sample sample = drawShapes(0, split, i, 64);
            const auto largest = std::ranges::max_element(sample.labels, {}, [](const auto& l) { return l.w * l.h; });
            const auto place = folder / splitName(split) / shapeName(largest->classIndex);
            std::filesystem::create_directories(place);
            const std::string number = std::to_string(i);
            cv::imwrite((place / (std::string(3 - std::min<size_t>(number.size(), 3), '0') + number + ".png")).string(),
                        sample.image);
        }
}

}  // namespace qat::test
