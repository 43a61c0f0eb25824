// Groups, joins and findings of whole detectors, and that every mode of joining ends in a file with the same codes.
#include "session/placement.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "config/config_io.h"
#include "export/runtime_check.h"
#include "models/yolov8.h"
#include "passes/fold_batch_norm.h"
#include "passes/pipeline.h"
#include "quant/calibrate.h"
#include "run/executor.h"
#include "session/code_parity.h"
#include "session/parity_control.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat::test {
namespace {

Config preset(const std::string& name) {
    return loadConfig(std::filesystem::path(QATELIER_SOURCE_RESOURCES).parent_path() / "configs" / name);
}

std::map<std::string, size_t> countRules(const PlacementReport& report, Runtime runtime) {
    std::map<std::string, size_t> rules;
    for (const PlacementFinding& f : report.findings)
        if (f.runtime == runtime) ++rules[f.rule];
    return rules;
}

const GroupInfo& groupOf(const PlacementReport& report, const std::string& name) {
    const auto found = std::ranges::find(report.groups, name, &GroupInfo::name);
    EXPECT_NE(found, report.groups.end()) << name;
    return *found;
}

using Counts = std::map<std::string, size_t>;

TEST(Placement, OfThePresets) {
    const PlacementReport split = describePlacement(preset("w8a8.yaml")),
                          whole = describePlacement(preset("w8a8_tensorrt.yaml"));
    EXPECT_EQ(countRules(split, Runtime::OnnxRuntime), (Counts{{"float-result", 6}, {"float-activation", 57}}))
        << "the last convolutions are decoded in float";
    EXPECT_EQ(countRules(split, Runtime::TensorRt)["split-activation"], 57u);
    EXPECT_EQ(countRules(whole, Runtime::OnnxRuntime), (Counts{{"float-result", 63}}));
    EXPECT_EQ(countRules(whole, Runtime::TensorRt), Counts{}) << "what the preset is for";
}

TEST(Placement, NamesTheMembersOfAGroupAndWhatJoinsThem) {
    Config config = preset("w8a8_tensorrt.yaml");
    const PlacementReport tied = describePlacement(config);
    const GroupInfo group = groupOf(tied, "model.2.cv1.act");
    EXPECT_EQ(group.sources, (std::vector<std::string>{"model.2.cv1.act", "model.2.m.0.cv2.act", "model.2.m.0.add"}));
    EXPECT_EQ(group.readers, (std::vector<std::string>{"model.2.m.0.cv1.conv", "model.2.cv2.conv"}));
    EXPECT_EQ(group.joins, (std::vector<std::string>{"model.2.m.0.add", "model.2.cat"}));
    EXPECT_EQ(group.bits, 8);
    const auto cat = std::ranges::find(tied.joins, "model.2.cat", &JoinInfo::node);
    EXPECT_EQ(cat->mode, "output");
    EXPECT_EQ(cat->output, "model.2.cv1.act");

    config.quantization.scaleGroups = {JoinMode::Requantize, JoinMode::Requantize};
    const PlacementReport apart = describePlacement(config);
    for (const GroupInfo& g : apart.groups) EXPECT_EQ(g.sources.size(), 1u) << g.name;
    EXPECT_TRUE(groupOf(apart, "model.2.m.0.cv2.act").readers.empty());
    const auto requantized = std::ranges::find(apart.joins, "model.2.cat", &JoinInfo::node);
    EXPECT_EQ(requantized->inputs, (std::vector<std::string>{"model.2.cv1.act", "model.2.cv1.act", "model.2.m.0.add"}));
    EXPECT_EQ(requantized->output, "model.2.cat");
    EXPECT_EQ(std::ranges::find(apart.joins, "model.9.cat", &JoinInfo::node), apart.joins.end())
        << "pools of one tensor";
    EXPECT_EQ(countRules(apart, Runtime::TensorRt), (Counts{{"concat-grids", 12}}));
}

TEST(Placement, NamesTheLayersAFindingStandsAt) {
    const PlacementReport report = describePlacement(preset("mixed.yaml"));
    using Names = std::vector<std::string>;
    EXPECT_EQ(report.layersAt.at("images"), Names{"model.0.conv"}) << "nothing is before it, so who reads it";
    EXPECT_EQ(report.layersAt.at("model.0.conv"), Names{"model.0.conv"});
    EXPECT_EQ(report.layersAt.at("model.0.act"), Names{"model.0.conv"});
    EXPECT_EQ(report.layersAt.at("model.2.m.0.cv1.conv.weight"), Names{"model.2.m.0.cv1.conv"});
    EXPECT_EQ(report.layersAt.at("model.2.m.0.add"), (Names{"model.2.cv1.conv", "model.2.m.0.cv2.conv"}));
    for (const PlacementFinding& finding : report.findings)
        EXPECT_FALSE(report.layersAt.at(finding.node).empty()) << finding.node;
}

// A calibrated YOLOv8n.
Graph quantized(const Config& config) {
    Random random(0);
    Graph original = buildYolov8("n", 2, random);
    foldBatchNorm(original);
    Graph graph = original.clone(true);
    QuantizerSet set(graph, resolvePlan(graph, config));
    bool given = false;
    calibrate(
        original, graph, set,
        [&] {
            return std::exchange(given, true) ? at::Tensor() : randomTensor({2, 3, 64, 64}, 1, 0, 1);
        },
        [](int64_t) {}, CancelToken());
    probeShapes(graph, {1, 3, 64, 64});
    return graph;
}

TEST(ParityControl, CountsLayersThatAFileComputesInFloat) {
    EXPECT_EQ(floatLayers(inferenceForm(quantized(preset("w8a8.yaml")))), 0) << "all hand on codes";
    EXPECT_EQ(floatLayers(inferenceForm(quantized(preset("w8a8_tensorrt.yaml")))), 57)
        << "those in front of an activation; the head's last 6 are not rounded again";
}

TEST(ParityControl, MovesResultsByLessThanQuantizing) {
    const Graph graph = quantized(preset("w8a8_tensorrt.yaml"));
    const Graph simulated = inferenceForm(graph), moved = controlForm(graph);
    const at::Tensor image = randomTensor({1, 3, 64, 64}, 5, 0, 1);
    const auto raw = [&](const Graph& form) {
        return Executor(form, {.outputs = {"head.0"}, .frozen = true}).run(image).front();
    };
    const at::Tensor plain = raw(simulated), other = raw(moved);
    const double apart = (plain - other).norm().item<double>() / plain.norm().item<double>();
    EXPECT_GT(apart, 1e-9);
    EXPECT_LT(apart, 0.02);
    EXPECT_FALSE(at::equal(plain, other));
    EXPECT_TRUE(at::equal(plain, raw(inferenceForm(graph)))) << "the graph itself stays";
}

// Integer form and file.
CodeParity parityOf(const Config& config) {
    const Graph graph = quantized(config);
    return compareCodes(graph, randomTensor({1, 3, 64, 64}, 5, 0, 1), CancelToken());
}

struct PlacedCodes : testing::Test {
    Config config = preset("w8a8.yaml");

