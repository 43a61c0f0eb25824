// The executor against the plain run: fusion, release and in-place execution change nothing, hooks and sinks see all.
#include "run/executor.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "run/plain_run.h"
#include "run/sample_graphs.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::branchedGraph;
using test::maxDifference;
using test::randomTensor;
using Tensors = std::vector<at::Tensor>;

const std::vector<std::string> kOutputs{"out", "inner", "vector"};

at::Tensor sampleInput() {
    return randomTensor({2, 3, 12, 10}, 77, -1, 2);
}

bool sameBits(const Tensors& a, const Tensors& b) {
    bool same = a.size() == b.size();
    for (size_t i = 0; same && i < a.size(); ++i) same = test::sameBits(a[i], b[i]);
    return same;
}

class BothModes : public testing::TestWithParam<FakeQuantMode> {};

TEST_P(BothModes, EqualsThePlainRun) {
    const Graph graph = branchedGraph(GetParam());
    const Tensors made = Executor(graph, {.outputs = kOutputs}).run(sampleInput());
    const test::PlainRun plain(graph, sampleInput());
    for (size_t i = 0; i < kOutputs.size(); ++i)
        EXPECT_LE(maxDifference(made[i], plain.output(kOutputs[i])), 2e-5) << kOutputs[i];
}

TEST_P(BothModes, OptionsAndHookChangeNoBit) {
    const Graph graph = branchedGraph(GetParam());
    const Tensors reference = Executor(graph, {.outputs = kOutputs}).run(sampleInput());
    EXPECT_TRUE(sameBits(Executor(graph, {.outputs = kOutputs, .inPlace = false}).run(sampleInput()), reference));
    const Tensors recorded = Executor(graph, {.outputs = kOutputs, .grad = true}).run(sampleInput());
    for (size_t i = 0; i < kOutputs.size(); ++i) EXPECT_LE(maxDifference(recorded[i], reference[i]), 1e-6);
    Executor hooked(graph, {.outputs = kOutputs});
    hooked.setHook([](ValueId, const at::Tensor&) {});
    EXPECT_TRUE(sameBits(hooked.run(sampleInput()), reference));
    hooked.setHook({});
    EXPECT_TRUE(sameBits(hooked.run(sampleInput()), reference));
}

// A sum that float32 cannot carry.
TEST(Precise, AddsInDouble) {
    Graph graph;
    const ValueId x = graph.addInput("x", {1, 3, 1, 1});
    const auto weight = std::make_shared<at::Tensor>(at::ones({1, 3, 1, 1}));
    graph.setOutput("out", graph.add("conv", Conv2d{}, {x, graph.addParameter("conv.weight", weight, {1, 3, 1, 1})}));
    const at::Tensor input = at::tensor({1e8f, 1.0f, -1e8f}).reshape({1, 3, 1, 1});
    for (const bool frozen : {false, true})
        EXPECT_EQ(Executor(graph, {.outputs = {"out"}, .frozen = frozen, .precise = true}).run(input)[0].item<float>(),
                  1.0f);
    EXPECT_THROW(Executor(graph, {.outputs = {"out"}, .grad = true, .precise = true}), Error);
}

TEST_P(BothModes, FrozenEqualsThePlainRun) {
    const Graph graph = branchedGraph(GetParam());
    Executor frozen(graph, {.outputs = kOutputs, .frozen = true});
    const test::PlainRun plain(graph, sampleInput());
    for (int run = 0; run < 2; ++run) {
        const Tensors made = frozen.run(sampleInput());
        for (size_t i = 0; i < kOutputs.size(); ++i)
            EXPECT_LE(maxDifference(made[i], plain.output(kOutputs[i])), 2e-5) << kOutputs[i];
    }
    EXPECT_THROW(Executor(graph, {.outputs = kOutputs, .train = true, .frozen = true}), Error);
}

TEST_P(BothModes, PlainMemoryOrderGivesTheSameNumbers) {
    const Graph graph = branchedGraph(GetParam());
    const Tensors reference = Executor(graph, {.outputs = kOutputs}).run(sampleInput());
    const Tensors plain = Executor(graph, {.outputs = kOutputs, .channelsLast = false}).run(sampleInput());
    for (size_t i = 0; i < kOutputs.size(); ++i) EXPECT_LE(maxDifference(plain[i], reference[i]), 1e-5) << kOutputs[i];
}

