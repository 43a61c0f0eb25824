// Copies stored tensors out of libtorch.
#include "export/stored_values.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace qat {

std::vector<float> storedFloats(const Value& value) {
    require(value.data && value.data->defined(), ErrorKind::BadInput, value.name, " has no tensor");
    const at::Tensor numbers = value.data->detach().to(at::kCPU, at::kFloat).contiguous();
    require(numbers.sizes().vec() == value.shape, ErrorKind::BadInput, value.name,
            " holds a tensor of another shape than it declares");
    const float* first = numbers.data_ptr<float>();
    std::vector<float> copied(first, first + numbers.numel());
    require(std::ranges::all_of(copied, [](float x) { return std::isfinite(x); }), ErrorKind::BadInput, value.name,
            " holds numbers that are not finite");
    return copied;
}

}  // namespace qat
