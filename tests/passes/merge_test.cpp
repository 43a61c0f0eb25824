// Merging parallel convolutions: the same function as the branches one by one, only where one convolution can be it.
#include "passes/merge_parallel_convs.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/family.h"
#include "models/weights.h"
#include "passes/fold_batch_norm.h"
#include "run/executor.h"
#include "run/sample_graphs.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::addNorm;
using test::randomParameter;
using test::randomTensor;

constexpr int64_t kMaps = 8;

struct Form {
    int64_t side = 3;
    Conv2d op{{1, 1}, {1, 1}, {1, 1}, 1};
    bool bias = false, norm = true, rounded = false;
};

// images [2, 8, 10, 12] and what is made of it.
struct Branches {
    Graph graph;
    const ValueId x = graph.addInput("images", {2, kMaps, 10, 12});

    ValueId conv(const std::string& name, const Form& form) { return conv(name, form, x); }
    ValueId conv(const std::string& name, const Form& form, ValueId in) {
        const uint64_t seed = 10 * static_cast<uint64_t>(name.front());
        const Shape shape{kMaps, kMaps / form.op.groups, form.side, form.side};
        ValueId weight = randomParameter(graph, name + ".weight", shape, seed, -0.5, 0.5);
        if (form.rounded) weight = test::addQuantizer(graph, name + ".weight", weight, FakeQuantMode::Ste, 0.01f, 0);
        std::vector<ValueId> inputs{in, weight};
        if (form.bias) inputs.push_back(randomParameter(graph, name + ".bias", {kMaps}, seed + 1));
        const ValueId y = graph.add(name, form.op, inputs);
        return form.norm ? addNorm(graph, name, y, kMaps, seed + 2) : y;
    }
    void addUp(ValueId a, ValueId b) {
        const ValueId sum = graph.add("add", Binary{BinaryKind::Add}, {a, b});
        graph.setOutput("out", graph.add("act", Activation{ActivationKind::Silu}, {sum}));
    }

    at::Tensor stored(const std::string& name) const { return *graph.value(*graph.findValue(name)).data; }
    // By libtorch's own operations.
    at::Tensor composed(const std::string& name, const at::Tensor& in, const Form& form) const {
        const at::Tensor bias = form.bias ? stored(name + ".bias") : at::Tensor();
        const at::Tensor y = at::conv2d(in, stored(name + ".weight"), bias, form.op.stride, form.op.padding,
                                        form.op.dilation, form.op.groups);
        return form.norm ? normed(name, y) : y;
    }
    at::Tensor normed(const std::string& name, const at::Tensor& y) const {
        return at::batch_norm(y, stored(name + ".bn.weight"), stored(name + ".bn.bias"),
                              stored(name + ".bn.running_mean"), stored(name + ".bn.running_var"), false, 0, 1e-3,
                              false);
    }
    at::Tensor run(const at::Tensor& in) const { return Executor(graph, {.outputs = {"out"}}).run(in)[0]; }
};

int64_t convolutions(const Graph& graph) {
    return std::ranges::count_if(graph.order(),
                                 [&](NodeId id) { return std::holds_alternative<Conv2d>(graph.node(id).op); });
}

struct Pair2 {
    const char* name;
    Form first, second;
};

std::ostream& operator<<(std::ostream& out, const Pair2& pair) {
    return out << pair.name;
}

class MergedPair : public testing::TestWithParam<Pair2> {};

TEST_P(MergedPair, IsOneConvolutionThatComputesTheSame) {
    const auto& [name, first, second] = GetParam();
    Branches made;
    made.addUp(made.conv("a", first), made.conv("b", second));
    const at::Tensor in = randomTensor({2, kMaps, 10, 12}, 3);
    const at::Tensor wanted = at::silu(made.composed("a", in, first) + made.composed("b", in, second));
    EXPECT_EQ(mergeParallelConvs(made.graph), 1);
    verify(made.graph);
    EXPECT_EQ(convolutions(made.graph), 1);
    EXPECT_EQ(made.graph.order().size(), 2u);
    EXPECT_TRUE(made.graph.findNode(first.side >= second.side ? "a" : "b").has_value());
    EXPECT_LT(test::maxDifference(made.run(in), wanted), 1e-5);
    EXPECT_EQ(mergeParallelConvs(made.graph), 0);
}