    void SetUp() override {
        setenv("QATELIER_RESOURCES", QATELIER_SOURCE_RESOURCES, 0);
        if (const std::string missing = missingOnnxRuntime(); !missing.empty()) GTEST_SKIP() << "left out: " << missing;
    }
    void expectTheSame() const {
        const CodeParity parity = parityOf(config);
        EXPECT_TRUE(parity.ran);
        EXPECT_GT(parity.elements(), 100000);
        EXPECT_EQ(parity.different(), 0) << parity.sentence;
    }
};

TEST_F(PlacedCodes, AreThoseOfOnnxRuntimeInEveryMode) {
    for (const ScaleGroupConfig& modes : {ScaleGroupConfig{JoinMode::Output, JoinMode::Output},
                                          {JoinMode::Largest, JoinMode::Largest},
                                          {JoinMode::Requantize, JoinMode::Requantize}}) {
        config.quantization.scaleGroups = modes;
        expectTheSame();
    }
}

TEST_F(PlacedCodes, AreThoseOfOnnxRuntimeOnSignedGrids) {
    config.quantization.activation.dtype = DType::QInt8;
    config.quantization.activation.symmetric = true;
    config.quantization.scaleGroups.concat = JoinMode::Requantize;
    expectTheSame();
}

}  // namespace
}  // namespace qat::test
