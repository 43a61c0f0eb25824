// Safetensors files.
#include "import/safetensors.h"

#include "fuzz/target.h"
#include "import/byte_builders.h"

namespace qat::test {

FuzzVerdict judgeSafetensors(const std::string& bytes) {
    return verdictOn([&]() -> std::string {
        const Safetensors kept = parseSafetensors(bytesOf(bytes), Elements::Keep);
        const Safetensors widened = parseSafetensors(bytesOf(bytes), Elements::Widen);
        if (kept.metadata != widened.metadata) return "the metadata differ between two readings";
        for (const NamedTensor& named : kept.tensors)
            if (!named.tensor) return "the tensor " + named.name + " is missing";
        return kept.tensors.size() == widened.tensors.size() ? "" : "two readings have not as many tensors";
    });
}

std::vector<std::string> safetensorsSeeds() {
    return {makeSafetensors("{}", ""),
            makeSafetensors(R"({"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]}})",
                            "12345678"),
            makeSafetensors(R"({"b":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},)"
                            R"("h":{"shape":[1],"data_offsets":[2,4],"dtype":"BF16"},)"
                            R"("d":{"dtype":"F64","shape":[],"data_offsets":[4,12]}}  )",
                            std::string("\0\1\0\x40", 4) + little(0.5)),
            makeSafetensors(R"({"a":{"dtype":"I64","shape":[0],"data_offsets":[0,0]}})", "")};
}

}  // namespace qat::test