constexpr Conv2d window(int64_t side, int64_t stride = 1, int64_t groups = 1) {
    return {{stride, stride}, {side / 2, side / 2}, {1, 1}, groups};
}

INSTANTIATE_TEST_SUITE_P(
    All, MergedPair,
    testing::Values(Pair2{"RepConv", {3, window(3)}, {1, window(1)}},
                    Pair2{"RepVggDepthwise", {7, window(7, 1, kMaps)}, {3, window(3, 1, kMaps)}},
                    Pair2{"SmallOneFirst", {1, window(1, 1, 2)}, {5, window(5, 1, 2)}},
                    Pair2{"EqualOnes", {3, window(3)}, {3, window(3)}},
                    Pair2{"Strided", {3, window(3, 2, 4)}, {1, window(1, 2, 4)}},
                    Pair2{"BothBiases", {3, window(3), true, false}, {1, window(1), true, false}},
                    Pair2{"BiasOfTheSmallOne", {3, window(3), false, false}, {1, window(1), true, false}},
                    Pair2{"NormOfOne", {3, window(3), true, false}, {1, window(1), false, true}},
                    Pair2{"NoBias", {3, window(3), false, false}, {1, window(1), false, false}}),
    [](const auto& info) { return info.param.name; });

class IdentityBranch : public testing::TestWithParam<int64_t> {};

TEST_P(IdentityBranch, ANormOfTheInputIsAKernelToo) {
    const int64_t groups = GetParam();
    const Form wide{3, window(3, 1, groups)}, narrow{1, window(1, 1, groups)};
    Branches made;
    const ValueId pair =
        made.graph.add("pair", Binary{BinaryKind::Add}, {made.conv("a", wide), made.conv("b", narrow)});
    made.addUp(pair, addNorm(made.graph, "same", made.x, kMaps, 90));
    const at::Tensor in = randomTensor({2, kMaps, 10, 12}, 3);
    const at::Tensor wanted =
        at::silu(made.composed("a", in, wide) + made.composed("b", in, narrow) + made.normed("same", in));
    EXPECT_EQ(mergeParallelConvs(made.graph), 2);
    verify(made.graph);
    EXPECT_EQ(made.graph.order().size(), 2u);
    EXPECT_LT(test::maxDifference(made.run(in), wanted), 1e-5);
}

INSTANTIATE_TEST_SUITE_P(Groups, IdentityBranch, testing::Values(1, 2, kMaps));

// Leaves the graph as it is.
void expectApart(Branches& made) {
    const std::string before = dumpGraph(made.graph);
    EXPECT_EQ(mergeParallelConvs(made.graph), 0);
    EXPECT_EQ(dumpGraph(made.graph), before);
}

TEST(ParallelConvs, StayApartWhereOneConvolutionCannotBeBoth) {
    const Form wide{3, window(3), true, false};
    for (const Form& other : {Form{1, {{1, 1}, {0, 0}, {1, 1}, 2}, true, false},     // other groups
                              Form{3, {{1, 1}, {2, 2}, {2, 2}, 1}, true, false}}) {  // dilated
        Branches made;
        made.addUp(made.conv("a", wide), made.conv("b", other));
        expectApart(made);
    }
    Branches shifted;  // an even kernel has no middle
    const Form even{2, {{1, 1}, {1, 1}, {1, 1}, 1}, true, false};
    shifted.addUp(shifted.conv("a", even), shifted.conv("b", even));
    expectApart(shifted);
}

