// The fast form of IntegerConv2d with what follows it: sums by oneDNN, then bias, scaling, activation and codes in one
// pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "ops/integer_loops.h"
#include "ops/op.h"
#include "ops/packed_conv.h"

namespace qat {

// What is done to the result of the convolution itself; at most one of the two forms.
struct IntegerEpilogue {
    at::Tensor table;                      // after `requantize`: the codes go through this table
    std::optional<Activation> activation;  // without: in float
    std::optional<loops::CodeGrid> grid;   // without: codes of the result
};

class IntegerConv {
public:
    // in: the operator's inputs but the first, which is undefined here.
    IntegerConv(const IntegerConv2d& op, const std::vector<at::Tensor>& in, IntegerEpilogue tail);

    // codes [N,C,H,W] -> codes or float [N,O,H',W'], bit for bit what forward() computes step by step.
    at::Tensor run(const at::Tensor& codes);

private:
    at::Tensor sumsOf(const at::Tensor& codes);

    IntegerConv2d m_op;
    std::vector<at::Tensor> m_inputs;
    IntegerEpilogue m_tail;
    std::optional<PackedConv> m_packed;
    bool m_bytes;  // oneDNN on bytes, else on whole floats
};

}  // namespace qat