TEST_P(BothModes, RunningTwiceAndSubsetsOfOutputsAgree) {
    const Graph graph = branchedGraph(GetParam());
    Executor executor(graph, {.outputs = kOutputs});
    const at::Tensor input = sampleInput(), kept = input.clone();
    const Tensors first = executor.run(input);
    Tensors copies;
    for (const at::Tensor& t : first) copies.push_back(t.clone());
    const Tensors second = executor.run(randomTensor({2, 3, 12, 10}, 5));
    EXPECT_FALSE(sameBits(first, second));
    EXPECT_TRUE(sameBits(first, copies)) << "a later run wrote into earlier results";
    EXPECT_TRUE(at::equal(input, kept)) << "the input was written";
    EXPECT_TRUE(sameBits(executor.run(input), first));
    for (size_t i = 0; i < kOutputs.size(); ++i)
        EXPECT_TRUE(sameBits(Executor(graph, {.outputs = {kOutputs[i]}}).run(input), {first[i]})) << kOutputs[i];
}

TEST_P(BothModes, ChannelsLastInputIsNotWrittenEither) {
    const Graph graph = branchedGraph(GetParam());
    const at::Tensor input = sampleInput().contiguous(at::MemoryFormat::ChannelsLast), kept = input.clone();
    Executor(graph, {.outputs = kOutputs}).run(input);
    EXPECT_TRUE(at::equal(input, kept));
}

// libtorch computes 1x1 convolutions of small batches with another kernel when it has a single thread; everything else
// gives the same bits for any number.
TEST_P(BothModes, BitsDependOnTheNumberOfThreadsOnlyBehindPointwiseConvolutions) {
    const Graph graph = branchedGraph(GetParam());
    const int before = at::get_num_threads();
    std::vector<Tensors> results;
    for (const int threads : {1, 2, 1, 2}) {
        at::set_num_threads(threads);
        results.push_back(Executor(graph, {.outputs = kOutputs}).run(sampleInput()));
    }
    at::set_num_threads(before);
    EXPECT_TRUE(sameBits(results[0], results[2]));
    EXPECT_TRUE(sameBits(results[1], results[3]));
    EXPECT_TRUE(test::sameBits(results[0][1], results[1][1])) << "the inner output has only 3x3 convolutions before it";
    for (size_t i = 0; i < kOutputs.size(); ++i)
        EXPECT_LE(maxDifference(results[0][i], results[1][i]), 1e-5) << kOutputs[i];
}

TEST_P(BothModes, HookSeesEveryValueWithItsNumbers) {
    const Graph graph = branchedGraph(GetParam());
    const test::PlainRun plain(graph, sampleInput());
    Executor executor(graph, {.outputs = kOutputs});
    std::set<ValueId> seen;
    executor.setHook([&](ValueId id, const at::Tensor& value) {
        EXPECT_TRUE(seen.insert(id).second) << graph.value(id).name << " was shown twice";
        EXPECT_LE(maxDifference(value, plain.value(id)), 2e-5) << graph.value(id).name;
    });
    executor.run(sampleInput());
    std::set<ValueId> expected{graph.inputs().front()};
    for (const NodeId id : graph.order()) expected.insert(graph.node(id).outputs.begin(), graph.node(id).outputs.end());
    EXPECT_EQ(seen, expected);
}

// What the hook does not want runs as without a hook; what it wants keeps its numbers, even where steps would swallow
// it.
TEST_P(BothModes, AHookWithWishesSeesThoseValuesOnlyAndChangesNoBit) {
    const Graph graph = branchedGraph(GetParam());
    const Tensors reference = Executor(graph, {.outputs = kOutputs}).run(sampleInput());
    std::map<ValueId, at::Tensor> all;
    Executor everything(graph, {.outputs = kOutputs});
    everything.setHook([&](ValueId id, const at::Tensor& value) { all[id] = value.clone(); });
    everything.run(sampleInput());
    for (const auto& [one, expected] : all) {
        Executor executor(graph, {.outputs = kOutputs});
        std::map<ValueId, at::Tensor> seen;
        executor.setHook([&](ValueId id, const at::Tensor& value) { seen[id] = value; },
                         [&](ValueId id) { return id == one; });
        EXPECT_TRUE(sameBits(executor.run(sampleInput()), reference)) << graph.value(one).name;
        ASSERT_EQ(seen.size(), 1u) << graph.value(one).name;
        EXPECT_TRUE(at::equal(seen.at(one), expected))
            << graph.value(one).name << " is still what it was when it was shown";
    }
}

