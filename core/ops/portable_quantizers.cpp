// Rounding as a constant plus terms whose derivatives are the published ones.
#include "ops/portable_quantizers.h"

#include <ATen/ATen.h>

#include <limits>
#include <numbers>

#include "ops/fake_quantize.h"

namespace qat::portable {
namespace {

constexpr double kLeastScale = std::numeric_limits<float>::min();

// What a quantizer makes of x: y = codes * scale.
struct Rounded {
    at::Tensor codes;   // without the zero point
    at::Tensor inside;  // 1 where the gradient passes to x, else 0
    at::Tensor ratio;   // x / scale
};

// As ops/number_format.h, on tensors.
at::Tensor roundToFormat(const at::Tensor& x, const FloatFormat& format) {
    const at::Tensor power = at::exp2((std::get<1>(at::frexp(x)) - 1).to(x.scalar_type()));
    const at::Tensor least = at::full_like(power, std::exp2(format.leastExponent));
    const at::Tensor shift = at::maximum(power, least) * (1.5 * std::exp2(23 - format.mantissaBits));
    return (x + shift) - shift;
}

// The division is a product with the inverse in float, as the loops have it.
Rounded roundedBy(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zero) {
    const auto type = x.scalar_type();
    const at::Tensor ratio = x.to(at::kFloat) * scale.to(at::kFloat).reciprocal();
    at::Tensor codes, inside;
    if (op.format == NumberFormat::Binary) {
        codes = at::where(x.lt(0), -at::ones_like(x), at::ones_like(x)) + x * 0;  // NaN stays NaN
        inside = op.weight ? at::ones_like(x, at::kBool) : x.abs().le(scale);
    } else if (isFloat(op.format)) {
        const FloatFormat format = floatFormat(op.format);
        const at::Tensor rounded = roundToFormat(at::clamp(ratio, -2.0 * format.largest, 2.0 * format.largest), format);
        codes = at::clamp(rounded, -format.largest, format.largest);
        inside = rounded.abs().le(format.largest);
    } else {
        const at::Tensor rounded = at::round(ratio) + zero.to(at::kFloat);
        codes = at::clamp(rounded, op.qmin, op.qmax) - zero.to(at::kFloat);
        inside = rounded.ge(op.qmin).logical_and(rounded.le(op.qmax));
    }
    return {codes.to(type), inside.to(type), ratio.to(type)};
}

at::Tensor plainScale(const FakeQuantize& op, const at::Tensor& held) {
    const at::Tensor scale = op.scaleForm == ScaleForm::Plain        ? held
                             : op.scaleForm == ScaleForm::PowerOfTwo ? at::exp2(at::round(held))
                                                                     : at::exp2(held);
    return at::clamp(scale, std::max(op.floor, kLeastScale), std::numeric_limits<float>::max());
}

// Factor of the gradient of what the scale input holds, one number a scale.
at::Tensor scaleFactor(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zero) {
    at::Tensor factor = at::full_like(scale, scaleGradientFactor(op, x.sizes().vec()));
    if (op.mode == FakeQuantMode::Pact)
        factor = op.gradFactor / at::maximum((zero - op.qmax).abs(), (zero - op.qmin).abs()).square();
    return op.scaleForm == ScaleForm::Plain ? factor : factor * scale * std::numbers::ln2;
}

// Zero, with the gradients of a quantizer for x and for what its inputs hold.
at::Tensor gradientTerms(const FakeQuantize& op, const Tensors& in, const Rounded& rounded, const at::Tensor& scale,
                         const at::Tensor& zero) {
    const at::Tensor& x = in[0];
    const bool learns = op.mode != FakeQuantMode::Ste || op.learnOffset;
    at::Tensor smooth = rounded.inside * x * (learns ? 1.0 : op.gradFactor);
    if (op.mode != FakeQuantMode::Ste) {
        const at::Tensor error = op.mode == FakeQuantMode::Pact ? at::zeros_like(x) : rounded.codes - rounded.ratio;
        const at::Tensor slope =
            op.format == NumberFormat::Binary ? rounded.codes : at::where(rounded.inside.gt(0), error, rounded.codes);
        smooth = smooth + slope * spreadOver(op, x, in[1] * scaleFactor(op, x, scale, zero));
    }
    if (op.learnOffset) {
        const at::Tensor slope = -scale.reciprocal() * scaleGradientFactor(op, x.sizes().vec());
        smooth = smooth + (1 - rounded.inside) * spreadOver(op, x, in[2] * slope);
    }
    return smooth - smooth.detach();
}

at::ScalarType codeType(int64_t qmin) {
    return qmin < 0 ? at::kChar : at::kByte;
}

// Rounded half to even on the grid, as codes.
at::Tensor onGrid(const at::Tensor& steps, const at::Tensor& zero, int64_t qmin, int64_t qmax) {
    return at::clamp(at::round(steps) + zero, qmin, qmax).to(codeType(qmin));
}

at::Tensor channelwise(const at::Tensor& vector) {
    return vector.reshape({1, -1, 1, 1});
}

}  // namespace

at::Tensor fakeQuantize(const FakeQuantize& op, const Tensors& in) {
    const at::Tensor x = in[0].detach(), scale = plainScale(op, in[1].detach());
    const at::Tensor zero = op.learnOffset ? at::clamp(at::round(in[2].detach()), op.qmin, op.qmax) : in[2].detach();
    const at::Tensor spreadScale = spreadOver(op, x, scale);
    const Rounded rounded = roundedBy(op, x, spreadScale, spreadOver(op, x, zero));
    const at::Tensor y = rounded.codes * spreadScale;
    return at::GradMode::is_enabled() ? y + gradientTerms(op, in, rounded, scale, zero) : y;
}

at::Tensor quantize(const Quantize& op, const Tensors& in) {
    return onGrid(in[0] / at::clamp_min(in[1], kLeastScale), in[2], op.qmin, op.qmax);
}

at::Tensor dequantize(const Tensors& in) {
    return (in[0].to(at::kFloat) - in[2]) * in[1];
}

at::Tensor integerConv(const IntegerConv2d& op, const Tensors& in) {
    const at::Tensor sums = at::round(at::conv2d(in[0].to(at::kDouble) - in[1].to(at::kDouble), in[2].to(at::kDouble),
                                                 {}, op.stride, op.padding, op.dilation, op.groups));
    if (!op.requantize) return sums.to(at::kFloat) * channelwise(in[4]) + channelwise(in[3]);
    return onGrid((sums + channelwise(in[3])).to(at::kFloat) * channelwise(in[4]), in[5], op.qmin, op.qmax);
}

// Whole numbers below 2^53 add up exactly, in any order.
at::Tensor integerMatMul(const IntegerMatMul& op, const Tensors& in) {
    const at::Tensor sums =
        at::matmul(in[0].to(at::kDouble) - in[1].to(at::kDouble), in[2].to(at::kDouble) - in[3].to(at::kDouble));
    const at::Tensor scaled = sums.to(at::kFloat) * in[4];
    return op.requantize ? onGrid(scaled, in[5], op.qmin, op.qmax) : scaled;
}

at::Tensor integerAdd(const IntegerAdd& op, const Tensors& in) {
    const at::Tensor ratios = in[2] / in[2][2], zeros = in[3];
    const at::Tensor fixed = zeros[2] - (zeros[0] * ratios[0] + zeros[1] * ratios[1]);
    const at::Tensor steps = in[0].to(at::kFloat) * ratios[0] + (in[1].to(at::kFloat) * ratios[1] + fixed);
    return onGrid(steps, at::zeros_like(fixed), op.qmin, op.qmax);
}

at::Tensor lookUp(const Tensors& in) {
    const int64_t shift = in[0].scalar_type() == at::kChar ? 128 : 0;
    return in[1].index_select(0, in[0].to(at::kLong).add(shift).flatten()).reshape(in[0].sizes());
}

}  // namespace qat::portable
