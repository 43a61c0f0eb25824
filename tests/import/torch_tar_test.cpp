// The tar archives of PyTorch before 0.2, whole and broken.
#include "import/torch_tar.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "import/byte_builders.h"
#include "import/checkpoint_parts.h"
#include "import/tar_reader.h"

namespace qat::test {
namespace {

constexpr int64_t kBigKey = int64_t{1} << 45;  // an address
const std::string kSixFloats = raw<float>({0, 1, 2, 3, 4, 5});

// A state dict of two tensors, one of them wrapped as a variable.
std::string twoTensors() {
    PickleBuilder builder;
    builder.proto().orderedDict().code("(").text("a").text(str(kBigKey)).code("Q");
    builder.text("b").symbol("torch.nn.parameter", "Parameter").text("8").code("Q\x85\x81(\x88\x89").orderedDict();
    return builder.code("tbu").stop();
}

std::string wholeFile() {
    return makeTorchTar(twoTensors(), {{7, 6, "FloatStorage", kSixFloats}},
                        {{kBigKey, 7, {3, 2}, {1, 3}, 0}, {8, 7, {2}, {1}, 4}});
}

std::string errorOf(const std::string& file) {
    return badInput([&] { readTorchTar(bytesOf(file)); });
}

TEST(TorchTar, ReadsTensorsAndParameters) {
    const std::string file = wholeFile();
    const Checkpoint checkpoint = parseCheckpoint(bytesOf(file));
    ASSERT_EQ(namesOf(checkpoint), (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(at::equal(*checkpoint.tensors[0].tensor, at::arange(6.f).view({2, 3}).t()));
    EXPECT_TRUE(at::equal(*checkpoint.tensors[1].tensor, at::tensor({4.f, 5.f})));
    EXPECT_EQ(checkpoint.tensors[1].storedType, "float32");
}

// The first use of a class carries its source text.
TEST(TorchTar, ReadsWholeModules) {
    PickleBuilder builder;
    builder.proto().code("(").symbol("nets", "Net").text("net.py").text("class Net").code("tQ)\x81}(");
    builder.text("_parameters").orderedDict().code("(").text("w").text("8").code("Qu").text("_modules").orderedDict();
    const std::string file =
        makeTorchTar(builder.code("ub").stop(), {{7, 6, "HalfStorage", std::string(12, '\0')}}, {{8, 7, {6}, {1}, 0}});
    const Checkpoint checkpoint = readTorchTar(bytesOf(file));
    EXPECT_EQ(checkpoint.moduleClass, "nets.Net");
    EXPECT_EQ(namesOf(checkpoint), std::vector<std::string>{"w"});
    EXPECT_EQ(checkpoint.tensors[0].storedType, "float16");
}

TEST(TorchTar, ReadsViewsAndEmptyTensors) {
    const std::string views =
        PickleBuilder().code("]((").integer(9).integer(7).integer(2).integer(3).code("te").bytes();
    const std::string file = makeTorchTar(twoTensors(), {{7, 6, "FloatStorage", kSixFloats}},
                                          {{kBigKey, 9, {2}, {1}, 1}, {8, 0, {}, {}, 0}}, views);
    const Checkpoint checkpoint = readTorchTar(bytesOf(file));
    EXPECT_TRUE(at::equal(*checkpoint.tensors[0].tensor, at::tensor({3.f, 4.f})));
    EXPECT_EQ(checkpoint.tensors[1].tensor->numel(), 0);
}

TEST(TorchTar, RefusesWhatDoesNotFit) {
    const TarStorage storage{7, 6, "FloatStorage", kSixFloats};
    const auto error = [&](const TarTensor& tensor) {
        return errorOf(makeTorchTar(twoTensors(), {storage}, {tensor, {8, 7, {2}, {1}, 0}}));
    };
    EXPECT_EQ(error({9, 7, {2}, {1}, 0}), "tensor \"a\": the file has no tensor \"35184372088832\"");
    EXPECT_EQ(error({kBigKey, 7, {7}, {1}, 0}), "tensor \"a\": its last element is number 6 of a storage that has 6");
    EXPECT_EQ(error({kBigKey, 5, {2}, {1}, 0}), "a tensor or view names a storage that is not there");
    EXPECT_EQ(error({kBigKey, 7, std::vector<int64_t>(65, 1), std::vector<int64_t>(65, 1), 0}),
              "a tensor has 65 dimensions");
    EXPECT_EQ(error({8, 7, {2}, {1}, 0}), "the tensor 8 occurs twice");
    const auto storageError = [](const TarStorage& bad) { return errorOf(makeTorchTar(twoTensors(), {bad}, {})); };
    EXPECT_EQ(storageError({7, int64_t{1} << 60, "FloatStorage", ""}),
              "storage 7 of 1152921504606846976 elements reaches past the end of its entry");
    EXPECT_EQ(storageError({7, -1, "FloatStorage", ""}), "storage 7 of -1 elements reaches past the end of its entry");
    EXPECT_EQ(storageError({7, 0, "Module", ""}), "tensors of \"torch.Module\" are not supported");
    EXPECT_EQ(errorOf(makeTorchTar(twoTensors(), {storage, storage}, {})), "the storage 7 occurs twice");
    const std::string outside =
        PickleBuilder().code("]((").integer(9).integer(7).integer(4).integer(3).code("te").bytes();
    EXPECT_EQ(errorOf(makeTorchTar(twoTensors(), {storage}, {}, outside)),
              "a view lies outside its storage of 6 elements");
}

TEST(TorchTar, RefusesOtherSystems) {
    const auto error = [](const std::string& system) {
        return errorOf(makeTar({{"sys_info", system}, {"pickle", "N."}, {"tensors", "K\0."}, {"storages", "K\0."}}));
    };
    EXPECT_EQ(error("}."), "its protocol is not 1000");
    EXPECT_EQ(error("}U\20protocol_versionM\xe8\3sU\rlittle_endian\x89s."), "its numbers are not little-endian");
    EXPECT_EQ(errorOf(makeTar({{"pickle", "N."}})), "the tar archive has no entry \"sys_info\"");
    std::string damaged = wholeFile();
    damaged[3] ^= 1;
    EXPECT_EQ(errorOf(damaged), "tar offset 0: the header is damaged, its checksum does not fit");
    damaged.replace(148, 6, "9z");
    EXPECT_NE(errorOf(damaged).find("is not an octal number"), std::string::npos);
}

// Counts that would take forever if they were believed.
TEST(TorchTar, EndsHugeCounts) {
    const std::string system = PickleBuilder()
                                   .proto()
                                   .code("}(")
                                   .text("protocol_version")
                                   .integer(1000)
                                   .text("little_endian")
                                   .code("\x88u")
                                   .stop();
    const std::string many = PickleBuilder().proto().integer(INT64_MAX).stop();
    EXPECT_NE(errorOf(makeTar({{"sys_info", system}, {"pickle", "N."}, {"storages", many}})).find("0 are left"),
              std::string::npos);
    const std::string minus = PickleBuilder().proto().integer(-1).stop();
    EXPECT_EQ(errorOf(makeTar({{"sys_info", system}, {"pickle", "N."}, {"storages", minus}})),
              "the number of storages is not a count");
    EXPECT_EQ(errorOf(makeTar(std::vector<ZipItem>(5000, {"x", ""}))), "the tar archive has more than 10000 entries");
}

TEST(TorchTar, RejectsEveryTruncation) {
    const std::string file = wholeFile();
    ASSERT_EQ(errorOf(file), "no error");
    const size_t end = file.size() - 512;  // the second empty block may be missing
    for (size_t length = 0; length < end; length += 7) {
        const std::string error = errorOf(file.substr(0, length));
        EXPECT_NE(error, "no error") << length;
        EXPECT_EQ(error.find("another kind"), std::string::npos) << length << ": " << error;
    }
}

}  // namespace
}  // namespace qat::test
