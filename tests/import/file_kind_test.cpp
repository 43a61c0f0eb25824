// Formats that are taken for checkpoints, by the bytes they begin with or are built of.
#include "import/file_kind.h"

#include <gtest/gtest.h>

#include "import/byte_builders.h"

namespace qat::test {
namespace {

using namespace std::string_literals;

std::string kind(const std::string& bytes) {
    return kindOf(bytesOf(bytes));
}
std::string zipKind(const std::vector<std::string>& names) {
    std::vector<ZipItem> items;
    for (const std::string& name : names) items.push_back({name, "x"});
    return kindOfZip(bytesOf(makeZip(items)));
}

// ir_version 8, producer_name "pytorch", an opset, and a graph of a few bytes or one that is cut short.
const std::string kOnnx = "\x08\x08\x12\x07pytorch\x42\x02\x10\x0d\x3a\x05graph"s;

TEST(FileKind, KnowsFormatsOfNetworks) {
    EXPECT_EQ(kind(kOnnx), "it is an ONNX file");
    EXPECT_EQ(kind(kOnnx.substr(0, kOnnx.size() - 3)), "it is an ONNX file") << "cut short within the graph";
    EXPECT_EQ(kind("\x08\x08\x12\x07pytorch"s), "it is neither a PyTorch nor a safetensors checkpoint") << "no graph";
    EXPECT_EQ(kind("ptrt\1\2\3\4"s).find("it is a TensorRT engine"), 0u);
    EXPECT_EQ(kind(little(uint32_t{12}) + R"({"imgsz": 1})" + "ptrt\1\1"s).find("it is a TensorRT engine"), 0u);
    EXPECT_EQ(kind("\x1c\0\0\0TFL3\0\0"s), "it is a TensorFlow Lite model");
    EXPECT_EQ(kind("\x89HDF\r\n\x1a\n\0\0"s), "it is an HDF5 file, as Keras writes");
    EXPECT_EQ(kind("<?xml version=\"1.0\"?>\n<net name=\"Model0\" version=\"11\">"), "it is an OpenVINO model");
    EXPECT_EQ(kind("\0\0\0\0\2\0\0\0\5\0\0\0weights"s), "it is a Darknet weights file");
}

TEST(FileKind, KnowsWhatDownloadsAndSlipsLeave) {
    EXPECT_EQ(kind("\n  <!doctype HTML><html>"), "it is a web page; the download went wrong");
    EXPECT_EQ(kind("\xEF\xBB\xBF<HTML>"), "it is a web page; the download went wrong");
    EXPECT_EQ(kind("{\"error\": 404}"), "it is a JSON text");
    EXPECT_EQ(kind("model:\n  variant: n\n"), "it is a text, neither a PyTorch nor a safetensors checkpoint");
    EXPECT_EQ(kind(std::string(999, 'a') + "\xc3\xa9"), "it is a text, neither a PyTorch nor a safetensors checkpoint")
        << "a letter cut through";
    EXPECT_EQ(kind("\x1f\x8b\x08\0"s), "it is packed by gzip; unpack it first");
    EXPECT_EQ(kind("\xff\xd8\xff\xe0JFIF"), "it is a picture");
    EXPECT_EQ(kind("\1\2\3"), "it is neither a PyTorch nor a safetensors checkpoint");
}

TEST(FileKind, KnowsArchivesByTheirEntries) {
    EXPECT_EQ(zipKind({"archive/data.pkl", "archive/data/0"}), "") << "a checkpoint";
    EXPECT_EQ(zipKind({"metadata.json", "config.json", "model.weights.h5"}), "it is a Keras model");
    EXPECT_EQ(zipKind({"weight.npy"}), "it is a NumPy archive");
    EXPECT_EQ(zipKind({"runs/best.pt", "runs/args.yaml"}),
              "it is a zip archive with a checkpoint in it; unpack it first");
    EXPECT_EQ(zipKind({"readme.txt"}), "it is a zip archive, but not one that PyTorch wrote");
    EXPECT_EQ(kindOfZip(bytesOf("PK\3\4")), "") << "too little to tell";
    const std::string whole = makeZip({{"readme.txt", std::string(100, 'x')}});
    for (size_t length = 4; length < whole.size(); ++length)
        kindOfZip(bytesOf(whole.substr(0, length)));  // never past the end
}

}  // namespace
}  // namespace qat::test