TEST_P(BothModes, GradientsOfAllParametersEqualThePlainRun) {
    for (const bool train : {false, true}) {
        const Graph graph = branchedGraph(GetParam());
        std::map<ValueId, at::Tensor> leaves;
        for (const ValueId id : graph.storedValues())
            if (graph.value(id).kind == ValueKind::Parameter) {
                leaves[id] = graph.value(id).data->detach().to(at::kDouble).requires_grad_(true);
                graph.value(id).data->requires_grad_(true);
            }
        const test::PlainRun plain(graph, sampleInput().to(at::kDouble), train, leaves);
        const Tensors made = Executor(graph, {.outputs = kOutputs, .train = train, .grad = true}).run(sampleInput());
        at::Tensor ours = at::zeros({}), theirs = at::zeros({}, at::kDouble);
        for (size_t i = 0; i < kOutputs.size(); ++i) {
            const at::Tensor g = randomTensor(made[i].sizes().vec(), 30 + i);
            ours = ours + (made[i] * g).sum();
            theirs = theirs + (plain.output(kOutputs[i]) * g).sum();
        }
        ours.backward(), theirs.backward();
        // A code that flips between float and double shifts sums by one element's share.
        for (const auto& [id, leaf] : leaves)
            EXPECT_LE(test::relativeDifference(graph.value(id).data->grad(), leaf.grad()), 5e-3)
                << graph.value(id).name << " train " << train;
    }
}

INSTANTIATE_TEST_SUITE_P(Executor, BothModes, testing::Values(FakeQuantMode::Ste, FakeQuantMode::Lsq),
                         [](const auto& info) { return info.param == FakeQuantMode::Ste ? "Ste" : "Lsq"; });

TEST(ExecutorOutputs, InputsAndKeptInnerValuesAreReturnedAsTheyAre) {
    Graph graph = branchedGraph(FakeQuantMode::Ste);
    graph.setOutput("image", graph.inputs().front());
    graph.setOutput("norm", *graph.findValue("a.bn"));
    graph.setOutput("act", *graph.findValue("a.act"));
    const std::vector<std::string> names{"image", "norm", "act", "out", "inner"};
    const Tensors made = Executor(graph, {.outputs = names}).run(sampleInput());
    const test::PlainRun plain(graph, sampleInput());
    EXPECT_TRUE(at::equal(made[0], sampleInput()));
    for (size_t i = 1; i < names.size(); ++i)
        EXPECT_LE(maxDifference(made[i], plain.output(names[i])), 2e-5) << names[i];
}

TEST(ExecutorTraining, RunningStatisticsMoveOnlyInTraining) {
    const Graph graph = branchedGraph(FakeQuantMode::Ste);
    const at::Tensor& mean = *graph.value(*graph.findValue("a.bn.running_mean")).data;
    const at::Tensor before = mean.clone();
    Executor(graph, {.outputs = kOutputs}).run(sampleInput());
    EXPECT_TRUE(at::equal(mean, before));
    Executor(graph, {.outputs = kOutputs, .train = true}).run(sampleInput());
    const test::PlainRun plain(graph, sampleInput());
    const at::Tensor batchMean = plain.value(*graph.findValue("a")).mean({0, 2, 3});
    EXPECT_LE(maxDifference(mean, before * 0.97 + batchMean * 0.03), 1e-6);
}

