// The one pipeline of passes: order, what it tells, and that it verifies after each pass.
#include "passes/pipeline.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "run/executor.h"
#include "run/sample_graphs.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::addNorm;
using test::addQuantizer;
using test::randomParameter;
using test::randomTensor;

constexpr int64_t kChannels = 8;

// images -> quantizer -> conv (quantized weight, its scale as a logarithm) -> bn -> quantizer -> out
Graph learnedGraph() {
    Graph graph;
    const ValueId x = addQuantizer(graph, "x", graph.addInput("images", {1, 3, 8, 8}), FakeQuantMode::Ste, 0.01f, 0);
    const ValueId weight = randomParameter(graph, "c.weight", {kChannels, 3, 3, 3}, 1, -0.5, 0.5);
    const auto stored = [](at::Tensor tensor) { return std::make_shared<at::Tensor>(std::move(tensor)); };
    const ValueId scale = graph.addParameter("c.weight.scale", stored(at::full({kChannels}, -5.5)), {kChannels});
    const ValueId zero = graph.addBuffer("c.weight.zero_point", stored(at::zeros({kChannels})), {kChannels});
    FakeQuantize op{FakeQuantMode::Lsq, 8, -127, 127, 0, 1.0, true};
    op.scaleForm = ScaleForm::Log2;
    const ValueId w = graph.add("c.weight.quant", op, {weight, scale, zero});
    const ValueId y = graph.add("c", Conv2d{{1, 1}, {1, 1}, {1, 1}, 1}, {x, w});
    graph.setOutput("out",
                    addQuantizer(graph, "y", addNorm(graph, "c", y, kChannels, 4), FakeQuantMode::Ste, 0.05f, 0));
    return graph;
}

at::Tensor outputOf(const Graph& graph) {
    return Executor(graph, {.outputs = {"out"}}).run(randomTensor({1, 3, 8, 8}, 3))[0];
}

TEST(PassPipeline, EveryPassSaysWhyItStandsWhereItDoes) {
    std::set<std::string_view> names;
    for (const Pass& pass : passes()) {
        EXPECT_TRUE(names.insert(pass.name).second) << pass.name;
        EXPECT_GT(pass.place.size(), 20u) << pass.name;
    }
    EXPECT_EQ(names.size(), 7u);
}

TEST(PassPipeline, RunsTheWantedPassesInItsOwnOrderAndTellsOfThem) {
    Graph graph = learnedGraph();
    const at::Tensor before = outputOf(graph);
    const PassResults results =
        runPasses(graph, PassId::LowerToIntegers | PassId::FoldBatchNorms | PassId::CanonicalizeQuantizers);
    std::vector<std::string_view> order;
    for (const PassRun& run : results.runs) {
        order.push_back(run.pass);
        EXPECT_GT(run.seconds, 0);
    }
    EXPECT_EQ(order,
              (std::vector<std::string_view>{"canonicalize_quantizers", "fold_batch_norms", "lower_to_integers"}));
    EXPECT_EQ(results.changesOf(PassId::CanonicalizeQuantizers), 1) << "the others are plain already";
    EXPECT_EQ(results.changesOf(PassId::FoldBatchNorms), 1);
    EXPECT_EQ(results.changesOf(PassId::EqualizeLayers), 0) << "nobody asked for it";
    EXPECT_FALSE(results.codes.empty());
    EXPECT_LT(test::relativeDifference(outputOf(graph), before), 2e-2)
        << "a code of the output may round the other way";
}

TEST(PassPipeline, WhatRunsBeforeSettlingIsRefused) {
    Graph unsettled = learnedGraph();
    EXPECT_THROW(runPasses(unsettled, PassId::FoldBatchNorms), Error);
    EXPECT_THROW(runPasses(unsettled, PassId::LowerToIntegers), Error);
    EXPECT_NO_THROW(runPasses(unsettled, kFilePasses));
}

TEST(PassPipeline, AnUnsoundGraphIsFoundAfterThePassThatLeavesIt) {
    Graph graph = learnedGraph();
    const NodeId conv = *graph.findNode("c");
    graph.node(conv).inputs[0] = graph.node(graph.order().back()).outputs.front();
    try {
        runPasses(graph, PassId::CanonicalizeQuantizers);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Internal);
        const std::string text = error.what();
        EXPECT_NE(text.find("after the pass canonicalize_quantizers"), std::string::npos) << text;
        EXPECT_NE(text.find("node c reads"), std::string::npos) << text;
    }
}

TEST(PassPipeline, TheInferenceFormLeavesTheGivenGraphAlone) {
    const Graph graph = learnedGraph();
    const std::string dump = dumpGraph(graph);
    const at::Tensor before = outputOf(graph);
    const Graph form = inferenceForm(graph);
    EXPECT_EQ(dumpGraph(graph), dump);
    EXPECT_TRUE(at::equal(outputOf(graph), before));
    EXPECT_FALSE(form.findNode("c.bn").has_value());
}

}  // namespace
}  // namespace qat
