// From an operator to its group.
#include "ops/forward.h"

#include <ATen/ATen.h>

#include "ops/compute.h"
#include "ops/portable.h"

namespace qat {
namespace {

Tensors computed(const Op& op, const Tensors& inputs, bool train, OpForm form) {
    return std::visit([&](const auto& one) { return compute(&one, inputs, train, form); }, op);
}

}  // namespace

std::vector<at::Tensor> forward(const Op& op, const std::vector<at::Tensor>& inputs, bool train) {
    return computed(op, inputs, train, OpForm::Fast);
}

std::vector<at::Tensor> portableForward(const Op& op, const std::vector<at::Tensor>& inputs, bool train) {
    return computed(op, inputs, train, OpForm::Portable);
}

}  // namespace qat
