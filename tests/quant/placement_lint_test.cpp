// Every rule on a graph that breaks it and on one that does not.
#include "quant/placement_lint.h"

#include <gtest/gtest.h>

#include <map>

#include "export/sketch.h"

namespace qat {
namespace {

using test::Sketch;
using Names = std::vector<std::string>;

// a and b with activations, c after them, as the graph's output. between: drawn between a's activation and b.
Graph chain(ActivationKind first, const std::function<ValueId(Sketch&, ValueId)>& between = {}) {
    Sketch sketch({1, 8, 16, 16});
    Graph& graph = sketch.graph;
    ValueId x = graph.add("a.act", Activation{first}, {sketch.conv("a", sketch.input(), {.in = 8, .out = 8})});
    if (between) x = between(sketch, x);
    x = graph.add("b.act", Activation{ActivationKind::Relu}, {sketch.conv("b", x, {.in = 8, .out = 8})});
    return sketch.finish("decoded", sketch.conv("c", x, {.in = 8, .out = 8}));
}
Graph plain() {
    return chain(ActivationKind::Silu);
}

// a, behind its activation or not, plus p; q reads p and b the sum, through `behind`.
Graph sumOf(bool activated, const std::optional<ActivationKind>& behind) {
    Sketch sketch({1, 8, 16, 16});
    Graph& graph = sketch.graph;
    ValueId a = sketch.conv("a", sketch.input(), {.in = 8, .out = 8});
    if (activated) a = graph.add("a.act", Activation{}, {a});
    const ValueId p = graph.add("p.act", Activation{}, {sketch.conv("p", sketch.input(), {.in = 8, .out = 8})});
    ValueId sum = graph.add("sum", Binary{BinaryKind::Add}, {a, p});
    if (behind) sum = graph.add("sum.act", Activation{*behind}, {sum});
    graph.setOutput("other", sketch.conv("q", p, {.in = 8, .out = 8}));
    return sketch.finish("decoded", sketch.conv("b", sum, {.in = 8, .out = 8}));
}

Graph concatenated() {
    Sketch sketch({1, 8, 16, 16});
    std::vector<ValueId> parts;
    for (const char* name : {"p", "q"})
        parts.push_back(sketch.graph.add(std::string(name) + ".act", Activation{},
                                         {sketch.conv(name, sketch.input(), {.in = 8, .out = 8})}));
    return sketch.finish("decoded", sketch.conv("b", sketch.graph.add("cat", Concat{1}, parts), {.in = 16, .out = 8}));
}

struct PlacementLint : testing::Test {
    Config config;  // what TensorRT likes

