// The portable path against the loops: graphs through the executor, quantizers of every form, and operators on codes.
#include "ops/portable.h"

#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "ops/forward.h"
#include "run/executor.h"
#include "run/sample_graphs.h"
#include "support/tensors.h"

namespace qat {
namespace {

using test::randomTensor;
using Tensors = std::vector<at::Tensor>;

const std::vector<std::string> kSeen{"out", "inner", "vector"};

at::Tensor image() {
    return randomTensor({2, 3, 12, 10}, 77);
}

class PortableGraph : public testing::TestWithParam<FakeQuantMode> {};

TEST_P(PortableGraph, ComputesWhatTheFusedStepsDo) {
    const Graph graph = test::branchedGraph(GetParam());
    const Tensors fused = Executor(graph, {.outputs = kSeen}).run(image());
    const Tensors portable = Executor(graph, {.outputs = kSeen, .portable = true}).run(image());
    for (size_t i = 0; i < kSeen.size(); ++i) {
        EXPECT_LE(test::maxDifference(portable[i], fused[i]), 2e-5) << kSeen[i];
        EXPECT_GT(fused[i].abs().max().item<float>(), 0.1f);
    }
}

// Outputs, gradients of every parameter and running statistics after a step of training.
std::map<std::string, at::Tensor> trained(bool portable) {
    Graph graph = test::branchedGraph(FakeQuantMode::Lsq);
    for (const ValueId id : graph.storedValues())
        if (graph.value(id).kind == ValueKind::Parameter) graph.value(id).data->requires_grad_(true);
    Executor executor(graph, {.outputs = kSeen, .train = true, .grad = true, .portable = portable});
    std::map<std::string, at::Tensor> facts;
    executor.setRangeSink([](ValueId) { return true; },
                          [&](ValueId id, float low, float high) {
                              facts["range of " + graph.value(id).name] = at::tensor({low, high});
                          });
    const Tensors made = executor.run(image());
    ((made[0] * randomTensor(made[0].sizes().vec(), 5)).sum() + made[2].square().sum()).backward();
    for (size_t i = 0; i < kSeen.size(); ++i) facts[kSeen[i]] = made[i].detach();
    for (const ValueId id : graph.storedValues()) {
        const Value& value = graph.value(id);
        facts[value.name] = value.kind == ValueKind::Parameter ? value.data->grad() : *value.data;
    }
    return facts;
}

TEST(PortableTraining, MovesEverythingAsTheFusedStepsDo) {
    const auto fused = trained(false), portable = trained(true);
    ASSERT_EQ(fused.size(), portable.size());
    EXPECT_TRUE(fused.contains("range of a.act") && fused.contains("a.bn.running_mean"));
    for (const auto& [name, expected] : fused)
        EXPECT_LE(test::relativeDifference(portable.at(name), expected), 2e-3) << name;
    // Values next to a rounding tie may fall on either side, which single gradients show.
    EXPECT_LE(test::maxDifference(portable.at("a.bn.running_var"), fused.at("a.bn.running_var")), 1e-6);
    EXPECT_LE(test::maxDifference(portable.at("range of a.act"), fused.at("range of a.act")), 1e-5);
}

TEST(PortableOptions, HavePackedAndWideFormsToo) {
    const Graph graph = test::branchedGraph(FakeQuantMode::Ste);
    const Tensors expected = Executor(graph, {.outputs = kSeen}).run(image());
    const Tensors frozen = Executor(graph, {.outputs = kSeen, .frozen = true, .portable = true}).run(image());
    const Tensors precise = Executor(graph, {.outputs = kSeen, .portable = true, .precise = true}).run(image());
    for (size_t i = 0; i < kSeen.size(); ++i) {
        EXPECT_LE(test::maxDifference(frozen[i], expected[i]), 2e-5) << kSeen[i];
        EXPECT_LE(test::maxDifference(precise[i], expected[i]), 2e-5) << kSeen[i];
    }
}

struct QuantizerCase {
    std::string name;
    FakeQuantize op;
    int64_t scales;
    double scale, zero;  // as held
};

std::vector<QuantizerCase> quantizerCases() {
    const FakeQuantize ste{FakeQuantMode::Ste, 8, -128, 127, -1, 0.5, false},
        lsq{FakeQuantMode::Lsq, 4, -8, 7, -1, 1.0, false};
    std::vector<QuantizerCase> cases{{"Ste", ste, 1, 0.013, 3}, {"Lsq", lsq, 1, 0.2, 0}};
    const auto add = [&](const char* name, FakeQuantize op, int64_t scales, double scale, double zero, auto change) {
        change(op);
        cases.push_back({name, op, scales, scale, zero});
    };
    add("Channels", lsq, 6, 0.2, 0, [](FakeQuantize& op) { op.axis = 0, op.weight = true; });
    add("Groups", lsq, 12, 0.2, 0, [](FakeQuantize& op) { op.axis = 0, op.group = 40, op.weight = true; });
    add("Log2", lsq, 1, -2.3, 0, [](FakeQuantize& op) { op.scaleForm = ScaleForm::Log2; });
    add("PowerOfTwo", lsq, 1, -2.3, 0, [](FakeQuantize& op) { op.scaleForm = ScaleForm::PowerOfTwo; });
    add("Offset", lsq, 1, 0.2, 1.7, [](FakeQuantize& op) { op.learnOffset = true; });
    add("Pact", ste, 1, 0.01, 0, [](FakeQuantize& op) { op.mode = FakeQuantMode::Pact, op.qmin = 0, op.qmax = 255; });
    add("Floor", lsq, 1, 0.01, 0, [](FakeQuantize& op) { op.floor = 0.15; });
    add("SignsOfWeights", lsq, 1, 0.7, 0,
        [](FakeQuantize& op) { op.format = NumberFormat::Binary, op.qmin = -1, op.qmax = 1, op.weight = true; });
    add("SignsOfData", lsq, 1, 0.7, 0,
        [](FakeQuantize& op) { op.format = NumberFormat::Binary, op.qmin = -1, op.qmax = 1; });
    add("E4m3", lsq, 1, 0.003, 0,
        [](FakeQuantize& op) { op.format = NumberFormat::E4m3, op.qmin = -448, op.qmax = 448; });
    add("E5m2", lsq, 1, 0.00003, 0,
        [](FakeQuantize& op) { op.format = NumberFormat::E5m2, op.qmin = -57344, op.qmax = 57344; });
    add("Half", ste, 1, 1, 0,
        [](FakeQuantize& op) { op.format = NumberFormat::Half, op.qmin = -65504, op.qmax = 65504; });
    return cases;
}

class PortableQuantizer : public testing::TestWithParam<QuantizerCase> {};

TEST_P(PortableQuantizer, EqualsTheLoopsToTheBitAndInGradients) {
    const QuantizerCase& c = GetParam();
    const auto inputs = [&] {
        Tensors in{randomTensor({6, 5, 3, 4}, 1, -3, 3), at::full({c.scales}, c.scale), at::full({c.scales}, c.zero)};
        if (c.scales > 1) in[1] = in[1] * randomTensor({c.scales}, 2, 0.5, 1.5);
        in[0].requires_grad_(true);
        in[1].requires_grad_(c.op.mode != FakeQuantMode::Ste);
        in[2].requires_grad_(c.op.learnOffset);
        return in;
    };
    const Tensors ours = inputs(), theirs = inputs();
    const at::Tensor made = portableForward(c.op, ours, false)[0], expected = forward(c.op, theirs, false)[0];
    EXPECT_TRUE(at::equal(made, expected)) << test::maxDifference(made, expected);
    const at::Tensor g = randomTensor(made.sizes().vec(), 3);
    made.backward(g), expected.backward(g);
    EXPECT_GT(theirs[0].grad().abs().max().item<double>(), 0.1);
    EXPECT_LE(test::maxDifference(ours[0].grad(), theirs[0].grad()), 1e-6);
    for (size_t i = 1; i < 3; ++i) {
        if (!theirs[i].requires_grad()) continue;
        EXPECT_GT(theirs[i].grad().abs().max().item<double>(), 0) << i;
        EXPECT_LE(test::relativeDifference(ours[i].grad(), theirs[i].grad()), 2e-5) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, PortableGraph, testing::Values(FakeQuantMode::Ste, FakeQuantMode::Lsq),
                         [](const auto& info) { return info.param == FakeQuantMode::Ste ? "Ste" : "Lsq"; });
INSTANTIATE_TEST_SUITE_P(Forms, PortableQuantizer, testing::ValuesIn(quantizerCases()),
                         [](const auto& info) { return info.param.name; });

at::Tensor codes(const Shape& shape, uint64_t seed, bool isSigned) {
    const at::Tensor numbers = at::floor(randomTensor(shape, seed, 0, 256));
    return isSigned ? (numbers - 128).to(at::kChar) : numbers.to(at::kByte);
}

void expectSame(const Op& op, const Tensors& in) {
    const at::NoGradGuard noGrad;
    const at::Tensor made = portableForward(op, in, false)[0], expected = forward(op, in, false)[0];
    EXPECT_EQ(made.scalar_type(), expected.scalar_type());
    EXPECT_TRUE(at::equal(made, expected)) << opName(op);
    EXPECT_GT(std::get<0>(at::_unique(expected.contiguous())).numel(), 20) << opName(op) << " makes something";
}

TEST(PortableCodes, EqualTheLoopsToTheBit) {
    const at::Tensor scale = at::full({1}, 0.021f), zero = at::full({1}, 7.0f);
    for (const bool isSigned : {false, true}) {
        const int64_t qmin = isSigned ? -128 : 0, qmax = isSigned ? 127 : 255;
        const at::Tensor a = codes({2, 6, 7, 5}, 1, isSigned), b = codes({2, 6, 7, 5}, 2, isSigned);
        expectSame(Quantize{qmin, qmax}, {randomTensor({2, 6, 7, 5}, 3, -4, 4), scale, zero});
        expectSame(Dequantize{}, {a, scale, zero});
        expectSame(Lookup{}, {a, codes({256}, 4, false)});
        expectSame(IntegerAdd{qmin, qmax}, {a, b, at::tensor({0.02f, 0.03f, 0.07f}), at::tensor({7.0f, -3.0f, 11.0f})});
        const at::Tensor weight = codes({8, 3, 3, 3}, 5, true), factor = randomTensor({8}, 6, 1e-4, 2e-4);
        IntegerConv2d op{{2, 1}, {1, 1}, {1, 1}, 2};
        expectSame(op, {a, zero, weight, randomTensor({8}, 7), factor});
        op.requantize = true, op.qmin = qmin, op.qmax = qmax;
        expectSame(op, {a, zero, weight, (randomTensor({8}, 8) * 1000).to(at::kInt), factor * 40, zero});
    }
}

}  // namespace
}  // namespace qat
