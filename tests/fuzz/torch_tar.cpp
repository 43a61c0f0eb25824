// The tar archives of PyTorch before 0.2, down to the tensors.
#include "import/torch_tar.h"

#include "fuzz/pickled_model.h"
#include "fuzz/target.h"

namespace qat::test {

FuzzVerdict judgeTorchTar(const std::string& bytes) {
    return verdictOn([&]() -> std::string {
        const Checkpoint checkpoint = readTorchTar(bytesOf(bytes));
        for (const NamedTensor& named : checkpoint.tensors)
            if (!named.tensor) return "the tensor " + named.name + " is missing";
        return "";
    });
}

std::vector<std::string> torchTarSeeds() {
    const std::string floats = raw<float>({1, 2, 3, 4});
    const std::string weights = PickleBuilder().proto().code("}").text("w").text("8").code("Qs").stop();
    const std::string views =
        PickleBuilder().code("]((").integer(9).integer(7).integer(1).integer(2).code("te").bytes();
    return {makeTorchTar(weights, {{7, 4, "FloatStorage", floats}}, {{8, 7, {2, 2}, {2, 1}, 0}}),
            makeTorchTar(weights, {{7, 4, "FloatStorage", floats}}, {{8, 9, {2}, {1}, 0}}, views),
            makeTorchTar(weights, {}, {{8, 0, {}, {}, 0}})};
}

}  // namespace qat::test
