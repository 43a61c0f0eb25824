// Its loss, its figures, and a network for it.
#include "train/classify_task.h"

#include <ATen/ATen.h>

#include "base/random.h"
#include "models/module_builder.h"
#include "run/executor.h"

namespace qat::test {
namespace {

constexpr int64_t kClasses = 6;

at::Tensor classesOf(const at::Tensor& targets, int64_t pictures) {
    at::Tensor classes = at::zeros({pictures}, at::kLong), areas = at::zeros({pictures});
    const auto rows = targets.accessor<float, 2>();
    for (int64_t i = 0; i < targets.size(0); ++i) {
        const auto picture = static_cast<int64_t>(rows[i][0]);
        const float area = rows[i][4] * rows[i][5];
        if (area <= areas[picture].item<float>()) continue;
        areas[picture] = area;
        classes[picture] = static_cast<int64_t>(rows[i][1]);
    }
    return classes;
}

class ClassLoss final : public Loss {
public:
    std::vector<std::string> outputs() const override { return {"logits"}; }
    LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const override {
        const at::Tensor logits = outputs.at(0).flatten(1);
        const at::Tensor entropy = at::cross_entropy_loss(logits, classesOf(targets, logits.size(0)));
        const at::Tensor size = 0.001 * logits.pow(2).mean();
        return {(entropy + size) * logits.size(0), {{"ce", entropy.item<double>()}, {"size", size.item<double>()}}};
    }
    std::vector<std::string> settings() const override { return {"cross-entropy with a penalty of 0.001"}; }
};

}  // namespace

std::unique_ptr<Loss> ClassifyTask::makeLoss(const Graph&, const TrainConfig&, const Dataset&) const {
    return std::make_unique<ClassLoss>();
}

Measurement ClassifyTask::measure(const Graph& graph, Loader& loader, bool, const CancelToken& cancel,
                                  const std::function<void(int64_t, int64_t)>& progress) const {
    Executor executor(graph, {.outputs = {"logits"}});
    int64_t images = 0, right = 0, batches = 0;
    double entropy = 0;
    loader.startEpoch(0);
    while (const auto batch = loader.next()) {
        const at::Tensor logits = executor.run(batch->images).front().flatten(1);
        const at::Tensor classes = classesOf(batch->targets, logits.size(0));
        right += logits.argmax(1).eq(classes).sum().item<int64_t>();
        entropy += at::cross_entropy_loss(logits, classes).item<double>() * static_cast<double>(logits.size(0));
        images += logits.size(0);
        if (progress) progress(++batches, loader.batchesPerEpoch());
        cancel.poll();
    }
    const auto count = static_cast<double>(images), top1 = static_cast<double>(right) / count;
    const Metrics metrics{.primary = "accuracy_top1",
                          .fitness = top1,
                          .values = {{.key = "accuracy_top1", .label = "top-1", .value = top1, .headline = true},
                                     {.key = "entropy", .label = "entropy", .value = entropy / count, .decimals = 3}}};
    return {metrics, images};
}

Graph tinyClassifier() {
    Graph graph;
    graph.info = {"classifier", "t", kClasses, std::vector<std::string>(kClasses, "?"), {}, 0};
    Random random(1);
    ModuleBuilder builder(graph, &random);
    ValueId x = graph.addInput("images", {1, 3, -1, -1});
    builder.setChannels(x, 3);
    for (int i = 0; i < 3; ++i) x = builder.conv("model." + std::to_string(i), x, 8 << i, 3, 2);
    x = graph.add("pool", Pool{PoolKind::Max, {8, 8}, {8, 8}, {0, 0}}, {x});
    builder.setChannels(x, 32);
    graph.setOutput("logits", builder.convWithBias("classes", x, kClasses, 1, 0));
    return graph;
}

}  // namespace qat::test