    PlacementLint() {
        config.quantization.activation.symmetric = true;
        config.quantization.activation.dtype = DType::QInt8;
    }
    // Nodes of each rule.
    std::map<std::string, Names> find(const Graph& graph, Runtime runtime) const {
        std::map<std::string, Names> rules;
        for (const PlacementFinding& f : lintPlacement(graph, resolvePlan(graph, config), runtime)) {
            EXPECT_EQ(f.runtime, runtime);
            EXPECT_TRUE(f.sentence.ends_with('.')) << f.sentence;
            rules[f.rule].push_back(f.node);
        }
        return rules;
    }
    Names names(const char* rule, const Graph& graph, Runtime runtime) const {
        const auto rules = find(graph, runtime);
        const auto found = rules.find(rule);
        return found == rules.end() ? Names{} : found->second;
    }
    Names tensorRt(const char* rule, const Graph& graph) const { return names(rule, graph, Runtime::TensorRt); }
    Names onnx(const char* rule, const Graph& graph) const { return names(rule, graph, Runtime::OnnxRuntime); }
    Names both(const char* rule, const Graph& graph) const {
        const Names one = tensorRt(rule, graph);
        EXPECT_EQ(one, onnx(rule, graph)) << rule;
        return one;
    }
    LayerConfig& entry(const std::string& pattern) {
        config.quantization.layerConfigs.emplace_back();
        config.quantization.layerConfigs.back().pattern = pattern;
        return config.quantization.layerConfigs.back();
    }
};

const Names kAllTensors{"images", "a.act", "b.act"};
const Names kAllWeights{"a.weight", "b.weight", "c.weight"};
const Names kAllLayers{"a", "b", "c"};

TEST_F(PlacementLint, SymmetricUnitsSuitTensorRt) {
    EXPECT_TRUE(find(plain(), Runtime::TensorRt).empty());
}

TEST_F(PlacementLint, ZeroPointsAndTypes) {
    config.quantization.activation = TensorQuantConfig::activationDefaults();
    EXPECT_EQ(tensorRt("zero-point", plain()), kAllTensors);
    EXPECT_TRUE(tensorRt("unsigned", plain()).empty()) << "said once";
    EXPECT_TRUE(onnx("zero-point", plain()).empty());
    config.quantization.activation.symmetric = true;
    EXPECT_TRUE(tensorRt("zero-point", plain()).empty());
    EXPECT_EQ(tensorRt("unsigned", plain()), kAllTensors);
    config.quantization.weight.symmetric = false;
    EXPECT_EQ(tensorRt("weight-zero-point", plain()), kAllWeights);
}

TEST_F(PlacementLint, Granularity) {
    for (const char* rule : {"channel-scales", "weight-axis", "weight-groups"})
        EXPECT_TRUE(both(rule, plain()).empty()) << rule;
    config.quantization.activation.scheme = Scheme::PerChannel;
    EXPECT_EQ(both("channel-scales", plain()), kAllTensors);
    EXPECT_EQ(both("float-input", plain()), kAllLayers);
    const auto refused = [&](Runtime runtime) {
        const Graph graph = plain();
        return refusals(lintPlacement(graph, resolvePlan(graph, config), runtime), runtime);
    };
    EXPECT_TRUE(refused(Runtime::OnnxRuntime).empty()) << "a convolution that reads channel scales runs in float";
    config.quantization.activation.scheme = Scheme::PerTensor;
    LayerConfig last;
    last.pattern = "^c$";
    last.activation.scheme = Scheme::PerChannel;
    config.quantization.layerConfigs = {last};
    EXPECT_EQ(onnx("channel-result", plain()), (Names{"b"}))
        << "it reads bytes, and its rectifier is part of the operator";
    ASSERT_EQ(refused(Runtime::OnnxRuntime).size(), 1u);
    EXPECT_EQ(refused(Runtime::OnnxRuntime)[0],
              "ONNX Runtime will refuse the exported file: A convolution of bytes and the quantizer of its result "
              "become one operator, whose result has one scale and not one a "
              "channel: set quantization.activation.scheme to per_tensor. Concerned: b");
    config.quantization.layerConfigs.clear();
    EXPECT_TRUE(refused(Runtime::OnnxRuntime).empty());
    config.quantization.weight.channelAxis = 1;
    EXPECT_EQ(both("weight-axis", plain()), kAllWeights);
    config.quantization.weight.scheme = Scheme::PerGroup;
    config.quantization.weight.groupSize = 8;
    EXPECT_EQ(both("weight-groups", plain()), kAllWeights);
}

TEST_F(PlacementLint, Formats) {
    for (const char* rule : {"float8", "number-format"}) EXPECT_TRUE(both(rule, plain()).empty()) << rule;
    config.quantization.weight.dtype = DType::Float8E4m3;
    EXPECT_EQ(both("float8", plain()), kAllWeights);
    config.quantization.weight.dtype = DType::QInt8;
    config.quantization.activation.dtype = DType::Float16;
    EXPECT_EQ(both("number-format", plain()), kAllTensors);
}

TEST_F(PlacementLint, Widths) {
    for (const char* rule : {"width", "weight-width", "clip", "narrow-weight", "float-input"})
        EXPECT_TRUE(both(rule, plain()).empty()) << rule;
    entry("^b$").activation.bitWidth = 16;
    EXPECT_EQ(both("width", plain()), Names{"a.act"});
    EXPECT_EQ(both("float-input", plain()), Names{"b"});
    config.quantization.layerConfigs.back().activation.bitWidth = 4;
    EXPECT_EQ(both("clip", plain()), Names{"a.act"});
    config.quantization.layerConfigs.back().weight.bitWidth = 4;
    EXPECT_EQ(both("narrow-weight", plain()), Names{"b.weight"});
    config.quantization.layerConfigs.back().weight.bitWidth = 12;
    EXPECT_EQ(both("weight-width", plain()), Names{"b.weight"});
    config.quantization.layerConfigs.clear();
    config.quantization.activation.narrowRange = true;
    EXPECT_EQ(both("clip", plain()), kAllTensors) << "-127 to 127";
}

TEST_F(PlacementLint, TransposedConvolutionsHaveTheirScalesAlongTheirOutputsAndNoIntegerKernel) {
    const Graph graph = chain(ActivationKind::Relu, [](Sketch& sketch, ValueId x) {
        return sketch.graph.add("t", ConvTranspose2d{.stride = {2, 2}},
                                {x, sketch.parameter("t.weight", {8, 8, 2, 2}, -1, 1)});
    });
    EXPECT_TRUE(both("weight-axis", graph).empty());
    EXPECT_EQ(onnx("transposed", graph), Names{"t"});
    EXPECT_TRUE(tensorRt("transposed", graph).empty());
    config.quantization.weight.channelAxis = 1;
    EXPECT_EQ(both("weight-axis", graph), (Names{"a.weight", "t.weight", "b.weight", "c.weight"}));
}

TEST_F(PlacementLint, ActivationsInTheUnitOrNot) {
    EXPECT_TRUE(tensorRt("split-activation", plain()).empty());
    EXPECT_TRUE(onnx("float-activation", plain()).empty());
    EXPECT_EQ(onnx("float-result", plain()), (Names{"a", "c"}))
        << "a rectifier may stand in between, SiLU not; nobody quantizes the output";
    config.qat.fusionPatterns = {{".*", {"conv", "bn"}, ""}};
    EXPECT_EQ(tensorRt("split-activation", plain()), (Names{"a", "b"}));
    EXPECT_EQ(onnx("float-activation", plain()), Names{"a.act"});
    EXPECT_EQ(onnx("float-result", plain()), Names{"c"});
}

TEST_F(PlacementLint, TypesThatDoNotGoTogether) {
    const Graph graph = chain(ActivationKind::Relu);
    for (const char* rule : {"mixed-types", "weight-type"}) EXPECT_TRUE(onnx(rule, graph).empty()) << rule;
    entry("^c$").activation.dtype = DType::QUInt8;
    EXPECT_EQ(onnx("mixed-types", graph), Names{"b"});
    entry("^b$").weight.dtype = DType::QUInt8;
    EXPECT_EQ(onnx("weight-type", graph), Names{"b"});
}

TEST_F(PlacementLint, IslandsOfFloat) {
    const Graph pooled =
        chain(ActivationKind::Silu, [](Sketch& s, ValueId x) { return s.graph.add("pool", Pool{}, {x}); });
    for (const char* rule : {"float-layer", "float-move"}) EXPECT_TRUE(both(rule, pooled).empty()) << rule;
    entry("^b$").skip = true;
    EXPECT_EQ(both("float-layer", pooled), Names{"b"});
    EXPECT_EQ(both("float-move", pooled), Names{"pool"});
    config.quantization.layerConfigs.clear();
    entry("^a$").skip = true;
    EXPECT_TRUE(both("float-layer", pooled).empty()) << "at the edge";
}

TEST_F(PlacementLint, SourcesOnDifferentGrids) {
    EXPECT_TRUE(both("concat-grids", concatenated()).empty());
    config.quantization.scaleGroups.concat = JoinMode::Requantize;
    EXPECT_EQ(both("concat-grids", concatenated()), Names{"cat"});
}

TEST_F(PlacementLint, Sums) {
    EXPECT_EQ(tensorRt("residual-branch", sumOf(false, std::nullopt)), Names{"a"});
    EXPECT_TRUE(tensorRt("residual-branch", sumOf(true, std::nullopt)).empty());
    EXPECT_TRUE(onnx("float-sum", sumOf(true, std::nullopt)).empty());
    EXPECT_TRUE(onnx("float-sum", sumOf(true, ActivationKind::Relu)).empty());
    EXPECT_EQ(onnx("float-sum", sumOf(true, ActivationKind::Silu)), Names{"sum"});
}

TEST_F(PlacementLint, LeavesTheGraphAlone) {
    const Graph graph = plain();
    const std::string before = dumpGraph(graph);
    find(graph, Runtime::TensorRt);
    EXPECT_EQ(dumpGraph(graph), before);
}

}  // namespace
}  // namespace qat
