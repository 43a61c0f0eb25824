// Graphs on a device against the portable path on the processor: forward, backward, ranges, one step of a sweep.
#include <gtest/gtest.h>

#include <map>

#include "analysis/sensitivity.h"
#include "graph/device.h"
#include "passes/pipeline.h"
#include "quant/plan.h"
#include "run/executor.h"
#include "run/prefix_cache.h"
#include "run/sample_graphs.h"
#include "support/tensors.h"
#include "train/tiny_detector.h"

namespace qat {
namespace {

using Tensors = std::vector<at::Tensor>;
using Facts = std::map<std::string, at::Tensor>;

const std::vector<std::string> kShown{"out", "inner", "vector"};

at::Tensor picture() {
    return test::randomTensor({2, 3, 12, 10}, 77);
}

Graph onDevice(Graph graph) {
    moveTo(graph, findDevice("cuda"));
    return graph;
}

// The same but for the order of additions, in which convolutions of devices differ.
void expectEqual(const at::Tensor& there, const at::Tensor& here, const std::string& what) {
    EXPECT_TRUE(there.is_cuda()) << what;
    EXPECT_LE(test::relativeDifference(there.cpu(), here), 1e-5) << what;
}

// Outputs, gradients, running statistics and ranges of a step of training.
Facts stepOf(Graph graph, bool portable) {
    for (const ValueId id : graph.storedValues())
        if (graph.value(id).kind == ValueKind::Parameter) graph.value(id).data->requires_grad_(true);
    Executor executor(graph, {.outputs = kShown, .train = true, .grad = true, .portable = portable});
    Facts facts;
    executor.setRangeSink([](ValueId) { return true; },
                          [&](ValueId id, float low, float high) {
                              facts["range of " + graph.value(id).name] = at::tensor({low, high}, deviceOf(graph));
                          });
    const Tensors made = executor.run(picture());
    const at::Tensor weights = test::randomTensor(made[0].sizes().vec(), 5).to(made[0].device());
    ((made[0] * weights).sum() + made[2].square().sum()).backward();
    for (size_t i = 0; i < kShown.size(); ++i) facts[kShown[i]] = made[i].detach();
    for (const ValueId id : graph.storedValues()) {
        const Value& value = graph.value(id);
        facts[value.name] = value.kind == ValueKind::Parameter ? value.data->grad() : *value.data;
    }
    return facts;
}

class DeviceGraph : public testing::TestWithParam<FakeQuantMode> {};

TEST_P(DeviceGraph, TrainsLikeThePortablePath) {
    const Facts there = stepOf(onDevice(test::branchedGraph(GetParam())), false);
    const Facts here = stepOf(test::branchedGraph(GetParam()), true);
    ASSERT_EQ(there.size(), here.size());
    for (const auto& [name, expected] : here) {
        if (!expected.defined()) continue;
        expectEqual(there.at(name), expected, name);
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, DeviceGraph,
                         testing::Values(FakeQuantMode::Ste, FakeQuantMode::Lsq, FakeQuantMode::Pact));

TEST(DeviceExecutor, TakesImagesToTheGraph) {
    const Graph here = test::branchedGraph(FakeQuantMode::Ste), there = onDevice(here.clone(true));
    for (const bool frozen : {false, true}) {
        const ExecutorOptions options{.outputs = kShown, .frozen = frozen};
        ExecutorOptions portable = options;
        portable.portable = true;
        const Tensors expected = Executor(here, portable).run(picture());
        const Tensors made = Executor(there, options).run(picture());
        for (size_t i = 0; i < kShown.size(); ++i) expectEqual(made[i], expected[i], kShown[i]);
    }
}

TEST(DeviceExecutor, AddsPreciselyWhereAsked) {
    const Graph here = test::branchedGraph(FakeQuantMode::Ste), there = onDevice(here.clone(true));
    const ExecutorOptions options{.outputs = kShown, .precise = true};
    const Tensors expected = Executor(here, options).run(picture()), made = Executor(there, options).run(picture());
    for (size_t i = 0; i < kShown.size(); ++i)
        EXPECT_LE(test::maxDifference(made[i].cpu(), expected[i]), 2e-5) << kShown[i];
}

TEST(DevicePrefix, RerunsOnTheDevice) {
    const Graph here = test::branchedGraph(FakeQuantMode::Ste), there = onDevice(here.clone(true));
    PrefixCache cache(there, kShown);
    cache.fill(picture());
    const Tensors expected = Executor(here, {.outputs = kShown, .portable = true}).run(picture());
    for (size_t i = 0; i < kShown.size(); ++i) expectEqual(cache.outputs()[i], expected[i], kShown[i]);
    const NodeId first = there.order().front();
    const Tensors again = cache.rerun(first, cache.value(there.node(first).outputs.front()));
    for (size_t i = 0; i < kShown.size(); ++i) expectEqual(again[i], expected[i], kShown[i]);
}

// Integer sums are exact, so a quantized network gives the same codes wherever it runs.
TEST(DeviceIntegers, AreThoseOfTheProcessor) {
    Graph graph = test::tinyDetector();
    runPasses(graph, PassId::FoldBatchNorms);
    test::insertCalibrated(graph, test::tinyConfig(test::Quantize::Ste));
    const Graph here = inferenceForm(graph), there = inferenceForm(onDevice(graph.clone(true)));
    EXPECT_EQ(dumpGraph(here), dumpGraph(there));
    const at::Tensor images = test::randomTensor({2, 3, 64, 64}, 9, 0, 1);
    for (const auto& output : here.outputs()) {
        const at::Tensor expected = Executor(here, {.outputs = {output.name}, .frozen = true}).run(images).front();
        const at::Tensor made = Executor(there, {.outputs = {output.name}, .frozen = true}).run(images).front();
        EXPECT_LE(test::relativeDifference(made.cpu(), expected), 1e-5) << output.name;
    }
}

TEST(DeviceSweep, FindsTheErrorsOfTheProcessor) {
    const auto sweep = [](Graph graph) {
        runPasses(graph, PassId::FoldBatchNorms);
        Graph quantized = graph.clone(true);
        const QuantizerSet set = test::insertCalibrated(quantized, test::tinyConfig(test::Quantize::Ste));
        const SensitivityJob job{.floatGraph = graph, .quantizers = set, .bits = {4}};
        bool given = false;
        return measureSensitivity(
            job,
            [&] {
                return std::exchange(given, true) ? at::Tensor() : test::randomTensor({2, 3, 64, 64}, 9, 0, 1);
            },
            1, CancelToken(), [](int64_t, int64_t) {});
    };
    const auto here = sweep(test::tinyDetector()), there = sweep(onDevice(test::tinyDetector()));
    ASSERT_EQ(here.size(), there.size());
    ASSERT_GT(here.size(), 5u);
    constexpr double kOfFloats = 120;  // dB; above it last bits are what is measured
    for (size_t i = 0; i < here.size(); ++i) {
        EXPECT_GT(here[i].error.mse(), 0) << here[i].layer;
        const double ours = here[i].error.sqnrDb();
        EXPECT_NEAR(there[i].error.sqnrDb(), ours, ours < kOfFloats ? 0.05 : 3) << here[i].layer;
    }
}

}  // namespace
}  // namespace qat
