// Files told apart by content, one message for each kind of wrong file, and the checkpoint's own round trip.
#include "import/checkpoint.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/files.h"
#include "import/byte_builders.h"
#include "import/checkpoint_parts.h"
#include "import/file_kind.h"
#include "support/assets.h"

namespace qat::test {
namespace {

class CheckpointFile : public testing::Test {
protected:
    fs::path write(const std::string& bytes) {
        const fs::path path = m_folder.path() / "file.pt";
        writeFileAtomic(path, bytes);
        return path;
    }
    std::string errorOf(const std::string& bytes) {
        const fs::path path = write(bytes);
        const std::string error = badInput([&] { readCheckpoint(path); });
        const std::string start = path.string() + ": ";
        return error.starts_with(start) ? error.substr(start.size()) : error;
    }
    ScratchFolder m_folder;
};

// A state dict of one-element tensors with these names.
std::string stateDict(const std::vector<std::string>& names) {
    PickleBuilder builder;
    builder.proto().code("}(");
    for (const std::string& name : names) builder.text(name).tensor("FloatStorage", "0", 1, 0, {1}, {1});
    return makeTorchZip(builder.code("u").stop(), {{"0", little(1.f)}});
}

TEST_F(CheckpointFile, StripsWrapperPrefixes) {
    const auto path =
        write(stateDict({"module.a.weight", "model.model.0.conv.weight", "module.model.1.bn.weight", "b"}));
    EXPECT_EQ(namesOf(readCheckpoint(path)),
              (std::vector<std::string>{"a.weight", "model.0.conv.weight", "model.1.bn.weight", "b"}));
    EXPECT_EQ(namesOf(readCheckpoint(write(stateDict({"_orig_mod.a.w", "module._orig_mod.b.w",
                                                      "_orig_mod.module.model.model.0.w", "model._orig_mod.1.w"})))),
              (std::vector<std::string>{"a.w", "b.w", "model.0.w", "model.1.w"}));
    EXPECT_EQ(errorOf(stateDict({"module.a", "a"})), "tensor \"a\" occurs twice");
    EXPECT_EQ(errorOf(stateDict({"module."})), "a tensor has no name");
    EXPECT_EQ(errorOf(stateDict({"\xff\n"})), "the tensor name \"??\" is not UTF-8");
}

TEST_F(CheckpointFile, TellsFoldedModels) {
    const auto folded = [&](const std::vector<std::string>& names) {
        return readCheckpoint(write(stateDict(names))).batchNormFolded;
    };
    EXPECT_FALSE(folded({"model.0.conv.weight", "model.0.bn.weight", "model.0.bn.running_mean", "model.1.bias"}));
    EXPECT_TRUE(folded({"model.0.conv.weight", "model.0.conv.bias"}));
    EXPECT_FALSE(folded({"conv1.weight", "conv1.bias", "bn1.running_mean"}));
    EXPECT_TRUE(folded({"layer1.0.conv2.bias", "layer1.0.bn1.running_mean"}));
}

TEST_F(CheckpointFile, FindsByName) {
    const Checkpoint checkpoint = readCheckpoint(write(stateDict({"a", "b"})));
    EXPECT_EQ(checkpoint.find("b"), &checkpoint.tensors[1]);
    EXPECT_EQ(checkpoint.find("c"), nullptr);
}

TEST_F(CheckpointFile, NamesWhatElseAFileIs) {
    EXPECT_EQ(errorOf(""), "it is empty");
    const auto kind = [](const std::string& what) { return what + "; " + kReadableFiles; };
    EXPECT_EQ(errorOf("\1hello"), kind("it is neither a PyTorch nor a safetensors checkpoint"));
    EXPECT_EQ(errorOf("version https://git-lfs.github.com/spec/v1\n"),
              kind("it is a Git LFS pointer; the weights themselves were not downloaded"));
    EXPECT_EQ(errorOf("<!DOCTYPE html>"), kind("it is a web page; the download went wrong"));
    EXPECT_EQ(errorOf(makeZip({})), kind("it is an empty zip archive"));
    EXPECT_EQ(errorOf(makeZip({{"a.npy", "x"}})), kind("it is a NumPy archive"));
    EXPECT_EQ(errorOf(PickleBuilder().proto().integer(1).stop()),
              kind("it is a pickle, but not one that PyTorch wrote"));
    EXPECT_EQ(errorOf(makeTar({{"readme.txt", "x"}})), kind("it is a tar archive, but not one that PyTorch wrote"));
    EXPECT_NE(errorOf(makeTorchZip("N.", {}).substr(0, 100)).find("cut short"), std::string::npos);
    EXPECT_EQ(errorOf(makeSafetensors("{}", "")), "it holds no tensors");
    EXPECT_EQ(errorOf(makeTorchZip("}.", {})), "it holds neither a model nor a state dict");
    EXPECT_EQ(errorOf(makeTorchZip(PickleBuilder().proto().code("}").text("epoch").integer(3).code("s").stop(), {})),
              "it holds neither a model nor a state dict: its entries are \"epoch\"");
}

TEST_F(CheckpointFile, TellsMissingFilesFromWrongOnes) {
    EXPECT_NE(badInput([&] { readCheckpoint(m_folder.path()); }).find("not a file"), std::string::npos);
    const fs::path pipe = m_folder.path() / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_NE(badInput([&] { readCheckpoint(pipe); }).find("not a file"), std::string::npos);
    const fs::path missing = m_folder.path() / "missing.pt";
    try {
        readCheckpoint(missing);
        FAIL() << "a missing file was read";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Io);
        EXPECT_NE(std::string(error.what()).find(missing.string()), std::string::npos);
    }
}

TEST_F(CheckpointFile, RoundTripsThroughSafetensors) {
    Checkpoint checkpoint;
    checkpoint.tensors = {{"model.0.conv.weight", own(at::arange(4.f).view({1, 1, 2, 2})), "float16"},
                          {"model.0.conv.bias", own(at::tensor({-0.f})), "float32"},
                          {"model.0.steps", own(at::full({}, 7, at::kLong)), "int64"}};
    checkpoint.classNames = {"cat", "d\xc3\xb6g"};
    checkpoint.numClasses = 2;
    checkpoint.strides = {8, 16, 32};
    checkpoint.moduleClass = "net.Model";
    checkpoint.batchNormFolded = true;
    checkpoint.metadata = {{"epoch", "3"}};
    checkpoint.task = "detect";
    checkpoint.architectureJson = R"({"scales":{"n":[0.5]},"nc":2})";
    checkpoint.modules = {{"model.0", "torch.nn.Conv2d", {{"eps", 0.1}}, {{"stride", {2, 2}}}, {{"mode", "zeros"}}}};
    checkpoint.anchors = {10, 13.5};
    checkpoint.ranges = {{"model.0.conv", "input", {3.5}, 4}};
    checkpoint.notes = {"something was left"};
    const fs::path path = m_folder.path() / "w.safetensors";
    writeCheckpoint(path, checkpoint);
    const Checkpoint read = readCheckpoint(path);
    ASSERT_EQ(namesOf(read), namesOf(checkpoint));
    for (size_t i = 0; i < read.tensors.size(); ++i) {
        EXPECT_TRUE(at::equal(*read.tensors[i].tensor, *checkpoint.tensors[i].tensor));
        EXPECT_EQ(read.tensors[i].storedType, checkpoint.tensors[i].storedType);
    }
    EXPECT_EQ(read.classNames, checkpoint.classNames);
    EXPECT_EQ(read.numClasses, 2);
    EXPECT_EQ(read.strides, checkpoint.strides);
    EXPECT_EQ(read.moduleClass, checkpoint.moduleClass);
    EXPECT_TRUE(read.batchNormFolded);
    EXPECT_EQ(read.metadata, checkpoint.metadata);
    EXPECT_EQ(read.task, checkpoint.task);
    EXPECT_EQ(read.architectureJson, checkpoint.architectureJson);
    EXPECT_EQ(read.modules, checkpoint.modules);
    EXPECT_EQ(read.anchors, checkpoint.anchors);
    EXPECT_EQ(read.ranges, checkpoint.ranges);
    EXPECT_EQ(read.notes, checkpoint.notes);
}

TEST_F(CheckpointFile, RejectsFalseMetadataOfOurs) {
    const auto error = [&](std::string_view key, std::string_view value) {
        return errorOf(makeSafetensors(str(R"({"__metadata__":{")", key, R"(":")", value,
                                           R"("},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})"),
                                       "1"));
    };
    EXPECT_EQ(error("num_classes", "many"), "no error");  // somebody else's
    EXPECT_EQ(error("qatelier.num_classes", "many"), "its metadata qatelier.num_classes is not valid JSON");
    EXPECT_EQ(error("qatelier.num_classes", "-3"), "it has -3 classes");
    EXPECT_EQ(error("qatelier.strides", "[true,{}]"), "its metadata qatelier.strides is not of the kind expected");
    EXPECT_EQ(error("qatelier.class_names", R"([\"cat\"])"), "it has 0 classes and 1 class names");
    EXPECT_EQ(error("qatelier.modules", "[[1]]"), "its metadata qatelier.modules is not of the kind expected");
    EXPECT_EQ(error("qatelier.strides", std::string(100000, '[')), "its metadata qatelier.strides is not valid JSON");
}

}  // namespace
}  // namespace qat::test
