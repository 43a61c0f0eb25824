// Every layer of the trained detector against the reference: statistics of its outputs, and of its folded weights.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/trained.h"
#include "passes/fold_batch_norm.h"
#include "run/executor.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat {
namespace {

// Compares with the stored figures of one tensor; tolerance is a share of its spread.
void expectStatistics(const at::Tensor& tensor, const nlohmann::json& golden, double tolerance,
                      const std::string& name) {
    const at::Tensor x = tensor.contiguous().to(at::kDouble);
    const double std = golden.at("std").get<double>(), allowed = tolerance * std;
    const double count = static_cast<double>(x.numel());
    EXPECT_NEAR(x.mean().item<double>(), golden.at("mean").get<double>(), allowed) << name;
    EXPECT_NEAR(x.std(false).item<double>(), std, allowed) << name;
    EXPECT_NEAR(x.min().item<double>(), golden.at("min").get<double>(), 20 * allowed) << name;
    EXPECT_NEAR(x.max().item<double>(), golden.at("max").get<double>(), 20 * allowed) << name;
    EXPECT_NEAR(x.abs().sum().item<double>() / count, golden.at("abs_sum").get<double>() / count, allowed) << name;
    const auto first = golden.at("first").get<std::vector<double>>();
    for (size_t i = 0; i < first.size(); ++i)
        EXPECT_NEAR(x.flatten()[static_cast<int64_t>(i)].item<double>(), first[i], 20 * allowed) << name;
}

TEST(LayerGolden, OutputsOfEveryConvolutionNormAndActivation) {
    QAT_REQUIRE_ASSETS(assets);
    const Graph graph = test::trainedYolov8n(assets);
    const auto layers = test::readJson(assets / "goldens" / "yolov8n" / "activations.json").at("layers");
    std::map<std::string, at::Tensor> values;
    Executor executor(graph, {.outputs = {"head.0", "head.1", "head.2"}});
    executor.setHook([&](ValueId id, const at::Tensor& value) { values[graph.value(id).name] = value; });
    executor.run(test::goldenInput(assets, "000000000110"));
    int compared = 0;
    for (const auto& [layer, parts] : layers.items())
        for (const auto& [part, golden] : parts.items()) {
            const bool bare = !parts.contains("bn");
            const std::string name = bare ? layer : layer + (part == "out" ? ".act" : "." + part);
            ASSERT_TRUE(values.contains(name)) << name;
            expectStatistics(values[name], golden, 2e-5, name);
            ++compared;
        }
    EXPECT_EQ(compared, 57 * 3 + 6);
}

TEST(LayerGolden, FoldedWeightsAndBiases) {
    QAT_REQUIRE_ASSETS(assets);
    Graph graph = test::trainedYolov8n(assets);
    foldBatchNorm(graph);
    const auto layers = test::readJson(assets / "goldens" / "yolov8n" / "folded.json").at("layers");
    for (const auto& [layer, golden] : layers.items())
        for (const char* part : {"weight", "bias"}) {
            const std::string name = layer + ".conv." + part;
            const auto id = graph.findValue(name);
            ASSERT_TRUE(id.has_value()) << name;
            expectStatistics(*graph.value(*id).data, golden.at(part), 2e-7, name);
        }
    EXPECT_EQ(layers.size(), 57u);
}

}  // namespace
}  // namespace qat
