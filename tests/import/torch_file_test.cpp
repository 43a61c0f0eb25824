// Both PyTorch containers, and the way from the object in them to a state dict.
#include "import/torch_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstring>

#include "import/byte_builders.h"
#include "import/checkpoint_parts.h"

namespace qat::test {
namespace {

const std::string kFourFloats = raw<float>({1, 2, 3, 4});

Checkpoint readZip(const std::string& pickle, const std::vector<std::pair<std::string, std::string>>& storages) {
    const std::string file = makeTorchZip(pickle, storages);
    return readTorchZip(bytesOf(file));
}

// An empty object of the class, left open for the pairs of its state.
void beginModule(PickleBuilder& builder, std::string_view name) {
    builder.symbol("net", name).code(")\x81}(");
}
void endModule(PickleBuilder& builder) {
    builder.code("ub");
}
void beginDict(PickleBuilder& builder, std::string_view key) {
    builder.text(key).orderedDict().code("(");
}
void endDict(PickleBuilder& builder) {
    builder.code("u");
}

// A module with a parameter, an absent bias, a stored and an unstored buffer.
void addLayer(PickleBuilder& builder) {
    beginModule(builder, "Layer");
    beginDict(builder, "_parameters");
    builder.text("weight").symbol("torch._utils", "_rebuild_parameter").code("(");
    builder.tensor("FloatStorage", "0", 4, 0, {2, 2}, {2, 1}).code("\x88").orderedDict().code("tR");
    builder.text("bias").code("N");
    endDict(builder);
    beginDict(builder, "_buffers");
    builder.text("steps").tensor("LongStorage", "1", 1, 0, {}, {});
    builder.text("cache").tensor("FloatStorage", "0", 4, 0, {4}, {1});
    endDict(builder);
    builder.text("_non_persistent_buffers_set").symbol("__builtin__", "set").code("](").text("cache").code("e\x85R");
    beginDict(builder, "_modules");
    endDict(builder);
    endModule(builder);
}

void addModel(PickleBuilder& builder) {
    beginModule(builder, "Model");
    beginDict(builder, "_parameters");
    endDict(builder);
    beginDict(builder, "_buffers");
    endDict(builder);
    beginDict(builder, "_modules");
    builder.text("first");
    addLayer(builder);
    builder.text("nothing").code("N").text("second");
    addLayer(builder);
    endDict(builder);
    builder.text("names").code("}(").integer(1).text("dog").integer(0).text("cat").code("u");
    builder.text("stride").tensor("FloatStorage", "2", 2, 0, {2}, {1});
    builder.text("yaml").code("}(").text("nc").integer(2).text("scale").text("n").code("u");
    endModule(builder);
}

const std::vector<std::pair<std::string, std::string>> kModelStorages{
    {"0", kFourFloats}, {"1", raw<int64_t>({9})}, {"2", raw<float>({8, 16})}};

TEST(TorchFile, WalksAModuleAsPyTorchDoes) {
    PickleBuilder builder;
    addModel(builder.proto());
    const Checkpoint checkpoint = readZip(builder.stop(), kModelStorages);
    EXPECT_EQ(namesOf(checkpoint),
              (std::vector<std::string>{"first.weight", "first.steps", "second.weight", "second.steps"}));
    EXPECT_TRUE(at::equal(*checkpoint.tensors[0].tensor, at::tensor({1.f, 2.f, 3.f, 4.f}).view({2, 2})));
    EXPECT_EQ(checkpoint.tensors[0].storedType, "float32");
    EXPECT_EQ(checkpoint.tensors[1].tensor->item<int64_t>(), 9);
    EXPECT_EQ(checkpoint.tensors[1].tensor->dim(), 0);
    EXPECT_EQ(checkpoint.moduleClass, "net.Model");
    EXPECT_EQ(checkpoint.classNames, (std::vector<std::string>{"cat", "dog"}));
    EXPECT_EQ(checkpoint.numClasses, 2);
    EXPECT_EQ(checkpoint.strides, (std::vector<int64_t>{8, 16}));
    EXPECT_EQ(checkpoint.metadata.at("yaml.scale"), "n");
}

TEST(TorchFile, LooksIntoCompiledAndDistributedModules) {
    for (const char* part : {"_orig_mod", "module", "model"}) {
        PickleBuilder builder;
        beginModule(builder.proto(), "Wrapper");
        beginDict(builder, "_parameters");
        endDict(builder);
        beginDict(builder, "_modules");
        builder.text(part);
        addModel(builder);
        endDict(builder);
        endModule(builder);
        const Checkpoint checkpoint = readZip(builder.stop(), kModelStorages);
        EXPECT_EQ(namesOf(checkpoint).front(), part + std::string(".first.weight"));
        EXPECT_EQ(checkpoint.moduleClass, "net.Model") << part;
        EXPECT_EQ(checkpoint.classNames, (std::vector<std::string>{"cat", "dog"})) << part;
    }
}

// {"epoch": 3, "model": .., "ema": ..} with one tensor each, whose value tells them apart.
std::string trainingPickle(bool withEma) {
    PickleBuilder builder;
    builder.proto().code("}(").text("epoch").integer(3).text("lr").real(0.1).text("model");
    builder.code("}(").text("w").tensor("FloatStorage", "0", 4, 0, {1}, {1}).code("u").text("ema");
    if (withEma)
        builder.code("}(").text("w").tensor("FloatStorage", "0", 4, 3, {1}, {1}).code("u");
    else
        builder.code("N");
    return builder.code("u").stop();
}

TEST(TorchFile, PrefersAveragedWeights) {
    EXPECT_EQ(readZip(trainingPickle(true), {{"0", kFourFloats}}).tensors[0].tensor->item<float>(), 4);
    const Checkpoint plain = readZip(trainingPickle(false), {{"0", kFourFloats}});
    EXPECT_EQ(plain.tensors[0].tensor->item<float>(), 1);
    EXPECT_EQ(plain.metadata.at("epoch"), "3");
    EXPECT_EQ(plain.metadata.at("lr"), "0.1");
}

// {"state_dict": {"a": transposed 2x3, "b": half}, "best": 1}
std::string stateDictPickle() {
    PickleBuilder builder;
    builder.proto().code("}(").text("best").integer(1).text("state_dict").orderedDict().code("(");
    builder.text("a").tensor("FloatStorage", "x", 6, 0, {3, 2}, {1, 3});
    builder.text("b").tensor("HalfStorage", "y", 2, 1, {1}, {1});
    return builder.code("uu").stop();
}

TEST(TorchFile, ReadsTheSameFromBothContainers) {
    const std::string floats = raw<float>({0, 1, 2, 3, 4, 5}), halves = raw<uint16_t>({0, 0x3e00});
    const std::string legacy = makeLegacy(stateDictPickle(), {{"y", 2, halves}, {"x", 6, floats}});
    ASSERT_TRUE(isLegacyTorchFile(bytesOf(legacy)));
    for (const Checkpoint& checkpoint :
         {readZip(stateDictPickle(), {{"x", floats}, {"y", halves}}), readLegacyTorchFile(bytesOf(legacy))}) {
        EXPECT_EQ(namesOf(checkpoint), (std::vector<std::string>{"a", "b"}));
        EXPECT_TRUE(at::equal(*checkpoint.tensors[0].tensor, at::arange(6.f).view({2, 3}).t()));
        EXPECT_EQ(checkpoint.tensors[1].tensor->item<float>(), 1.5f);
        EXPECT_EQ(checkpoint.tensors[1].storedType, "float16");
    }
}

TEST(TorchFile, TellsOfAStorageBehindItsLastTensor) {
    PickleBuilder builder;
    builder.proto().code("}(");
    builder.text("a").tensor("FloatStorage", "x", 4, 0, {2}, {1});
    builder.text("b").tensor("FloatStorage", "y", 4, 0, {4}, {1});
    builder.text("c").tensor("FloatStorage", "x", 4, 2, {2}, {1});
    const std::string file =
        makeTorchZip(builder.code("u").stop(), {{"x", kFourFloats}, {"y", raw<float>({5, 6, 7, 8})}});
    std::vector<float> first;
    const Checkpoint checkpoint = readTorchZip(bytesOf(file), [&](std::span<const std::byte> storage) {
        ASSERT_EQ(storage.size(), 4 * sizeof(float));
        std::memcpy(&first.emplace_back(), storage.data(), sizeof(float));
    });
    EXPECT_EQ(first, (std::vector<float>{5, 1})) << "x is read twice, so it is done last";
    EXPECT_EQ(namesOf(checkpoint), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(TorchFile, UnderstandsTheOtherRebuildFunctions) {
    PickleBuilder builder;
    builder.proto().code("}(").text("old").symbol("torch._utils", "_rebuild_tensor").code("((").text("storage");
    builder.symbol("torch", "ByteStorage").text("0").text("cuda:0").integer(4).code("tQ").integer(2).integers({2});
    builder.integers({1})
        .code("tR")
        .text("new")
        .symbol("torch._utils", "_rebuild_tensor_v3")
        .code("((")
        .text("storage");
    builder.symbol("torch.storage", "UntypedStorage").text("0").text("cpu").integer(4).code("tQ").integer(0);
    builder.integers({1}).integers({1}).code("\x89").orderedDict().symbol("torch", "int32").code("tR");
    builder.text("sub").symbol("torch._tensor", "_rebuild_from_type_v2").code("(");
    builder.symbol("torch._utils", "_rebuild_tensor").symbol("my", "Tensor").code("((").text("storage");
    builder.symbol("torch", "CharStorage").text("0").text("cpu").integer(4).code("tQ").integer(0);
    builder.symbol("torch", "Size").integers({1}).code("\x85R").integers({1}).code("t}tRu");
    const Checkpoint checkpoint = readZip(builder.stop(), {{"0", std::string("\xff\0\3\4", 4)}});
    ASSERT_EQ(namesOf(checkpoint), (std::vector<std::string>{"old", "new", "sub"}));
    EXPECT_TRUE(at::equal(*checkpoint.tensors[0].tensor, at::tensor({3, 4}, at::kLong)));
    EXPECT_EQ(checkpoint.tensors[1].tensor->item<int64_t>(), 0x040300ff);
    EXPECT_EQ(checkpoint.tensors[2].tensor->item<int64_t>(), -1);
}

TEST(TorchFile, RejectsOtherArchives) {
    const auto error = [](const std::vector<ZipItem>& items) {
        const std::string file = makeZip(items);
        return badInput([&] { readTorchZip(bytesOf(file)); });
    };
    EXPECT_NE(error({{"word/document.xml", ""}}).find("no data.pkl"), std::string::npos);
    EXPECT_NE(error({{"a/data.pkl", "N."}, {"b/data.pkl", "N."}}).find("more than one"), std::string::npos);
    EXPECT_NE(error({{"a/data.pkl", "N."}, {"a/byteorder", "big"}}).find("little-endian"), std::string::npos);
    EXPECT_EQ(error({{"a/data.pkl", "N."}, {"a/byteorder", "little"}}), "it holds neither a model nor a state dict");
}

}  // namespace
}  // namespace qat::test
