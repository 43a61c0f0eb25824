// Tensors in, loops, tensors out.
#include "ops/integer_ops.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "ops/row_layout.h"

namespace qat {
namespace {

constexpr int64_t kGrain = 1 << 15;

float only(const at::Tensor& tensor) {
    require(tensor.numel() == 1, ErrorKind::BadInput, "codes have one scale and zero point a tensor, not ",
            tensor.numel());
    return tensor.data_ptr<float>()[0];
}

bool isSigned(const at::Tensor& codes) {
    return codes.scalar_type() == at::kChar;
}

// The tensor itself if its elements lie without gaps, else a copy that does.
at::Tensor dense(const at::Tensor& x) {
    if (x.is_non_overlapping_and_dense()) return x;
    return x.dim() == 4 ? x.contiguous(at::MemoryFormat::ChannelsLast) : x.contiguous();
}

at::Tensor likeAs(const at::Tensor& x, at::ScalarType type) {
    return at::empty_like(x, x.options().dtype(type));
}
at::ScalarType codeType(int64_t qmin) {
    return qmin < 0 ? at::kChar : at::kByte;
}

}  // namespace

loops::CodeGrid codeGrid(int64_t qmin, int64_t qmax, const at::Tensor& scale, const at::Tensor& zeroPoint) {
    require(qmin < qmax && (qmin >= 0 ? qmax <= 255 : qmin >= -128 && qmax <= 127), ErrorKind::Internal, "codes ", qmin,
            "..", qmax, " do not fit a byte");
    const float size = std::max(only(scale), std::numeric_limits<float>::min());
    return {size, only(zeroPoint), static_cast<float>(qmin), static_cast<float>(qmax), qmin < 0};
}

at::Tensor quantizeToCodes(const at::Tensor& input, const loops::CodeGrid& grid) {
    const at::Tensor x = dense(input);
    at::Tensor codes = likeAs(x, grid.isSigned ? at::kChar : at::kByte);
    at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
        loops::quantizeCodes(x.data_ptr<float>() + begin, bytes(codes) + begin, end - begin, grid);
    });
    return codes;
}

at::Tensor dequantizeCodes(const at::Tensor& input, const at::Tensor& scale, const at::Tensor& zeroPoint) {
    const at::Tensor codes = dense(input);
    at::Tensor x = likeAs(codes, at::kFloat);
    loops::CodeGrid grid;
    grid.scale = only(scale), grid.zeroPoint = only(zeroPoint), grid.isSigned = isSigned(codes);
    at::parallel_for(0, x.numel(), kGrain, [&](int64_t begin, int64_t end) {
        loops::dequantizeCodes(bytes(codes) + begin, x.data_ptr<float>() + begin, end - begin, grid);
    });
    return x;
}

at::Tensor lookUp(const at::Tensor& input, const at::Tensor& table) {
    require(table.numel() == 256, ErrorKind::Internal, "a table of ", table.numel(), " codes");
    const at::Tensor codes = dense(input);
    at::Tensor out = likeAs(codes, table.scalar_type());
    at::parallel_for(0, codes.numel(), kGrain, [&](int64_t begin, int64_t end) {
        loops::lookUp(bytes(codes) + begin, bytes(table), bytes(out) + begin, end - begin, isSigned(codes));
    });
    return out;
}

// As ONNX Runtime adds: both ratios and one constant in float32, then rounded.
at::Tensor addCodes(const IntegerAdd& op, const at::Tensor& first, const at::Tensor& second, const at::Tensor& scales,
                    const at::Tensor& zeroPoints) {
    const at::Tensor a = dense(first);
    const at::Tensor b = second.is_non_overlapping_and_dense() && second.strides() == a.strides()
                             ? second
                             : at::empty_like(a, second.options()).copy_(second);
    const float* s = scales.data_ptr<float>();
    const float* z = zeroPoints.data_ptr<float>();
    const float ratioA = s[0] / s[2], ratioB = s[1] / s[2];
    const float fixed = z[2] - (ratioA * z[0] + ratioB * z[1]);
    at::Tensor out = likeAs(a, codeType(op.qmin));
    const loops::CodeGrid grid{s[2], z[2], static_cast<float>(op.qmin), static_cast<float>(op.qmax), op.qmin < 0};
    at::parallel_for(0, a.numel(), kGrain, [&](int64_t begin, int64_t end) {
        loops::addCodes(bytes(a) + begin, bytes(b) + begin, bytes(out) + begin, end - begin, ratioA, ratioB, fixed,
                        grid, isSigned(a), isSigned(b));
    });
    return out;
}

at::Tensor exactSums(const Conv2d& window, const at::Tensor& codes, const at::Tensor& zeroPoint,
                     const at::Tensor& weight) {
    const at::Tensor x = codes.to(at::kDouble) - only(zeroPoint);
    return at::conv2d(x, weight.to(at::kDouble), {}, window.stride, window.padding, window.dilation, window.groups)
        .to(at::kInt);
}

at::Tensor finishSums(const IntegerConv2d& op, const at::Tensor& input, const std::vector<at::Tensor>& in) {
    const at::Tensor sums = input.contiguous(at::MemoryFormat::ChannelsLast);
    const RowLayout layout(sums);
    const float* factor = in[4].data_ptr<float>();
    at::Tensor y = likeAs(sums, op.requantize ? codeType(op.qmin) : at::kFloat);
    loops::CodeGrid grid;
    if (op.requantize) grid = codeGrid(op.qmin, op.qmax, at::ones({1}), in[5]);
    layout.forEachBlock([&](int64_t block) {
        const int64_t at = layout.offsetOf(block), rows = layout.rowsOf(block);
        const int32_t* from = sums.data_ptr<int32_t>() + at;
        if (!op.requantize)
            return loops::scaleSums(from, in[3].data_ptr<float>(), factor, y.data_ptr<float>() + at, rows,
                                    layout.channels);
        thread_local std::vector<float> scaled;
        scaled.resize(static_cast<size_t>(rows * layout.channels));
        loops::scaleBiasedSums(from, in[3].data_ptr<int32_t>(), factor, scaled.data(), rows, layout.channels);
        loops::roundCodes(scaled.data(), bytes(y) + at, rows * layout.channels, grid);
    });
    return y;
}

std::optional<std::vector<int32_t>> biasCodes(std::span<const float> bias, float inputScale,
                                              std::span<const float> weightScales) {
    std::vector<int32_t> codes(bias.size());
    for (size_t i = 0; i < bias.size(); ++i) {
        const float scale = inputScale * weightScales[weightScales.size() == 1 ? 0 : i];
        const double code = std::nearbyint(static_cast<double>(bias[i]) / scale);
        if (!(std::abs(code) <= std::numeric_limits<int32_t>::max())) return std::nullopt;
        codes[i] = static_cast<int32_t>(code);
    }
    return codes;
}

}  // namespace qat
