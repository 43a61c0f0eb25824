// Inference at 640 x 640 up to the decoded boxes and scores, in milliseconds an image: in float, and with 8 bits on
// integers (activations in the convolution's unit, or as tables of their own).
#include <ATen/ATen.h>

#include <memory>

#include "benches.h"
#include "passes/pipeline.h"
#include "quant/calibrate.h"
#include "run/executor.h"
#include "subject.h"

namespace qat::bench {
namespace {

struct Detector {
    Graph graph;
    Executor executor;
    explicit Detector(Graph model)
        : graph(std::move(model)), executor(graph, {.outputs = {decodedOutput(graph)}, .frozen = true}) {}
};

Graph onIntegers(const Settings& settings, bool tables) {
    Graph original = subjectModel(settings, true), graph = original.clone(true);
    Config config = w8a8(false);
    if (tables) config.qat.fusionPatterns = {{".*", {"conv", "bn"}, "fuse_conv_bn"}};
    QuantizerSet set(graph, resolvePlan(graph, config));
    calibrate(
        original, graph, set, once(noiseImages(1, 640)), [](int64_t) {}, CancelToken());
    return integerForm(graph);
}

Contender integers(const Settings& settings, bool tables) {
    return {tables ? "inference.int8" : "inference.int8_unit", "inference.b1", Unit{"ms/image", 0, 1.0}, [=] {
                const auto detector = std::make_shared<Detector>(onIntegers(settings, tables));
                return [detector, images = noiseImages(1, 640)] { detector->executor.run(images); };
            }};
}

Contender batchOf(const Settings& settings, int64_t batch, const std::string& baseline) {
    const Unit unit{"ms/image", 0, 1.0 / static_cast<double>(batch)};
    return {"inference.b" + std::to_string(batch), baseline, unit, [=] {
                const auto detector = std::make_shared<Detector>(subjectModel(settings, true));
                return [detector, images = noiseImages(batch, 640)] { detector->executor.run(images); };
            }};
}

}  // namespace

void benchInference(const Settings& settings, Table& table) {
    compare(settings, {2, 11},
            {batchOf(settings, 1, ""), batchOf(settings, 16, ""), integers(settings, false), integers(settings, true)},
            table);
}

}  // namespace qat::bench
