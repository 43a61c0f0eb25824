// Corrected models in a real runtime: however a correction is kept, and whatever numbers its weights are.
#include <cmath>

#include "export/detector_sketch.h"
#include "export/runtime_fixture.h"
#include "ops/fake_quantize.h"
#include "passes/channel_affine.h"

namespace qat::test {
namespace {

// Factors of either sign and offsets after every convolution, merged into weight scales or kept as operations.
Graph corrected(Graph graph, bool folded) {
    Random random(5);
    const std::vector<NodeId> order = graph.order();
    for (const NodeId id : order) {
        if (!std::holds_alternative<Conv2d>(graph.node(id).op)) continue;
        const ChannelAffine affine = insertAffine(graph, id);
        for (const ValueId stored : {affine.gamma, affine.beta}) {
            at::Tensor& tensor = *graph.value(stored).data;
            for (int64_t i = 0; i < tensor.numel(); ++i) {
                const double sign = stored == affine.gamma && i % 3 == 0 ? -1 : 1;
                tensor.data_ptr<float>()[i] += static_cast<float>(random.uniform(-0.4, 0.4));
                tensor.data_ptr<float>()[i] *= static_cast<float>(sign);
            }
        }
        if (folded)
            EXPECT_EQ(foldAffine(graph, affine, true), AffineForm::Scales);
        else
            keepAffine(graph, affine);
    }
    probeShapes(graph, graph.value(graph.inputs().front()).shape);
    return graph;
}

TEST_F(Runtime, CorrectionsAgree) {
    for (const bool folded : {true, false})
        for (const int64_t bits : {0, 8}) {
            const Difference found = compare(corrected(detector(4, bits, ActivationKind::Silu), folded), true);
            EXPECT_LE(found.steps, bits == 0 ? 0 : found.count / 1000)
                << folded << " a" << bits << " " << found.largest;
        }
}

struct Form {
    const char* name;
    FakeQuantize weight, activation;
    float scale = 0.06f, zeroPoint = 0;
};

FakeQuantize lowBit() {
    return {.bits = 4, .qmin = -7, .qmax = 7, .axis = 0, .weight = true};
}

// Input, quantized convolution, and a correction with factors of either sign.
struct CorrectedLayer {
    Sketch sketch{{1, 3, 8, 8}};
    Graph& graph = sketch.graph;
    std::optional<ChannelAffine> affine;

    explicit CorrectedLayer(const Form& form, const std::vector<float>& factors = {1.2f, -0.7f, 0.4f, -1.5f}) {
        const auto repeated = [](float value) { return std::vector<float>(4, value); };
        const ValueId one = sketch.numbers("one", {1}, {form.activation.format == NumberFormat::Half ? 1.f : 0.01f});
        const ValueId x = graph.add("in", form.activation, {sketch.input(), one, sketch.numbers("zero", {1}, {0.f})});
        const ValueId scale = sketch.numbers("scale", {4}, repeated(heldScale(form.weight, form.scale)));
        const ValueId zeros = sketch.numbers("zeros", {4}, repeated(form.zeroPoint));
        const ValueId weight =
            graph.add("weight.quant", form.weight, {sketch.parameter("weight", {4, 3, 3, 3}, -0.5, 0.5), scale, zeros});
        const ValueId y =
            graph.add("conv", Conv2d{.padding = {1, 1}}, {x, weight, sketch.parameter("bias", {4}, -0.3, 0.3)});
        graph.setOutput("decoded", y);
        affine = insertAffine(graph, *graph.findNode("conv"));
        set(affine->gamma, factors);
        set(affine->beta, {0.1f, -0.2f, 0.3f, -0.4f});
    }
    void set(ValueId stored, const std::vector<float>& values) const {
        graph.value(stored).data->copy_(at::tensor(values));
    }
    AffineForm fold() { return foldAffine(graph, *affine, true); }
    at::Tensor output() const {
        const std::vector<float> sample = sampleInput(graph, 11);
        return Executor(graph, {.outputs = {"decoded"}}).run(at::tensor(sample).reshape({1, 3, 8, 8})).front();
    }
    at::Tensor scales() const { return graph.value(*graph.findValue("scale")).data->detach(); }
};

const FakeQuantize kByte{.bits = 8, .qmin = -128, .qmax = 127};

// Scales that are held otherwise than as such, and grids with an offset, take no factor: it stays an operation.
TEST_F(Runtime, CorrectionsOfEveryFormOfScalesAgree) {
    FakeQuantize log2 = lowBit(), power = lowBit(), offset = lowBit();
    log2.mode = power.mode = offset.mode = FakeQuantMode::Lsq;
    log2.scaleForm = ScaleForm::Log2, power.scaleForm = ScaleForm::PowerOfTwo;
    offset.qmin = -8, offset.learnOffset = true;
    for (const Form& form :
         {Form{"log2", log2, kByte}, {"power of two", power, kByte}, {"offset", offset, kByte, 0.06f, 1.4f}}) {
        CorrectedLayer layer(form);
        const at::Tensor before = layer.output();
        EXPECT_EQ(layer.fold(), AffineForm::Operations) << form.name;
        EXPECT_TRUE(at::allclose(layer.output(), before, 1e-5, 1e-6)) << form.name;
        const Difference found = compare(layer.sketch.finish(), true);
        EXPECT_EQ(found.steps, 0) << form.name << " " << found.largest;
    }
}

TEST_F(Runtime, CorrectionsBehindHalfPrecisionAgree) {
    FakeQuantize half{.bits = 16, .qmin = -65504, .qmax = 65504, .format = NumberFormat::Half}, halfWeight = half;
    halfWeight.weight = true, halfWeight.axis = 0;
    for (const auto& [form, kept] : {std::pair{Form{"half activations", lowBit(), half}, AffineForm::Scales},
                                     {Form{"half weights", halfWeight, half, 1.f}, AffineForm::Operations}}) {
        CorrectedLayer layer(form);
        EXPECT_EQ(layer.fold(), kept) << form.name;
        const Difference found = compare(layer.sketch.finish(), true);
        EXPECT_EQ(found.steps, 0) << form.name << " " << found.largest;
    }
}

// Codes change their sign with a negative factor, and become 0 with a factor of 0; scales stay above 0 in any case.
TEST_F(Runtime, FactorsOfZeroAndBelowKeepScalesAboveZero) {
    for (const auto& factors :
         std::vector<std::vector<float>>{{-1, 0, -0.3f, 2}, {0, 0, 0, 0}, {-0.f, 1e-44f, 1, -2}}) {
        CorrectedLayer layer({"plain", lowBit(), kByte}, factors);
        const at::Tensor before = layer.output();
        EXPECT_EQ(layer.fold(), AffineForm::Scales);
        EXPECT_GT(layer.scales().min().item<float>(), 0);
        EXPECT_TRUE(at::allclose(layer.output(), before, 1e-5, 1e-6)) << factors[0];
        const Difference found = compare(layer.sketch.finish(), true);
        EXPECT_EQ(found.steps, 0) << found.largest;
    }
}

}  // namespace
}  // namespace qat::test
