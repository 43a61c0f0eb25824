// The loops and the rows: an activation is its kind and name in activation_kind.h, and a line of loops and a row here.
#include "ops/activation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/clones.h"
#include "ops/special_functions.h"
#include "ops/vector_loops.h"

namespace qat {
namespace loops {
namespace {

// tanh(softplus(x)) = n / (n + 2), n = e (e + 2), e = e^x; 1 in float from 10 on.
struct MishParts {
    float e, n;
};
[[gnu::always_inline]] inline MishParts mishParts(float x) {
    const float e = fastExp(x > 20.0f ? 20.0f : x);
    return {e, e * (e + 2.0f)};
}

constexpr float kGeluRate = 0.79788456080286536f, kGeluCube = 0.044715f;  // sqrt(2 / pi)

// 0.5 (1 + tanh(u)) = logistic(2 u), u = kGeluRate (x + kGeluCube x^3); 0 or 1 in float beyond 10. rest: what is left
// to 1, also where that is small.
struct Gate {
    float open, rest;
};
[[gnu::always_inline]] inline Gate geluGate(float x) {
    const float e = fastExp(-2.0f * kGeluRate * (x + kGeluCube * x * x * x)), open = 1.0f / (1.0f + e);
    return {open, e * open};
}

[[gnu::always_inline]] inline float geluTanhSlope(float given) {
    const float x = clamp(given, -10.0f, 10.0f);
    const auto [open, rest] = geluGate(x);
    return open + x * open * rest * (2.0f * kGeluRate * (1.0f + 3.0f * kGeluCube * x * x));
}

[[gnu::always_inline]] inline float geluSlope(float given) {
    const float x = clamp(given, -13.0f, 13.0f);
    return normalBelow(x) + x * (0.39894228040143268f * fastExp(-0.5f * x * x));
}

[[gnu::always_inline]] inline float mishSlope(float given) {
    const float x = given > 20.0f ? 20.0f : given;
    const auto [e, n] = mishParts(x);
    const float below = 1.0f / (n + 2.0f);
    return n * below + x * (4.0f * e * (e + 1.0f)) * below * below;
}

[[gnu::always_inline]] inline float hardswishSlope(float x) {
    const float inner = x * (1.0f / 3.0f) + 0.5f, right = x >= 3.0f ? 1.0f : inner;
    return x <= -3.0f ? 0.0f : right;
}

}  // namespace

// A loop whose body is an expression of x and slope; the derivative's is multiplied with g.
#define QAT_ACTIVATION_LOOPS(NAME, VALUE, SLOPE)                                              \
    QAT_CLONES void NAME(const float* u, float* y, int64_t n, [[maybe_unused]] float slope) { \
        for (int64_t i = 0; i < n; ++i) {                                                     \
            const float x = u[i];                                                             \
            y[i] = VALUE;                                                                     \
        }                                                                                     \
    }                                                                                         \
    QAT_CLONES void NAME##Backward(const float* u, const float* g, float* out, int64_t n,     \
                                   [[maybe_unused]] float slope) {                            \
        for (int64_t i = 0; i < n; ++i) {                                                     \
            [[maybe_unused]] const float x = u[i];                                            \
            out[i] = g[i] * (SLOPE);                                                          \
        }                                                                                     \
    }

QAT_ACTIVATION_LOOPS(leakyRelu, (x < 0.0f ? x * slope : x), (x > 0.0f ? 1.0f : slope))
QAT_ACTIVATION_LOOPS(relu6, clamp(x, 0.0f, 6.0f), (x > 0.0f) & (x < 6.0f) ? 1.0f : 0.0f)
QAT_ACTIVATION_LOOPS(hardswish, (x * (clamp(x + 3.0f, 0.0f, 6.0f) * (1.0f / 6.0f))), hardswishSlope(x))
QAT_ACTIVATION_LOOPS(hardSigmoid, clamp(x + 3.0f, 0.0f, 6.0f) * (1.0f / 6.0f),
                     (x > -3.0f) & (x < 3.0f) ? 1.0f / 6.0f : 0.0f)
QAT_ACTIVATION_LOOPS(hardTanh, clamp(x, -1.0f, 1.0f), (x > -1.0f) & (x < 1.0f) ? 1.0f : 0.0f)
QAT_ACTIVATION_LOOPS(tanh, tanhOf(x), (1.0f - tanhOf(x)) * (1.0f + tanhOf(x)))
QAT_ACTIVATION_LOOPS(elu, x > 0.0f ? x : fastExpm1(x), x > 0.0f ? 1.0f : fastExp(x))
QAT_ACTIVATION_LOOPS(mish, (x * (mishParts(x).n / (mishParts(x).n + 2.0f))), mishSlope(x))
QAT_ACTIVATION_LOOPS(gelu, (x * normalBelow(x)), geluSlope(x))
QAT_ACTIVATION_LOOPS(geluTanh, (x * geluGate(clamp(x, -10.0f, 10.0f)).open), geluTanhSlope(x))
QAT_ACTIVATION_LOOPS(sine, std::sin(x), std::cos(x))
QAT_ACTIVATION_LOOPS(cosine, std::cos(x), -std::sin(x))
QAT_ACTIVATION_LOOPS(identity, x, 1.0f)

#undef QAT_ACTIVATION_LOOPS

}  // namespace loops

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
constexpr OnnxStep kSinSteps[]{{"Sin"}};
constexpr OnnxStep kCosSteps[]{{"Cos"}};
constexpr OnnxStep kIdentitySteps[]{{"Identity"}};

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

