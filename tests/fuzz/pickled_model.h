// A small pickled module with one tensor: seed of the readers of pickles and of PyTorch's files.
#pragma once

#include <string>

#include "import/byte_builders.h"

namespace qat::test {

// The pickle; its storage "0" holds four floats.
std::string pickledModel();

inline std::string pickledModelStorage() {
    return raw<float>({1, 2, 3, 4});
}

}  // namespace qat::test