TEST(ExecutorRanges, SinkIsToldTheTrueExtremesOfWhatItWants) {
    const Graph graph = branchedGraph(FakeQuantMode::Ste);
    const test::PlainRun plain(graph, sampleInput());
    const ValueId wanted = *graph.findValue("a.act");
    for (const bool grad : {false, true}) {
        Executor executor(graph, {.outputs = kOutputs, .grad = grad});
        std::map<ValueId, std::pair<float, float>> told;
        executor.setRangeSink([](ValueId) { return true; },
                              [&](ValueId id, float low, float high) {
                                  told[id] = {low, high};
                              });
        executor.run(sampleInput());
        ASSERT_EQ(told.size(), 2u) << "two quantizers";
        for (const auto& [id, range] : told) {
            EXPECT_NEAR(range.first, plain.value(id).min().item<float>(), 1e-5);
            EXPECT_NEAR(range.second, plain.value(id).max().item<float>(), 1e-5);
        }
        told.clear();
        executor.setRangeSink([&](ValueId id) { return id == wanted; },
                              [&](ValueId id, float low, float high) {
                                  told[id] = {low, high};
                              });
        executor.run(sampleInput());
        EXPECT_EQ(told.size(), 1u);
        EXPECT_TRUE(told.contains(wanted));
    }
}

TEST(ExecutorErrors, NameTheNodeOrTheOutput) {
    const Graph graph = branchedGraph(FakeQuantMode::Ste);
    const auto message = [](const auto& work) -> std::string {
        try {
            work();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::BadInput);
            return error.what();
        }
        return "";
    };
    EXPECT_NE(message([&] { Executor(graph, {.outputs = {"wish"}}); }).find("wish"), std::string::npos);
    Executor executor(graph, {.outputs = kOutputs});
    const std::string wrongChannels = message([&] { executor.run(at::zeros({1, 4, 8, 8})); });
    EXPECT_TRUE(wrongChannels.starts_with("Conv2d \"a\": ")) << wrongChannels;
    Graph broken = graph.clone(true);
    *broken.value(*broken.findValue("b.weight")).data = at::zeros({4, 5, 3, 3});
    const std::string wrongWeight = message([&] { Executor(broken, {.outputs = kOutputs}).run(sampleInput()); });
    EXPECT_TRUE(wrongWeight.starts_with("Conv2d \"b\": ")) << wrongWeight;
    EXPECT_EQ(executor.run(sampleInput()).size(), 3u) << "an error leaves the executor usable";
}

TEST(ExecutorErrors, NormOfTheWrongWidthIsNamed) {
    Graph broken = branchedGraph(FakeQuantMode::Ste);
    *broken.value(*broken.findValue("c.bn.weight")).data = at::ones({3});
    try {
        Executor(broken, {.outputs = kOutputs}).run(sampleInput());
        FAIL() << "three factors for twelve channels were accepted";
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("c.bn"), std::string::npos) << error.what();
    }
}

TEST(ExecutorPlanning, OnlyWhatTheOutputsNeedIsRun) {
    Graph graph = branchedGraph(FakeQuantMode::Ste);
    std::set<std::string> seen;
    Executor executor(graph, {.outputs = {"inner"}});
    executor.setHook([&](ValueId id, const at::Tensor&) { seen.insert(graph.value(id).name); });
    executor.run(sampleInput());
    EXPECT_TRUE(seen.contains("b"));
    EXPECT_FALSE(seen.contains("b.bn"));
    EXPECT_FALSE(seen.contains("cat"));
}

TEST(ProbeShapes, RecordsEveryShapeAndLeavesNoOtherTrace) {
    Graph graph = branchedGraph(FakeQuantMode::Ste);
    const at::Tensor before = graph.value(*graph.findValue("a.bn.running_mean")).data->clone();
    probeShapes(graph, {1, 3, 12, 10});
    EXPECT_EQ(graph.value(*graph.findValue("a.act")).shape, (Shape{1, 8, 12, 10}));
    EXPECT_EQ(graph.value(*graph.findValue("halves:1")).shape, (Shape{1, 4, 12, 10}));
    EXPECT_EQ(graph.value(graph.output("vector")).shape, (Shape{1, 12, 120}));
    EXPECT_TRUE(at::equal(*graph.value(*graph.findValue("a.bn.running_mean")).data, before));
}

}  // namespace
}  // namespace qat
