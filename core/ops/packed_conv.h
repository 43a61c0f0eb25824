// Convolutions whose weights do not change, on oneDNN: weights are brought into the kernel's own order once, and the
// activation is applied while results are in registers. Data is channels-last.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

#include "ops/op.h"

namespace qat {

class PackedConv {
public:
    // weight: float [O,C/groups,kh,kw], bias: float [O] or undefined. activation: applied to the result, one that
    // canApply().
    PackedConv(const Conv2d& window, const at::Tensor& weight, const at::Tensor& bias,
               std::optional<Activation> activation);

    // Sums of integers: weight int8, data uint8 or int8 codes with this zero point, results int32 stored in a float
    // tensor's memory. Exact only where integersAreExact().
    PackedConv(const Conv2d& window, const at::Tensor& weight, bool signedData, int32_t zeroPoint);

    // Whether the kernels compute it on their results.
    static bool canApply(const Activation& activation);

    PackedConv(PackedConv&&) noexcept;
    ~PackedConv();

    // x [N,C,H,W] -> float [N,O,H',W'] (its bits are int32 in the integer case). Throws Error{BadInput} if the sizes do
    // not fit.
    at::Tensor run(const at::Tensor& x);

    // Whether this processor multiplies bytes without saturating in between (it has VNNI).
    static bool integersAreExact();

private:
    struct State;
    std::unique_ptr<State> m_state;
};

// Rows and columns of the result for data of that size; at most 0 where the window does not fit.
Pair outputSize(const Conv2d& window, Pair kernel, Pair size);

// [N,O,H',W'] for a weight [O,C/g,kh,kw] and data [N,C,H,W]. Throws Error{BadInput} if they do not fit.
std::vector<int64_t> resultSizes(const Conv2d& window, at::IntArrayRef weight, at::IntArrayRef data);

}  // namespace qat
