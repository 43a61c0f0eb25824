#include "graph/constant_numbers.h"

#include <ATen/ATen.h>

namespace qat {

TensorPtr tensorOf(const std::vector<float>& numbers) {
    return std::make_shared<at::Tensor>(at::tensor(numbers));
}

std::vector<float> numbersOf(const at::Tensor& tensor) {
    const at::Tensor row = tensor.cpu().contiguous();
    return {row.data_ptr<float>(), row.data_ptr<float>() + row.numel()};
}

}  // namespace qat