constexpr std::array<ActivationTraits, kActivationNames.size()> kActivationRows{{
    {.kind = ActivationKind::Relu,
     .least = 0,
     .usefulFloor = 0,
     .clips = true,
     .homogeneous = true,
     .value = [](float x, float) { return std::max(x, 0.0f); },
     .forward = [](const float* u, float* y, int64_t n, float) { loops::relu(u, y, n); },
     .backward = [](const float* u, const float* g, float* out, int64_t n,
                    float) { loops::reluBackward(u, g, out, n); },
     .oneDnn = {"eltwise_relu"},
     .portable = [](const at::Tensor& x, double) { return at::relu(x); },
     .onnx = kReluSteps},
    {.kind = ActivationKind::Silu,
     .least = -0.2785f,
     .usefulFloor = -6,
     .value = silu,
     .forward = [](const float* u, float* y, int64_t n, float) { loops::silu(u, y, n); },
     .backward = [](const float* u, const float* g, float* out, int64_t n,
                    float) { loops::siluBackward(u, g, out, n); },
     .oneDnn = {"eltwise_swish", 1},
     .portable = [](const at::Tensor& x, double) { return at::silu(x); },
     .onnx = kSiluSteps},
    // Scores: all that counts is told apart at the end.
    {.kind = ActivationKind::Sigmoid,
     .least = 0,
     .usefulFloor = kNone,
     .value = [](float x, float) { return static_cast<float>(logistic(x)); },
     .forward = [](const float* u, float* y, int64_t n, float) { loops::sigmoid(u, y, n); },
     .backward = nullptr,
     .portable = [](const at::Tensor& x, double) { return at::sigmoid(x); },
     .onnx = kSigmoidSteps},
    {.kind = ActivationKind::LeakyRelu,
     .least = kNone,
     .usefulFloor = kNone,
     .homogeneous = true,
     .hasSlope = true,
     .value = [](float x, float slope) { return x < 0 ? x * slope : x; },
     .forward = loops::leakyRelu,
     .backward = loops::leakyReluBackward,
     .oneDnn = {"eltwise_relu"},
     .portable = [](const at::Tensor& x, double slope) { return at::leaky_relu(x, slope); },
     .onnx = kLeakyReluSteps},
    {.kind = ActivationKind::Relu6,
     .least = 0,
     .usefulFloor = 0,
     .clips = true,
     .value = [](float x, float) { return std::clamp(x, 0.0f, 6.0f); },
     .forward = loops::relu6,
     .backward = loops::relu6Backward,
     .oneDnn = {"eltwise_clip", 0, 6},
     .portable = [](const at::Tensor& x, double) { return at::hardtanh(x, 0, 6); },
     .onnx = kRelu6Steps},
    {.kind = ActivationKind::Hardswish,
     .least = -0.375f,
     .usefulFloor = -3,
     .value = [](float x, float) { return x * std::clamp(x * kSixth + 0.5f, 0.0f, 1.0f); },
     .forward = loops::hardswish,
     .backward = loops::hardswishBackward,
     .portable = [](const at::Tensor& x, double) { return at::hardswish(x); },
     .onnx = kHardswishSteps},
    {.kind = ActivationKind::HardSigmoid,
     .least = 0,
     .usefulFloor = -3,
     .value = [](float x, float) { return std::clamp(x * kSixth + 0.5f, 0.0f, 1.0f); },
     .forward = loops::hardSigmoid,
     .backward = loops::hardSigmoidBackward,
     .portable = [](const at::Tensor& x, double) { return at::hardsigmoid(x); },
     .onnx = kHardSigmoidSteps},
    {.kind = ActivationKind::HardTanh,
     .least = -1,
     .usefulFloor = -1,
     .clips = true,
     .value = [](float x, float) { return std::clamp(x, -1.0f, 1.0f); },
     .forward = loops::hardTanh,
     .backward = loops::hardTanhBackward,
     .oneDnn = {"eltwise_clip", -1, 1},
     .portable = [](const at::Tensor& x, double) { return at::hardtanh(x); },
     .onnx = kHardTanhSteps},
    // Its results reach 1 only, where steps are finer than 0.03.
    {.kind = ActivationKind::Tanh,
     .least = -1,
     .usefulFloor = kNone,
     .value = [](float x, float) { return std::tanh(x); },
     .forward = loops::tanh,
     .backward = loops::tanhBackward,
     .portable = [](const at::Tensor& x, double) { return at::tanh(x); },
     .onnx = kTanhSteps},
    {.kind = ActivationKind::Elu,
     .least = -1,
     .usefulFloor = -4.2f,
     .value = [](float x, float) { return x > 0 ? x : std::expm1(x); },
     .forward = loops::elu,
     .backward = loops::eluBackward,
     .portable = [](const at::Tensor& x, double) { return at::elu(x); },
     .onnx = kEluSteps},
    {.kind = ActivationKind::Mish,
     .least = -0.30885f,
     .usefulFloor = -6,
     .value = mish,
     .forward = loops::mish,
     .backward = loops::mishBackward,
     .portable = [](const at::Tensor& x, double) { return at::mish(x); },
     .onnx = kMishSteps},
    {.kind = ActivationKind::Gelu,
     .least = -0.17f,
     .usefulFloor = -2.6f,
     .value = gelu,
     .forward = loops::gelu,
     .backward = loops::geluBackward,
     .portable = [](const at::Tensor& x, double) { return at::gelu(x); },
     .onnx = kGeluSteps},
    {.kind = ActivationKind::GeluTanh,
     .least = -0.1701f,
     .usefulFloor = -2.6f,
     .value = geluTanh,
     .forward = loops::geluTanh,
     .backward = loops::geluTanhBackward,
     .portable = [](const at::Tensor& x, double) { return at::gelu(x, "tanh"); },
     .onnx = kGeluTanhSteps},
    {.kind = ActivationKind::Sin,
     .least = -1,
     .usefulFloor = kNone,
     .value = [](float x, float) { return std::sin(x); },
     .forward = loops::sine,
     .backward = loops::sineBackward,
     .portable = [](const at::Tensor& x, double) { return at::sin(x); },
     .onnx = kSinSteps},
    {.kind = ActivationKind::Cos,
     .least = -1,
     .usefulFloor = kNone,
     .value = [](float x, float) { return std::cos(x); },
     .forward = loops::cosine,
     .backward = loops::cosineBackward,
     .portable = [](const at::Tensor& x, double) { return at::cos(x); },
     .onnx = kCosSteps},
    {.kind = ActivationKind::Identity,
     .least = kNone,
     .usefulFloor = kNone,
     .clips = true,
     .homogeneous = true,
     .value = [](float x, float) { return x; },
     .forward = loops::identity,
     .backward = loops::identityBackward,
     .portable = [](const at::Tensor& x, double) { return x.clone(); },
     .onnx = kIdentitySteps},
}};

// A row that is missing or stands elsewhere does not compile.
constexpr bool rowsAreInOrder() {
    for (size_t i = 0; i < kActivationRows.size(); ++i)
        if (kActivationRows[i].kind != static_cast<ActivationKind>(i) || !kActivationRows[i].forward ||
            !kActivationRows[i].portable || kActivationRows[i].onnx.empty())
            return false;
    return true;
}
static_assert(rowsAreInOrder());

}  // namespace

const ActivationTraits& traitsOf(ActivationKind kind) {
    return kActivationRows[static_cast<size_t>(kind)];
}

}  // namespace qat
