// Operators on codes, whole tensors: what forward() computes for Quantize, Dequantize, IntegerConv2d, IntegerAdd and
// Lookup, and the numbers that go with them.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <span>
#include <vector>

#include "ops/integer_loops.h"
#include "ops/op.h"

namespace qat {

// The grid of codes with qmin >= 0 (uint8) or below (int8). scale and zeroPoint: float [1].
loops::CodeGrid codeGrid(int64_t qmin, int64_t qmax, const at::Tensor& scale, const at::Tensor& zeroPoint);

// Layout of the result is that of x.
at::Tensor quantizeToCodes(const at::Tensor& x, const loops::CodeGrid& grid);
at::Tensor dequantizeCodes(const at::Tensor& codes, const at::Tensor& scale, const at::Tensor& zeroPoint);
at::Tensor lookUp(const at::Tensor& codes, const at::Tensor& table);
// scales, zeroPoints: float [3], of a, b and the result.
at::Tensor addCodes(const IntegerAdd& op, const at::Tensor& a, const at::Tensor& b, const at::Tensor& scales,
                    const at::Tensor& zeroPoints);

inline uint8_t* bytes(at::Tensor& codes) {
    return static_cast<uint8_t*>(codes.data_ptr());
}
inline const uint8_t* bytes(const at::Tensor& codes) {
    return static_cast<const uint8_t*>(codes.data_ptr());
}

// Sums of a convolution of codes by plain exact arithmetic (float64 holds every sum of a layer below 2^53 / 2^15
// products): int32 [N,O,H',W']. Slow; the yardstick of the packed kernels.
at::Tensor exactSums(const Conv2d& window, const at::Tensor& codes, const at::Tensor& zeroPoint,
                     const at::Tensor& weight);
// Result of an IntegerConv2d from its sums; in: the operator's inputs.
at::Tensor finishSums(const IntegerConv2d& op, const at::Tensor& sums, const std::vector<at::Tensor>& in);

// Bias on the grid inputScale * weightScales[c] (one scale or one a channel), rounded half to even; nothing if a code
// does not fit int32.
std::optional<std::vector<int32_t>> biasCodes(std::span<const float> bias, float inputScale,
                                              std::span<const float> weightScales);

}  // namespace qat
