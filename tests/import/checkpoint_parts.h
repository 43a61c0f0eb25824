// Checkpoints taken apart and put together by tests.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "import/checkpoint.h"

namespace qat::test {

inline TensorPtr own(at::Tensor tensor) {
    return std::make_shared<at::Tensor>(std::move(tensor));
}

inline std::vector<std::string> namesOf(const Checkpoint& checkpoint) {
    std::vector<std::string> names;
    for (const NamedTensor& named : checkpoint.tensors) names.push_back(named.name);
    return names;
}

}  // namespace qat::test
