// Re-running what follows a change equals a full run with that change, bit for bit.
#include "run/prefix_cache.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/forward.h"
#include "run/executor.h"
#include "run/sample_graphs.h"
#include "support/tensors.h"

namespace qat {
namespace {

const std::vector<std::string> kWanted{"out", "inner", "vector"};

struct Cached : testing::Test {
    Graph graph = test::branchedGraph(FakeQuantMode::Ste);
    at::Tensor input = test::randomTensor({2, 3, 12, 10}, 77, -1, 2);
    PrefixCache cache{graph, kWanted};
};

TEST_F(Cached, FilledOutputsAndValuesAreThoseOfARun) {
    cache.fill(input);
    Executor executor(graph, {.outputs = kWanted});
    executor.setHook([&](ValueId id, const at::Tensor& value) {
        EXPECT_TRUE(at::equal(cache.value(id), value)) << graph.value(id).name;
    });
    const auto full = executor.run(input);
    for (size_t i = 0; i < kWanted.size(); ++i) EXPECT_TRUE(at::equal(cache.outputs()[i], full[i]));
}

TEST_F(Cached, ChangedConvolutionWeightsGiveTheBitsOfAFullRun) {
    cache.fill(input);
    for (const char* layer : {"a", "b", "c"}) {
        Graph changed = graph.clone(true);
        at::Tensor& weight = *changed.value(*changed.findValue(std::string(layer) + ".weight")).data;
        weight = weight * 0.9;
        const NodeId node = *graph.findNode(layer);
        const at::NoGradGuard noGrad;
        const at::Tensor made =
            forward(graph.node(node).op, {cache.value(graph.node(node).inputs[0]), weight}, false)[0];
        const auto rerun = cache.rerun(node, made);
        const auto full = Executor(changed, {.outputs = kWanted}).run(input);
        for (size_t i = 0; i < kWanted.size(); ++i)
            EXPECT_TRUE(at::equal(rerun[i], full[i])) << layer << " " << kWanted[i];
        EXPECT_FALSE(at::equal(rerun[0], cache.outputs()[0]));
    }
}

TEST_F(Cached, ReplacingEveryNodesOutputByItselfChangesNothing) {
    cache.fill(input);
    for (const NodeId id : graph.order()) {
        const auto rerun = cache.rerun(id, cache.value(graph.node(id).outputs.front()));
        for (size_t i = 0; i < kWanted.size(); ++i)
            EXPECT_TRUE(at::equal(rerun[i], cache.outputs()[i])) << graph.node(id).name;
    }
}

TEST_F(Cached, RefillingReplacesTheBatch) {
    cache.fill(input);
    const at::Tensor first = cache.outputs()[0];
    cache.fill(test::randomTensor({2, 3, 12, 10}, 5));
    EXPECT_FALSE(at::equal(cache.outputs()[0], first));
    cache.fill(input);
    EXPECT_TRUE(at::equal(cache.outputs()[0], first));
}

TEST_F(Cached, UnknownOutputsAndUnneededNodesAreErrors) {
    EXPECT_THROW(PrefixCache(graph, {"wish"}), Error);
    PrefixCache inner(graph, {"inner"});
    inner.fill(input);
    EXPECT_THROW(inner.rerun(*graph.findNode("c"), at::zeros({1})), Error);
}

}  // namespace
}  // namespace qat
