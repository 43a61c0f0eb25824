// Building and training the tiny detector.
#include "train/tiny_detector.h"

#include <ATen/ATen.h>

#include "data/loader.h"
#include "models/detect_head.h"
#include "models/module_builder.h"
#include "quant/calibrate.h"
#include "quant/plan.h"
#include "task/detect_metrics.h"
#include "task/task.h"

namespace qat::test {

namespace {

ModelInfo tinyInfo() {
    ModelInfo info;
    info.architecture = "tiny", info.variant = "t";
    info.numClasses = 6, info.classNames = {"disc", "ring", "square", "triangle", "cross", "star"};
    info.strides = {8, 16, 32}, info.regMax = 4;
    return info;
}

// Maps of three levels, of `width` channels each.
std::vector<ValueId> addTrunk(Graph& graph, ModuleBuilder& builder, int64_t width) {
    ValueId x = graph.addInput("images", {1, 3, -1, -1});
    builder.setChannels(x, 3);
    x = builder.conv("model.0", x, 8, 3, 2);
    x = builder.conv("model.1", x, 8, 3, 2);
    std::vector<ValueId> levels;
    for (int i = 2; i < 5; ++i) levels.push_back(x = builder.conv("model." + std::to_string(i), x, width, 3, 2));
    return levels;
}

}  // namespace

Graph tinyDetector(uint64_t seed, int64_t width) {
    Graph graph;
    graph.info = tinyInfo();
    Random random(seed);
    ModuleBuilder builder(graph, &random);
    const std::vector<ValueId> levels = addTrunk(graph, builder, width);
    addDetectHead(graph, builder, "model.5", levels);
    return graph;
}

Graph tinyTwoHeads(int64_t regMax, uint64_t seed) {
    Graph graph;
    graph.info = tinyInfo();
    graph.info.regMax = regMax, graph.info.head = kOneToOne;
    Random random(seed);
    ModuleBuilder builder(graph, &random);
    const int64_t channels = 4 * regMax + graph.info.numClasses;
    int i = 0;
    for (const ValueId level : addTrunk(graph, builder, 16)) {
        const std::string number = std::to_string(i++);
        const ValueId apart = graph.add("apart." + number, Detach{}, {level});
        builder.setChannels(apart, 16);
        graph.setOutput("head." + number, builder.convWithBias("one." + number, apart, channels, 1, 0.5f),
                        OutputRole::RawHead);
        graph.setOutput("other.head." + number, builder.convWithBias("many." + number, level, channels, 1, 0.5f),
                        OutputRole::OtherRawHead);
    }
    return graph;
}

Graph tinyAnchors(uint64_t seed) {
    Graph graph;
    graph.info = tinyInfo();
    graph.info.anchors = {8, 10, 16, 12, 20, 20, 30, 24, 40, 32, 50, 56};
    Random random(seed);
    ModuleBuilder builder(graph, &random);
    int i = 0;
    for (const ValueId level : addTrunk(graph, builder, 16)) {
        const std::string number = std::to_string(i++);
        graph.setOutput("head." + number, builder.convWithBias("head." + number, level, 2 * 11, 1, 0),
                        OutputRole::RawHead);
    }
    return graph;
}

Config tinyConfig(Quantize quantize) {
    Config config;
    config.data.path = "shapes:train=16,val=4,size=64";
    config.data.imgsz = 64;
    config.run.workers = 1;
    config.train.quantize = quantize != Quantize::None;
    config.train.epochs = 3;
    config.train.batchSize = 4;
    config.train.nominalBatch = 4;
    config.train.lr = 0.01;
    config.train.checkpointEvery = 0;
    config.data.augment = {0, 0, 0, 0, 0, 0, 0, 0};
    config.ema = {.decay = 0.9, .tau = 2, .evaluateRaw = false};
    config.quantization.weight.bitWidth = 4;
    config.quantization.fakeQuantize.eps = 1e-7;  // what random weights make of the images is small
    if (quantize == Quantize::Lsq) config.quantization.fakeQuantize.type = FakeQuantKind::Lsq;
    return config;
}

QuantizerSet insertCalibrated(Graph& graph, const Config& config) {
    const Graph floatGraph = graph.clone(true);
    QuantizerSet set(graph, resolvePlan(graph, config));
    Random random(3);
    at::Tensor images = at::empty({2, 3, 64, 64});
    for (int64_t i = 0; i < images.numel(); ++i) images.data_ptr<float>()[i] = static_cast<float>(random.uniform());
    bool given = false;
    calibrate(
        floatGraph, graph, set, [&] { return std::exchange(given, true) ? at::Tensor() : images; }, [](int64_t) {},
        CancelToken());
    return set;
}

TrainOutcome TinyRun::train(bool resume) {
    graph = network();
    std::optional<QuantizerSet> quantizers;
    if (config.train.quantize) quantizers = insertCalibrated(*graph, config);
    std::filesystem::create_directories(folder / "checkpoint");
    std::filesystem::create_directories(folder / "weights");
    int validations = 0;
    const std::shared_ptr<const Dataset> data =
        openDataset(config.data.path, DataSplit::Train, DataCheck::Strict, labels);
    if (!loss) loss = taskOf(graph->info).makeLoss(*graph, config.train, *data);
    const TrainJob job{.graph = *graph,
                       .loss = *loss,
                       .quantizers = quantizers ? &*quantizers : nullptr,
                       .teacher = teacher ? &*teacher : nullptr,
                       .config = config,
                       .data = data,
                       .checkpointFolder = folder / "checkpoint",
                       .weightsFolder = folder / "weights",
                       .resume = resume,
                       .startScore = startScore,
                       .validate =
                           [&](const Graph& model) {
                               cancel.poll();
                               if (onModel) onModel(model);
                               if (measure) return measure(model);
                               const double score = fitness ? fitness(++validations) : 0.1;
                               return detectMetrics(0, 0, score, score);
                           },
                       .epochDone = [](const TrainOutcome&) {}};
    return qat::train(job, sink, cancel);
}

std::vector<std::pair<std::string, std::string>> storedBytes(const Graph& graph) {
    std::vector<std::pair<std::string, std::string>> stored;
    for (const ValueId id : graph.storedValues()) {
        const at::Tensor plain = graph.value(id).data->detach().contiguous();
        stored.emplace_back(graph.value(id).name,
                            std::string(static_cast<const char*>(plain.data_ptr()), plain.nbytes()));
    }
    return stored;
}

}  // namespace qat::test
