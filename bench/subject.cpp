// Building the subject.
#include "subject.h"

#include <ATen/ATen.h>

#include "base/random.h"
#include "models/yolov8.h"
#include "passes/fold_batch_norm.h"
#include "run/executor.h"
#include "session/model_source.h"

namespace qat::bench {
namespace {

constexpr int64_t kBoxesPerImage = 8;

void setMomentum(Graph& graph, double momentum) {
    for (const NodeId id : graph.order())
        if (auto* norm = std::get_if<BatchNorm>(&graph.node(id).op)) norm->momentum = momentum;
}

// Lets the running statistics be those of a batch of noise. With the initial ones signals fade from layer to layer, and
// what quantization does to them is lost in rounding.
void normalizeSignals(Graph& graph) {
    const double usual = BatchNorm().momentum;
    setMomentum(graph, 1.0);
    Executor(graph, {.outputs = headOutputs(graph), .train = true}).run(noiseImages(2, 320));
    setMomentum(graph, usual);
}

Graph chosenModel(const Settings& settings) {
    if (!settings.model.empty()) return openModel(settings.model).graph;
    Random random(0);
    Graph graph = buildYolov8("n", 80, random);
    normalizeSignals(graph);
    return graph;
}

}  // namespace

Graph subjectModel(const Settings& settings, bool foldNorms) {
    Graph graph = chosenModel(settings);
    if (foldNorms) foldBatchNorm(graph);
    return graph;
}

at::Tensor noise(const Shape& shape, uint64_t seed) {
    at::Tensor x = at::empty(shape);
    Random random(seed);
    float* values = x.data_ptr<float>();
    for (int64_t i = 0; i < x.numel(); ++i) values[i] = static_cast<float>(random.uniform());
    return shape.size() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
}

at::Tensor noiseImages(int64_t count, int64_t size) {
    return noise({count, 3, size, size}, 1);
}

at::Tensor madeUpTargets(int64_t images, int64_t numClasses) {
    at::Tensor targets = at::empty({images * kBoxesPerImage, 6});
    Random random(2);
    float* row = targets.data_ptr<float>();
    for (int64_t i = 0; i < targets.size(0); ++i, row += 6) {
        const double width = random.uniform(0.05, 0.5), height = random.uniform(0.05, 0.5);
        row[0] = static_cast<float>(i / kBoxesPerImage);
        row[1] = static_cast<float>(random.below(numClasses));
        row[2] = static_cast<float>(random.uniform(width / 2, 1 - width / 2));
        row[3] = static_cast<float>(random.uniform(height / 2, 1 - height / 2));
        row[4] = static_cast<float>(width);
        row[5] = static_cast<float>(height);
    }
    return targets;
}

Config w8a8(bool learned) {
    Config config;
    config.qat.useLsq = learned;
    if (learned) config.quantization.fakeQuantize.type = FakeQuantKind::Lsq;
    return config;
}

std::function<at::Tensor()> once(const at::Tensor& images) {
    return [images, given = false]() mutable { return std::exchange(given, true) ? at::Tensor() : images; };
}

}  // namespace qat::bench