TEST(ParallelConvs, StayApartWhereSomethingStandsBetween) {
    const Form form{3, window(3), true, false};
    Branches curved, rounded, seen, read;
    const auto silu = [](Branches& made, ValueId x) {
        return made.graph.add("s", Activation{ActivationKind::Silu}, {x});
    };
    curved.addUp(curved.conv("a", form), silu(curved, curved.conv("b", form)));
    rounded.addUp(rounded.conv("a", form),
                  test::addQuantizer(rounded.graph, "q", rounded.conv("b", form), FakeQuantMode::Ste, 0.1f, 0));
    seen.addUp(seen.conv("a", form), seen.conv("b", form));
    seen.graph.setOutput("inner", *seen.graph.findValue("b"));
    read.addUp(read.conv("a", form), read.conv("b", form));
    read.graph.setOutput("inner", silu(read, *read.graph.findValue("b")));
    for (Branches* made : {&curved, &rounded, &seen, &read}) expectApart(*made);
}

TEST(ParallelConvs, StayApartWhereWeightsAreQuantizedOrShared) {
    const Form form{3, window(3), true, false};
    Branches rounded, shared, twice;
    rounded.addUp(rounded.conv("a", form), rounded.conv("b", {3, window(3), true, false, true}));
    shared.addUp(shared.conv("a", form), shared.conv("b", form));
    shared.graph.setOutput("other", shared.graph.add("c", Conv2d{}, {shared.x, *shared.graph.findValue("b.weight")}));
    const ValueId same = twice.conv("a", form);
    twice.addUp(same, same);
    for (Branches* made : {&rounded, &shared, &twice}) expectApart(*made);
}

TEST(ParallelConvs, StayApartWithOtherInputsAndOperations) {
    const Form form{3, window(3), true, false};
    Branches other, less;
    const ValueId rectified = other.graph.add("relu", Activation{ActivationKind::Relu}, {other.x});
    other.addUp(other.conv("a", form), other.conv("b", form, rectified));
    expectApart(other);
    less.graph.setOutput("out",
                         less.graph.add("sub", Binary{BinaryKind::Sub}, {less.conv("a", form), less.conv("b", form)}));
    expectApart(less);
}

// Batch norms that do something.
void stir(Graph& graph) {
    uint64_t seed = 100;
    for (const auto& [name, tensor] : stateDict(graph)) {
        if (name.ends_with("running_mean") || name.ends_with("bn.bias"))
            *tensor = randomTensor(tensor->sizes().vec(), ++seed, -0.3, 0.3);
        if (name.ends_with("running_var") || name.ends_with("bn.weight"))
            *tensor = randomTensor(tensor->sizes().vec(), ++seed, 0.5, 1.5);
    }
}

struct WholeDetector {
    const char* name;
    int pairs;
};

TEST(ParallelConvs, WholeDetectorsComputeTheSame) {
    for (const auto& [name, pairs] : {WholeDetector{"yolov9t", 7 * 2 * 3}, WholeDetector{"yolov10n", 1},
                                      WholeDetector{"yolov10s", 2}, WholeDetector{"yolov8n", 0}}) {
        Random random(4);
        const auto member = *memberNamed(name);
        Graph graph = buildMember({member.family, {member.spec.variant, 5}}, &random);
        stir(graph);
        const auto outputs = graph.outputNames(OutputRole::RawHead);
        const at::Tensor input = randomTensor({1, 3, 64, 64}, 1, 0, 1);
        const auto before = Executor(graph, {.outputs = outputs}).run(input);
        EXPECT_EQ(mergeParallelConvs(graph), pairs) << name;
        const auto after = Executor(graph, {.outputs = outputs}).run(input);
        for (size_t i = 0; i < outputs.size(); ++i)
            EXPECT_LT(test::relativeDifference(after[i], before[i]), 1e-5) << name << " " << outputs[i];
    }
}

TEST(ParallelConvs, ANetworkWithoutTensorsGetsTheSameStructure) {
    const auto member = *memberNamed("yolov9t");
    Random random(1);
    Graph drawn = buildMember({member.family, {"t", 5}}, &random),
          empty = buildMember({member.family, {"t", 5}}, nullptr);
    for (Graph* graph : {&drawn, &empty}) mergeParallelConvs(*graph);
    EXPECT_EQ(dumpGraph(empty), dumpGraph(drawn));
}

}  // namespace
}  // namespace qat
