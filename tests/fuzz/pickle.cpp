// Pickles by themselves.
#include "import/pickle.h"

#include "fuzz/pickled_model.h"
#include "fuzz/target.h"

namespace qat::test {

std::string pickledModel() {
    PickleBuilder builder;
    builder.proto().code("}(").text("epoch").integer(3).text("model").symbol("net", "Model").code(")\x81q\1}(");
    builder.text("_parameters").orderedDict().code("(").text("weight");
    builder.tensor("FloatStorage", "0", 4, 0, {2, 2}, {2, 1});
    builder.code("u").text("_buffers").orderedDict().text("_modules").orderedDict();
    builder.text("names").code("}").integer(0).text("cat").code("s");
    builder.text("stride").code("](").real(8).integer(16).code("eubu");
    return builder.stop();
}

FuzzVerdict judgePickle(const std::string& bytes) {
    return verdictOn([&]() -> std::string {
        const Pickle pickle = unpickle(bytesOf(bytes));
        if (pickle.end > bytes.size()) return "it ends after the bytes";
        return pickle.nodes.size() <= bytes.size() ? "" : "it has more objects than bytes";
    });
}

std::vector<std::string> pickleSeeds() {
    const auto alone = [](const std::string& code) { return PickleBuilder().proto().code(code).stop(); };
    return {pickledModel(),
            PickleBuilder().proto().integer(int64_t{1} << 40).stop(),
            PickleBuilder().proto().code("](").real(0.5).integer(-1).code("\x88\x89Ne").stop(),
            alone("}(U\1aK\1U\1bK\2u"),
            alone("(K\1K\2tq\0h\0\x86"),
            alone("cbuiltins\nset\n]\x85R")};
}

}  // namespace qat::test
