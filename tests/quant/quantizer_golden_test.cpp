// The FakeQuantize op against torch's fake quantizers on real weights and activations: values, codes, gradients.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/trained.h"
#include "ops/fake_quantize.h"
#include "quant/observer.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat {
namespace {

using Json = nlohmann::json;

// Calls compare(row, tensor, isWeight, name) for every row of a golden file.
template <class Compare>
int forEachRow(const std::filesystem::path& assets, const char* file, const Compare& compare) {
    const Graph graph = test::trainedYolov8n(assets);
    const auto folder = assets / "goldens" / "fakequant";
    int rows = 0;
    const Json layers = test::readJson(folder / file).at("layers");
    for (const auto& [layer, parts] : layers.items()) {
        std::string crops = "activation_" + layer + ".npy";
        std::replace(crops.begin(), crops.end() - 4, '.', '_');
        const at::Tensor weight = *graph.value(*graph.findValue(layer + ".weight")).data;
        const at::Tensor activation = test::readNpyTensor(folder / crops).slice(0, 0, 1);
        for (const auto& [part, list] : parts.items())
            for (const auto& row : list) {
                const bool isWeight = part == "weight";
                compare(row, isWeight ? weight : activation, isWeight,
                        layer + " " + part + " row " + std::to_string(rows++));
            }
    }
    return rows;
}

// slack: absolute, on top of the tolerance, a share of the sum of magnitudes.
void expectSums(const at::Tensor& tensor, const Json& golden, double tolerance, const std::string& name,
                double slack = 0) {
    const at::Tensor x = tensor.to(at::kDouble);
    const double absSum = golden.at("abs_sum").get<double>();
    EXPECT_NEAR(x.sum().item<double>(), golden.at("sum").get<double>(), tolerance * absSum + slack) << name;
    EXPECT_NEAR(x.abs().sum().item<double>(), absSum, tolerance * absSum + slack) << name;
    EXPECT_NEAR(x.max().item<double>(), golden.at("max").get<double>(), 1e-6 * std::abs(golden.at("max").get<double>()))
        << name;
    EXPECT_NEAR(x.min().item<double>(), golden.at("min").get<double>(), 1e-6 * std::abs(golden.at("min").get<double>()))
        << name;
}

struct ScaleTensors {
    at::Tensor scale, zeroPoint;
};

ScaleTensors fromRange(const at::Tensor& x, const Json& row, int64_t axis) {
    const QuantGrid grid{8, row.at("quant_min"), row.at("quant_max"), row.at("scheme") == "symmetric"};
    std::vector<float> scale, zeroPoint;
    for (const QParams& params : chooseQParams(rangeOf(x, axis), grid, 1.1920929e-7f))
        scale.push_back(params.scale), zeroPoint.push_back(params.zeroPoint);
    return {at::tensor(scale), at::tensor(zeroPoint)};
}

TEST(FakeQuantizeGolden, OutputsAndCodesAreTorchs) {
    QAT_REQUIRE_ASSETS(assets);
    const int rows = forEachRow(
        assets, "fake_quantize.json", [](const Json& row, const at::Tensor& x, bool weight, const std::string& name) {
            const int64_t axis = row.at("granularity") == "channel" ? 0 : -1;
            const FakeQuantize op{FakeQuantMode::Ste, 8, row.at("quant_min"), row.at("quant_max"), axis, 1.0, weight};
            const auto [scale, zeroPoint] = fromRange(x, row, axis);
            const at::Tensor y = fakeQuantize(op, x, scale, zeroPoint);
            expectSums(y, row.at("output"), 1e-6, name);
            const double error = (y.to(at::kDouble) - x.to(at::kDouble)).square().sum().item<double>();
            EXPECT_NEAR(error, row.at("squared_error_sum").get<double>(), 1e-4 * error) << name;
            if (!row.contains("codes_sum")) return;
            EXPECT_EQ(scale.item<float>(), row.at("scale").get<float>()) << name;
            const at::Tensor codes = quantizedCodes(op, x, scale, zeroPoint).to(at::kLong);
            EXPECT_EQ(codes.sum().item<int64_t>(), row.at("codes_sum").get<int64_t>()) << name;
            EXPECT_EQ(codes.min().item<int64_t>(), row.at("codes_min").get<int64_t>()) << name;
            EXPECT_EQ(codes.max().item<int64_t>(), row.at("codes_max").get<int64_t>()) << name;
        });
    EXPECT_EQ(rows, 6 * 21);
}

// ((i * 7919) mod 1009) / 504.5 - 1, as the goldens have it.
at::Tensor goldenGradient(const at::Tensor& x) {
    const at::Tensor i = at::arange(x.numel(), at::kLong);
    return (at::remainder(i * 7919, 1009).to(at::kDouble) / 504.5 - 1.0).to(at::kFloat).reshape(x.sizes());
}

at::Tensor goldenScale(const at::Tensor& x, const Json& row) {
    if (row.at("granularity") == "tensor") return at::full({1}, row.at("scale").get<float>());
    const at::Tensor largest = std::get<0>(x.abs().reshape({x.size(0), -1}).max(1));
    return largest / row.at("quant_max").get<double>() * row.at("shrink").get<double>();
}

// Elements halfway between two codes. Torch's learnable kernel rounds x / s + z, we round before the zero point is
// added, like ONNX: with an odd zero point such elements land on the other neighbour.
int64_t tiesOf(const at::Tensor& x, const at::Tensor& scale, float zeroPoint) {
    if (zeroPoint == 0) return 0;
    const at::Tensor ratio = x.to(at::kDouble) / scale.detach().to(at::kDouble).item<double>();
    return (ratio - at::floor(ratio) - 0.5).abs().lt(2e-5).sum().item<int64_t>();
}

TEST(LearnedScaleGolden, OutputsAndGradientsAreTorchs) {
    QAT_REQUIRE_ASSETS(assets);
    const int rows = forEachRow(
        assets, "lsq.json", [](const Json& row, const at::Tensor& tensor, bool weight, const std::string& name) {
            const int64_t axis = row.at("granularity") == "channel" ? 0 : -1;
            const FakeQuantize op{
                FakeQuantMode::Lsq, row.at("bits"), row.at("quant_min"), row.at("quant_max"), axis, 1.0, weight};
            at::Tensor x = tensor.detach().clone().requires_grad_(true);
            at::Tensor scale = goldenScale(tensor, row).clone().requires_grad_(true);
            const at::Tensor zeroPoint = at::full({scale.numel()}, row.at("zero_point").get<float>());
            const at::Tensor y = fakeQuantize(op, x, scale, zeroPoint);
            y.backward(goldenGradient(x));
            const int64_t ties = axis < 0 ? tiesOf(tensor, scale, row.at("zero_point").get<float>()) : 0;
            const double slack = static_cast<double>(ties);  // the incoming gradient is at most 1
            expectSums(y.detach(), row.at("output"), 1e-5, name, slack * scale.max().item<double>());
            expectSums(x.grad(), row.at("grad_input"), 1e-5, name, slack);
            if (row.contains("inside")) {
                EXPECT_LE(std::abs(x.grad().ne(0).sum().item<int64_t>() - row.at("inside").get<int64_t>()), ties)
                    << name;
            }
            // Ours carries 1 / sqrt(N qmax), theirs a factor of their own.
            const double factor = row.at("grad_factor").get<double>();
            const at::Tensor gradient = scale.grad().to(at::kDouble) / scaleGradientFactor(op, x.sizes().vec());
            const auto& golden = row.at("grad_scale");
            for (int64_t i = 0; i < gradient.numel(); ++i) {
                const double expected =
                    (golden.is_array() ? golden.at(static_cast<size_t>(i)).get<double>() : golden.get<double>()) /
                    factor;
                EXPECT_NEAR(gradient[i].item<double>(), expected, 2e-3 + 1e-4 * std::abs(expected) + slack)
                    << name << " channel " << i;
            }
        });
    EXPECT_EQ(rows, 6 * 40);
}

// With codes and clipping frozen where they are, x^ is a line in the scale; its slope is what LSQ learns by.
TEST(LearnedScale, GradientIsTheSlopeOfTheSmoothSurrogate) {
    const at::Tensor x = test::randomTensor({5, 4, 6, 6}, 1, -3, 3), g = test::randomTensor({5, 4, 6, 6}, 2);
    for (const auto& [qmin, qmax, zero, s] :
         {std::tuple{-8, 7, 0.0f, 0.31f}, {0, 15, 6.0f, 0.33f}, {-127, 127, 0.0f, 0.02f}}) {
        const FakeQuantize op{FakeQuantMode::Lsq, 4, qmin, qmax, -1, 1.0, false};
        at::Tensor scale = at::full({1}, s).requires_grad_(true);
        fakeQuantize(op, x, scale, at::full({1}, zero)).backward(g);
        const at::Tensor ratio = x.to(at::kDouble) / static_cast<double>(s),
                         code = at::round(ratio) + static_cast<double>(zero);
        const at::Tensor inside = code.ge(qmin).logical_and(code.le(qmax));
        const auto loss = [&](double other) {
            const at::Tensor line = x.to(at::kDouble) + other * (code - static_cast<double>(zero) - ratio);
            const at::Tensor clipped = other * (at::clamp(code, qmin, qmax) - static_cast<double>(zero));
            return (at::where(inside, line, clipped) * g.to(at::kDouble)).sum().item<double>();
        };
        const double step = 1e-3, slope = (loss(s + step) - loss(s - step)) / (2 * step);
        const double ours = scale.grad().item<double>() / scaleGradientFactor(op, x.sizes().vec());
        EXPECT_NEAR(ours, slope, 1e-4 * std::abs(slope) + 1e-4) << s;
    }
}

}  // namespace
}  // namespace qat
