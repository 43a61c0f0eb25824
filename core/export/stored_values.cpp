// Stored tensors, checked.
#include "export/stored_values.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace qat {

std::span<const float> numbersIn(const at::Tensor& tensor) {
    return {tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel())};
}

at::Tensor storedTensor(const Value& value) {
    require(value.data && value.data->defined(), ErrorKind::BadInput, value.name, " has no tensor");
    const at::Tensor numbers = value.data->detach().to(at::kCPU, at::kFloat).contiguous();
    require(numbers.sizes().vec() == value.shape, ErrorKind::BadInput, value.name,
            " holds a tensor of another shape than it declares");
    require(std::ranges::all_of(numbersIn(numbers), [](float x) { return std::isfinite(x); }), ErrorKind::BadInput,
            value.name, " holds numbers that are not finite");
    return numbers;
}

std::vector<float> storedFloats(const Value& value) {
    const at::Tensor numbers = storedTensor(value);
    return {numbersIn(numbers).begin(), numbersIn(numbers).end()};
}

}  // namespace qat
