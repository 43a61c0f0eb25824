// Arrays of numbers as NumPy writes them.
#include "import/npy.h"

#include <ATen/ATen.h>

#include "fuzz/target.h"
#include "import/byte_builders.h"

namespace qat::test {

FuzzVerdict judgeNpy(const std::string& bytes) {
    return verdictOn([&]() -> std::string {
        const at::Tensor tensor = parseNpy(bytesOf(bytes));
        if (tensor.nbytes() > bytes.size()) return "there are more numbers than the file holds";
        const at::Tensor back = parseNpy(bytesOf(npyBytes(tensor)));
        return back.sizes() == tensor.sizes() ? "" : "the shape differs between two readings";
    });
}

std::vector<std::string> npySeeds() {
    std::string second = npyBytes(at::ones({2}));
    second.replace(6, 4, std::string("\2\0", 2) + second.substr(8, 2) + std::string(2, '\0'));
    return {npyBytes(at::arange(6).view({1, 2, 3})), npyBytes(at::ones({})), npyBytes(at::ones({0, 4})), second};
}

}  // namespace qat::test
