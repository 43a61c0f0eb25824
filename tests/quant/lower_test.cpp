// The integer form of a quantized detector: which nodes it has, that fast kernels and plain arithmetic give the same
// bits with any number of threads, and that it is the simulation up to single steps.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "models/yolov8.h"
#include "passes/fold_batch_norm.h"
#include "passes/pipeline.h"
#include "quant/calibrate.h"
#include "run/executor.h"
#include "support/tensors.h"

namespace qat {
namespace {

struct Lowered : testing::Test {
    Random random{0};
    Graph original = buildYolov8("n", 2, random);
    Graph graph;
    Config config;

    at::Tensor images(uint64_t seed) const { return test::randomTensor({2, 3, 64, 96}, seed, 0, 1); }
    void quantize() {
        foldBatchNorm(original);
        graph = original.clone(true);
        QuantizerSet set(graph, resolvePlan(graph, config));
        int given = 0;
        calibrate(
            original, graph, set, [&] { return given++ < 2 ? images(static_cast<uint64_t>(given)) : at::Tensor(); },
            [](int64_t) {}, CancelToken());
    }
    void splitActivations() { config.qat.fusionPatterns = {{".*", {"conv", "bn"}, "fuse_conv_bn"}}; }
    template <class Kind>
    static int64_t count(const Graph& graph) {
        return std::ranges::count_if(graph.order(),
                                     [&](NodeId id) { return std::holds_alternative<Kind>(graph.node(id).op); });
    }
    static int64_t requantizing(const Graph& graph) {
        return std::ranges::count_if(graph.order(), [&](NodeId id) {
            const auto* conv = std::get_if<IntegerConv2d>(&graph.node(id).op);
            return conv && conv->requantize;
        });
    }
    static std::vector<at::Tensor> run(const Graph& graph, const at::Tensor& x, bool frozen) {
        return Executor(graph, {.outputs = {"head.0", "head.1", "head.2", "decoded"}, .frozen = frozen}).run(x);
    }
};

TEST_F(Lowered, ActivationInTheUnitLeavesItInFloat) {
    quantize();
    const Graph lowered = integerForm(graph);
    EXPECT_EQ(count<IntegerConv2d>(lowered), 63);
    EXPECT_EQ(count<Conv2d>(lowered), 1);  // the expectation
    EXPECT_EQ(count<FakeQuantize>(lowered), 0);
    EXPECT_EQ(requantizing(lowered), 0);
    EXPECT_EQ(count<IntegerAdd>(lowered), 6 + 0);
    EXPECT_EQ(count<Quantize>(lowered), 58);  // the image and 57 activations
}

TEST_F(Lowered, ActivationOfItsOwnBecomesATable) {
    splitActivations();
    quantize();
    const Graph lowered = integerForm(graph);
    EXPECT_EQ(requantizing(lowered), 57);
    EXPECT_EQ(count<Lookup>(lowered), 57);
    EXPECT_EQ(count<Quantize>(lowered), 1);
    EXPECT_EQ(count<Activation>(lowered), 1);  // scores of the decoded output
}

TEST_F(Lowered, KernelsAndThreadsChangeNoBit) {
    for (const bool split : {false, true}) {
        if (split) splitActivations();
        original = buildYolov8("n", 2, random);
        quantize();
        const Graph lowered = integerForm(graph);
        const at::Tensor x = images(9);
        const auto plain = run(lowered, x, false), fast = run(lowered, x, true);
        const int threads = at::get_num_threads();
        at::set_num_threads(1);
        const auto alone = run(lowered, x, true);
        at::set_num_threads(threads);
        for (size_t i = 0; i < 3; ++i) {
            EXPECT_TRUE(test::sameBits(plain[i], fast[i]))
                << split << " head " << i << ": " << test::maxDifference(plain[i], fast[i]);
            EXPECT_TRUE(test::sameBits(alone[i], fast[i])) << split << " head " << i;
        }
    }
}

TEST_F(Lowered, IsTheSimulationUpToRounding) {
    for (const bool split : {false, true}) {
        if (split) splitActivations();
        original = buildYolov8("n", 2, random);
        quantize();
        const at::Tensor x = images(9);
        const auto simulated = run(graph, x, false), integers = run(integerForm(graph), x, true);
        for (size_t i = 0; i < 3; ++i) {
            const double power = simulated[i].square().mean().item<double>(),
                         noise = (simulated[i] - integers[i]).square().mean().item<double>();
            EXPECT_LT(noise / power, 1e-3) << split << " head " << i;
        }
    }
}

TEST_F(Lowered, SignedCodesGoTheSameWays) {
    config.quantization.activation.dtype = DType::QInt8;
    config.quantization.activation.symmetric = true;
    for (const bool split : {false, true}) {
        if (split) splitActivations();
        original = buildYolov8("n", 2, random);
        quantize();
        const Graph lowered = integerForm(graph);
        EXPECT_EQ(count<IntegerConv2d>(lowered), 63);
        const at::Tensor x = images(9);
        const auto simulated = run(graph, x, false), plain = run(lowered, x, false), fast = run(lowered, x, true);
        for (size_t i = 0; i < 3; ++i) {
            EXPECT_TRUE(test::sameBits(plain[i], fast[i])) << split << " head " << i;
            const double power = simulated[i].square().mean().item<double>(),
                         noise = (simulated[i] - fast[i]).square().mean().item<double>();
            EXPECT_LT(noise / power, 1e-3) << split << " head " << i;
        }
    }
}

TEST_F(Lowered, WidthsBeyondBytesStayInFloat) {
    config.quantization.activation.bitWidth = 16;
    quantize();
    const Graph lowered = integerForm(graph);
    EXPECT_EQ(count<IntegerConv2d>(lowered), 0);
    const at::Tensor x = images(4);
    const auto simulated = run(graph, x, false), kept = run(lowered, x, false);
    for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(test::sameBits(simulated[i], kept[i]));
}

TEST_F(Lowered, InferenceFormFoldsAndLeavesTheModelAlone) {
    graph = original.clone(true);
    QuantizerSet set(graph, resolvePlan(graph, config));
    int given = 0;
    calibrate(
        original, graph, set, [&] { return given++ < 1 ? images(1) : at::Tensor(); }, [](int64_t) {}, CancelToken());
    const std::string before = dumpGraph(graph);
    const at::Tensor weight = graph.value(*graph.findValue("model.0.conv.weight")).data->clone();
    const Graph form = inferenceForm(graph);
    EXPECT_EQ(count<BatchNorm>(form), 0);
    EXPECT_EQ(count<IntegerConv2d>(form), 63);
    EXPECT_EQ(dumpGraph(graph), before);
    EXPECT_TRUE(at::equal(*graph.value(*graph.findValue("model.0.conv.weight")).data, weight));
    EXPECT_EQ(dumpGraph(parseGraph(dumpGraph(form))), dumpGraph(form));
}

}  // namespace
}  // namespace qat
