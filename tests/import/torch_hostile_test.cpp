// PyTorch files made to break a reader: every one must end in a sentence, soon and in little memory.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "import/byte_builders.h"
#include "import/torch_file.h"

namespace qat::test {
namespace {

const std::string kStoredFloats = raw<float>({1, 2, 3, 4});

std::string zipError(const std::string& pickle, const std::string& storage = kStoredFloats) {
    const std::string file = makeTorchZip(pickle, {{"0", storage}});
    return badInput([&] { readTorchZip(bytesOf(file)); });
}

std::string tensorError(std::string_view storageClass, int64_t elements, int64_t offset,
                        const std::vector<int64_t>& shape, const std::vector<int64_t>& strides) {
    PickleBuilder builder;
    builder.proto().code("}").text("w").tensor(storageClass, "0", elements, offset, shape, strides).code("s");
    return zipError(builder.stop());
}

TEST(TorchHostile, RejectsTensorsOutsideTheirStorage) {
    const std::string tensor = "tensor \"w\": ";
    EXPECT_EQ(tensorError("FloatStorage", 4, 0, {4}, {1}), "no error");
    EXPECT_EQ(tensorError("FloatStorage", 4, 1, {4}, {1}),
              tensor + "its last element is number 4 of a storage that has 4");
    EXPECT_EQ(tensorError("FloatStorage", 4, -1, {1}, {1}), tensor + "the offset -1 is negative");
    EXPECT_EQ(tensorError("FloatStorage", 4, 3, {4}, {-1}), tensor + "the stride -1 is negative");
    EXPECT_EQ(tensorError("FloatStorage", 4, 0, {INT64_MAX, 2}, {1, 1}),
              tensor + "it has more elements than the file can hold");
    EXPECT_EQ(tensorError("FloatStorage", 4, 0, {int64_t{1} << 40}, {0}),
              tensor + "it has more elements than the file can hold");
    EXPECT_EQ(tensorError("FloatStorage", 5, 0, {4}, {1}),
              tensor + "its storage \"0\" has 16 bytes where 5 elements of 4 are announced");
    EXPECT_EQ(tensorError("FloatStorage", INT64_MAX, 0, {4}, {1}),
              tensor + "its storage \"0\" has 16 bytes where 9223372036854775807 elements of 4 are announced");
    EXPECT_EQ(tensorError("ComplexFloatStorage", 4, 0, {4}, {1}),
              tensor + "tensors of \"torch.ComplexFloatStorage\" are not supported");
    EXPECT_EQ(tensorError("FloatStorage", -4, 0, {4}, {1}), tensor + "a persistent id does not describe a storage");
}

TEST(TorchHostile, RejectsQuantizedAndSparseTensors) {
    const std::string bytes =
        PickleBuilder().proto().code("}").text("w").symbol("torch._utils", "_rebuild_qtensor").code(")Rs").stop();
    EXPECT_EQ(zipError(bytes), "tensor \"w\": tensors made by \"torch._utils._rebuild_qtensor\" are not supported");
}

TEST(TorchHostile, EndsTensorsThatWrapThemselves) {
    // A parameter whose arguments list holds the parameter itself cannot be a tuple, so lists are refused at once.
    const std::string list = PickleBuilder().proto().symbol("torch._utils", "_rebuild_parameter").code("]R").stop();
    EXPECT_NE(zipError(list).find("arguments are not a tuple"), std::string::npos);
    PickleBuilder nested;
    nested.proto().code("}").text("w");
    for (int i = 0; i < 100000; ++i) nested.symbol("torch._utils", "_rebuild_parameter");
    nested.code("N");
    for (int i = 0; i < 100000; ++i) nested.code("\x85R");
    EXPECT_EQ(zipError(nested.code("s").stop()), "it holds neither a model nor a state dict: its entries are \"w\"");
}

// A module whose child, memo entry 1, is the module itself.
TEST(TorchHostile, EndsModulesThatContainThemselves) {
    PickleBuilder builder;
    builder.proto().symbol("net", "Model").code(")\x81q\1}(").text("_parameters").code("}").text("_buffers").code("}");
    builder.text("_modules").code("}").text("again").code("h\1sub");
    EXPECT_EQ(zipError(builder.stop()), "modules are nested more than 100 deep");
}

// Sixty modules, each of which holds the next one twice: 2^60 names if they were all visited.
TEST(TorchHostile, EndsModulesThatMultiply) {
    PickleBuilder builder;
    builder.proto().code("(");
    for (int level = 0; level < 60; ++level) {
        const std::string slot(1, static_cast<char>(level + 1)), previous(1, static_cast<char>(level));
        builder.symbol("net", "Model").code(")\x81}(").text("_parameters").code("}").text("_modules").code("}(");
        if (level > 0) builder.text("a").code("h" + previous).text("b").code("h" + previous);
        builder.code("uubq" + slot);
    }
    // What is left is the last module: POP_MARK, then fetch it.
    builder.code("1h").code(std::string(1, 60));
    EXPECT_EQ(zipError(builder.stop()), "the model has more than 50000 modules");
}

// Many names for one expanded tensor: each is small enough, together they are not.
TEST(TorchHostile, BoundsTheSumOfTensors) {
    PickleBuilder builder;
    builder.proto().code("}(").text("w0").tensor("FloatStorage", "0", 4, 0, {300000}, {0}).code("q\1");
    for (int i = 1; i < 10; ++i) builder.text(str("w", i)).code("h\1");
    EXPECT_EQ(zipError(builder.code("u").stop()), "tensor \"w3\": it has more elements than the file can hold");
}

TEST(TorchHostile, RejectsNonsenseInAttributes) {
    const auto error = [](auto addState) {
        PickleBuilder builder;
        builder.proto().symbol("net", "Model").code(")\x81}(").text("_modules").code("}").text("_parameters").code("}");
        builder.text("w").tensor("FloatStorage", "0", 4, 0, {4}, {1}).code("s");
        addState(builder);
        return zipError(builder.code("ub").stop());
    };
    EXPECT_EQ(error([](PickleBuilder&) {}), "no error");
    EXPECT_EQ(error([](PickleBuilder& b) { b.text("nc").integer(int64_t{1} << 40); }), "it has 1099511627776 classes");
    EXPECT_EQ(error([](PickleBuilder& b) { b.text("names").code("}").integer(5).text("cat").code("s"); }),
              "the class names are not numbered from 0 on");
    EXPECT_EQ(error([](PickleBuilder& b) { b.text("names").code("]").text("c\xff").code("a"); }),
              "the class name \"c?\" is not UTF-8");
    EXPECT_EQ(error([](PickleBuilder& b) { b.text("stride").code("]").real(0.5).code("a"); }),
              "its stride 0.5 is not a small integer");
    EXPECT_EQ(error([](PickleBuilder& b) { b.text("_modules").code("}").text("x").integer(1).code("s"); }),
              "\"x.\" is not a module");
    EXPECT_EQ(error([](PickleBuilder& b) { b.text("_parameters").code("}").text("x").integer(1).code("s"); }),
              "tensor \"x\": it is not a tensor");
}

// A small model whose every byte matters.
std::string smallPickle() {
    PickleBuilder builder;
    builder.proto().code("}(").text("epoch").integer(3).text("model").symbol("net", "Model").code(")\x81q\1}(");
    builder.text("_parameters")
        .orderedDict()
        .code("(")
        .text("weight")
        .tensor("FloatStorage", "0", 4, 0, {2, 2}, {2, 1});
    builder.code("u").text("_buffers").orderedDict().text("_modules").orderedDict().code("(").text("child");
    builder.symbol("net", "Leaf").code(")\x81}(").text("_parameters").code("}").text("_modules").code("}ub");
    builder.code("u").text("names").code("}").integer(0).text("cat").code("s");
    builder.text("stride").code("](").real(8).integer(16).code("eubu");
    return builder.stop();
}

TEST(TorchHostile, RejectsEveryTruncation) {
    const std::string zip = makeTorchZip(smallPickle(), {{"0", kStoredFloats}});
    const std::string legacy = makeLegacy(smallPickle(), {{"0", 4, kStoredFloats}});
    ASSERT_EQ(badInput([&] { readTorchZip(bytesOf(zip)); }), "no error");
    ASSERT_EQ(badInput([&] { readLegacyTorchFile(bytesOf(legacy)); }), "no error");
    const auto expectError = [](const std::string& error, size_t length) {
        EXPECT_NE(error, "no error") << length;
        EXPECT_EQ(error.find("another kind"), std::string::npos) << length << ": " << error;
    };
    for (size_t length = 0; length < zip.size(); ++length)
        expectError(badInput([&] { readTorchZip(bytesOf(zip.substr(0, length))); }), length);
    for (size_t length = 0; length < legacy.size(); ++length)
        expectError(badInput([&] { readLegacyTorchFile(bytesOf(legacy.substr(0, length))); }), length);
    const std::string pickle = smallPickle();
    for (size_t length = 0; length < pickle.size(); ++length) expectError(zipError(pickle.substr(0, length)), length);
}

std::string mutated(std::string bytes, Random& random) {
    for (int64_t i = random.below(4); i >= 0; --i) {
        const auto at = static_cast<size_t>(random.below(static_cast<int64_t>(bytes.size())));
        if (random.below(4) == 0)
            bytes.erase(at, 1);
        else
            bytes[at] = static_cast<char>(random.next());
    }
    return bytes;
}

TEST(TorchHostile, NeverCrashesOnMutations) {
    const std::string pickle = smallPickle(), zip = makeTorchZip(pickle, {{"0", kStoredFloats}});
    const std::string legacy = makeLegacy(pickle, {{"0", 4, kStoredFloats}});
    Random random(11);
    int sound = 0, rejected = 0;
    const auto count = [&](const std::string& error) {
        EXPECT_EQ(error.find("another kind"), std::string::npos) << error;
        ++(error == "no error" ? sound : rejected);
    };
    for (int round = 0; round < 3000; ++round) {
        count(zipError(mutated(pickle, random)));
        count(badInput([&] { readTorchZip(bytesOf(mutated(zip, random))); }));
        count(badInput([&] { readLegacyTorchFile(bytesOf(mutated(legacy, random))); }));
    }
    EXPECT_GT(sound, 100);
    EXPECT_GT(rejected, 1000);
}

}  // namespace
}  // namespace qat::test
