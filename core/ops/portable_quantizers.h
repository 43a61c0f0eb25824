// The quantizing operators of ops/portable.h.
#pragma once

#include <ATen/core/Tensor.h>

#include "ops/compute.h"

namespace qat::portable {

at::Tensor fakeQuantize(const FakeQuantize& op, const Tensors& in);
at::Tensor quantize(const Quantize& op, const Tensors& in);
at::Tensor dequantize(const Tensors& in);
at::Tensor integerConv(const IntegerConv2d& op, const Tensors& in);
at::Tensor integerMatMul(const IntegerMatMul& op, const Tensors& in);
at::Tensor integerAdd(const IntegerAdd& op, const Tensors& in);
at::Tensor lookUp(const Tensors& in);

}  // namespace qat::portable
