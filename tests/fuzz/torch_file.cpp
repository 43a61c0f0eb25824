// PyTorch's two containers, down to the tensors.
#include "import/torch_file.h"

#include "fuzz/pickled_model.h"
#include "fuzz/target.h"

namespace qat::test {

FuzzVerdict judgeTorchFile(const std::string& bytes) {
    return verdictOn([&]() -> std::string {
        const std::span<const std::byte> file = bytesOf(bytes);
        const Checkpoint checkpoint = isLegacyTorchFile(file) ? readLegacyTorchFile(file) : readTorchZip(file);
        for (const NamedTensor& named : checkpoint.tensors)
            if (!named.tensor) return "the tensor " + named.name + " is missing";
        return "";
    });
}

std::vector<std::string> torchFileSeeds() {
    PickleBuilder weights;
    weights.proto().orderedDict().code("(").text("w").tensor("FloatStorage", "0", 4, 1, {3}, {1}).code("u");
    // A TorchScript program, and quantizers beside weights.
    PickleBuilder script, quantized;
    script.proto().symbol("__torch__", "Net").code(")\x81}").text("w").tensor("FloatStorage", "0", 4, 0, {4}, {1});
    quantized.proto()
        .code("}(")
        .text("model")
        .code("}")
        .text("w")
        .tensor("FloatStorage", "0", 4, 1, {3}, {1})
        .code("s");
    quantized.text("modelopt").code("}").text("a.input_quantizer").code("}").text("_amax").real(2).code("ss");
    return {makeTorchZip(script.code("sb").stop(), {{"0", pickledModelStorage()}}),
            makeTorchZip(quantized.text("yaml").code("}").text("nc").integer(2).code("su").stop(),
                         {{"0", pickledModelStorage()}}),
            makeTorchZip(pickledModel(), {{"0", pickledModelStorage()}}),
            makeTorchZip(weights.stop(), {{"0", pickledModelStorage()}}),
            makeLegacy(pickledModel(), {{"0", 4, pickledModelStorage()}})};
}

}  // namespace qat::test
