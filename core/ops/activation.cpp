// The rows. To add an activation: its kind and name in activation_kind.h, its loops in activation_loops.cpp, a row
// here, and its function in ops/portable.cpp.
#include "ops/activation.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/activation_loops.h"
#include "ops/vector_loops.h"

namespace qat {
namespace {

using With = OnnxStep::With;

constexpr float kNone = -std::numeric_limits<float>::infinity();
constexpr float kSixth = 1.0f / 6;

constexpr OnnxStep kReluSteps[]{{"Relu"}};
constexpr OnnxStep kSigmoidSteps[]{{"Sigmoid"}};
constexpr OnnxStep kSiluSteps[]{{"Sigmoid"}, {"Mul", With::Input}};
constexpr OnnxStep kLeakyReluSteps[]{{"LeakyRelu", With::Slope}};
constexpr OnnxStep kRelu6Steps[]{{"Clip", With::Numbers, {0, 6}}};
constexpr OnnxStep kHardSigmoidSteps[]{{"HardSigmoid", With::AlphaBeta, {kSixth, 0.5f}}};
constexpr OnnxStep kHardswishSteps[]{{"HardSigmoid", With::AlphaBeta, {kSixth, 0.5f}}, {"Mul", With::Input}};
constexpr OnnxStep kHardTanhSteps[]{{"Clip", With::Numbers, {-1, 1}}};
constexpr OnnxStep kTanhSteps[]{{"Tanh"}};
constexpr OnnxStep kEluSteps[]{{"Elu"}};
constexpr OnnxStep kMishSteps[]{{"Softplus"}, {"Tanh"}, {"Mul", With::Input}};
constexpr OnnxStep kGeluSteps[]{{"Mul", With::Number, {0.70710678f}},
                                {"Erf"},
                                {"Mul", With::Number, {0.5f}},
                                {"Add", With::Number, {0.5f}},
                                {"Mul", With::Input}};
// sqrt(8 / pi) (x + 0.044715 x^3) in a sigmoid.
constexpr OnnxStep kGeluTanhSteps[]{{"Mul", With::Input},
                                    {"Mul", With::Number, {1.59576912f * 0.044715f}},
                                    {"Add", With::Number, {1.59576912f}},
                                    {"Mul", With::Input},
                                    {"Sigmoid"},
                                    {"Mul", With::Input}};

double logistic(double x) {
    return 1.0 / (1.0 + std::exp(-x));
}

float silu(float x, float) {
    return x * static_cast<float>(logistic(x));
}
float mish(float x, float) {
    return static_cast<float>(x * std::tanh(std::log1p(std::exp(std::min<double>(x, 40)))));
}
float gelu(float x, float) {
    return static_cast<float>(x * 0.5 * std::erfc(-x * std::sqrt(0.5)));
}
float geluTanh(float x, float) {
    const double wide = x;
    return static_cast<float>(wide * logistic(1.5957691216057308 * (wide + 0.044715 * wide * wide * wide)));
}

constexpr std::array<ActivationTraits, kActivationNames.size()> kRows{{
    {.kind = ActivationKind::Relu,
     .least = 0,
     .usefulFloor = 0,
     .clips = true,
     .homogeneous = true,
     .hasSlope = false,
     .value = [](float x, float) { return std::max(x, 0.0f); },
     .forward = [](const float* u, float* y, int64_t n, float) { loops::relu(u, y, n); },
     .backward = [](const float* u, const float* g, float* out, int64_t n,
                    float) { loops::reluBackward(u, g, out, n); },
     .oneDnn = {"eltwise_relu"},
     .onnx = kReluSteps},
    {.kind = ActivationKind::Silu,
     .least = -0.2785f,
     .usefulFloor = -6,
     .clips = false,
     .homogeneous = false,
     .hasSlope = false,
     .value = silu,
     .forward = [](const float* u, float* y, int64_t n, float) { loops::silu(u, y, n); },
     .backward = [](const float* u, const float* g, float* out, int64_t n,
                    float) { loops::siluBackward(u, g, out, n); },
     .oneDnn = {"eltwise_swish", 1},
     .onnx = kSiluSteps},
    // Scores: all that counts is told apart at the end.
    {.kind = ActivationKind::Sigmoid,
     .least = 0,
     .usefulFloor = kNone,
     .clips = false,
     .homogeneous = false,
     .hasSlope = false,
     .value = [](float x, float) { return static_cast<float>(logistic(x)); },
     .forward = [](const float* u, float* y, int64_t n, float) { loops::sigmoid(u, y, n); },
     .backward = nullptr,
     .oneDnn = {},
     .onnx = kSigmoidSteps},
    {.kind = ActivationKind::LeakyRelu,
     .least = kNone,
     .usefulFloor = kNone,
     .clips = false,
     .homogeneous = true,
     .hasSlope = true,
     .value = [](float x, float slope) { return x < 0 ? x * slope : x; },
     .forward = loops::leakyRelu,
     .backward = loops::leakyReluBackward,
     .oneDnn = {"eltwise_relu"},
     .onnx = kLeakyReluSteps},
    {.kind = ActivationKind::Relu6,
     .least = 0,
     .usefulFloor = 0,
     .clips = true,
     .homogeneous = false,
     .hasSlope = false,
     .value = [](float x, float) { return std::clamp(x, 0.0f, 6.0f); },
     .forward = loops::relu6,
     .backward = loops::relu6Backward,
     .oneDnn = {"eltwise_clip", 0, 6},
     .onnx = kRelu6Steps},
    {.kind = ActivationKind::Hardswish,
     .least = -0.375f,
     .usefulFloor = -3,
     .clips = false,
     .homogeneous = false,
     .hasSlope = false,
     .value = [](float x, float) { return x * std::clamp(x * kSixth + 0.5f, 0.0f, 1.0f); },
     .forward = loops::hardswish,
     .backward = loops::hardswishBackward,
     .oneDnn = {},
     .onnx = kHardswishSteps},
    {.kind = ActivationKind::HardSigmoid,
     .least = 0,
     .usefulFloor = -3,
     .clips = false,
     .homogeneous = false,
     .hasSlope = false,
     .value = [](float x, float) { return std::clamp(x * kSixth + 0.5f, 0.0f, 1.0f); },
     .forward = loops::hardSigmoid,
     .backward = loops::hardSigmoidBackward,
     .oneDnn = {},
     .onnx = kHardSigmoidSteps},
    {.kind = ActivationKind::HardTanh,
     .least = -1,
     .usefulFloor = -1,
     .clips = true,
     .homogeneous = false,
     .hasSlope = false,
     .value = [](float x, float) { return std::clamp(x, -1.0f, 1.0f); },
     .forward = loops::hardTanh,
     .backward = loops::hardTanhBackward,
     .oneDnn = {"eltwise_clip", -1, 1},
     .onnx = kHardTanhSteps},
    // Its results reach 1 only, where steps are finer than 0.03.
    {.kind = ActivationKind::Tanh,
     .least = -1,
     .usefulFloor = kNone,
     .clips = false,
     .homogeneous = false,
     .hasSlope = false,
     .value = [](float x, float) { return std::tanh(x); },
     .forward = loops::tanh,
     .backward = loops::tanhBackward,
     .oneDnn = {},
     .onnx = kTanhSteps},
    {.kind = ActivationKind::Elu,
     .least = -1,
     .usefulFloor = -4.2f,
     .clips = false,
     .homogeneous = false,
     .hasSlope = false,
     .value = [](float x, float) { return x > 0 ? x : std::expm1(x); },
     .forward = loops::elu,
     .backward = loops::eluBackward,
     .oneDnn = {},
     .onnx = kEluSteps},
    {.kind = ActivationKind::Mish,
     .least = -0.30885f,
     .usefulFloor = -6,
     .clips = false,
     .homogeneous = false,
     .hasSlope = false,
     .value = mish,
     .forward = loops::mish,
     .backward = loops::mishBackward,
     .oneDnn = {},
     .onnx = kMishSteps},
    {.kind = ActivationKind::Gelu,
     .least = -0.17f,
     .usefulFloor = -2.6f,
     .clips = false,
     .homogeneous = false,
     .hasSlope = false,
     .value = gelu,
     .forward = loops::gelu,
     .backward = loops::geluBackward,
     .oneDnn = {},
     .onnx = kGeluSteps},
    {.kind = ActivationKind::GeluTanh,
     .least = -0.1701f,
     .usefulFloor = -2.6f,
     .clips = false,
     .homogeneous = false,
     .hasSlope = false,
     .value = geluTanh,
     .forward = loops::geluTanh,
     .backward = loops::geluTanhBackward,
     .oneDnn = {},
     .onnx = kGeluTanhSteps},
}};

// A row that is missing or stands elsewhere does not compile.
constexpr bool rowsAreInOrder() {
    for (size_t i = 0; i < kRows.size(); ++i)
        if (kRows[i].kind != static_cast<ActivationKind>(i) || !kRows[i].forward) return false;
    return true;
}
static_assert(rowsAreInOrder());

}  // namespace

const ActivationTraits& traitsOf(ActivationKind kind) {
    return kRows[static_cast<size_t>(kind)];
}

}  // namespace qat
