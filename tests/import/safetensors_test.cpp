// Safetensors: what is written comes back bit by bit, and only sound files are read.
#include "import/safetensors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/random.h"
#include "import/byte_builders.h"
#include "import/checkpoint_parts.h"
#include "support/assets.h"

namespace qat::test {
namespace {

std::string parseError(const std::string& file) {
    return badInput([&] { parseSafetensors(bytesOf(file), Elements::Widen); });
}
std::string headerError(std::string_view header, size_t dataBytes = 8) {
    return parseError(makeSafetensors(header, std::string(dataBytes, 'd')));
}

bool sameBits(const at::Tensor& a, const at::Tensor& b) {
    if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type() || !a.is_contiguous()) return false;
    return a.numel() == 0 || std::memcmp(a.data_ptr(), b.contiguous().data_ptr(), a.nbytes()) == 0;
}

TEST(Safetensors, RoundTripIsBitExact) {
    const ScratchFolder folder;
    const auto path = folder.path() / "w.safetensors";
    const at::Tensor nan =
        at::tensor({0x7fc12345, static_cast<int>(0xff800001), 1, static_cast<int>(0x80000000)}, at::kInt);
    const std::vector<NamedTensor> tensors{{"odd", own(at::tensor({1, 2, 255}, at::kByte)), ""},
                                           {"nan", own(nan.view(at::kFloat)), ""},
                                           {"half", own(at::tensor({1.5f, -0.f, 65504.f}).to(at::kHalf)), ""},
                                           {"long", own(at::full({}, INT64_MIN, at::kLong)), ""},
                                           {"transposed", own(at::arange(6.f).view({2, 3}).t()), ""},
                                           {"empty \"\n\xc3\xa9", own(at::empty({0, 3}, at::kFloat)), ""}};
    const std::map<std::string, std::string> metadata{{"format", "pt"}, {"text", "line\n\"quoted\" \xe2\x82\xac"}};
    writeSafetensors(path, tensors, metadata);
    const Safetensors read = readSafetensors(path);
    EXPECT_EQ(read.metadata, metadata);
    ASSERT_EQ(read.tensors.size(), tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
        EXPECT_EQ(read.tensors[i].name, tensors[i].name);
        EXPECT_TRUE(sameBits(*read.tensors[i].tensor, *tensors[i].tensor)) << tensors[i].name;
    }
    EXPECT_EQ(read.tensors[2].storedType, "float16");
    writeSafetensors(folder.path() / "again.safetensors", read.tensors, read.metadata);
    EXPECT_EQ(readFile(path), readFile(folder.path() / "again.safetensors"));
}

TEST(Safetensors, AlignsTensorsInTheFile) {
    const ScratchFolder folder;
    const auto path = folder.path() / "w.safetensors";
    writeSafetensors(path, {{"a", own(at::zeros({3}, at::kByte)), ""}, {"b", own(at::ones({2}, at::kLong)), ""}}, {});
    const std::string file = readFile(path);
    uint64_t headerBytes = 0;
    std::memcpy(&headerBytes, file.data(), 8);
    EXPECT_EQ(headerBytes % 8, 0u);
    EXPECT_EQ(file.size(), 8 + headerBytes + 16 + 3);
    const std::string expected = R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[16,19]},)"
                                 R"("b":{"dtype":"I64","shape":[2],"data_offsets":[0,16]}})";
    EXPECT_EQ(file.substr(8, expected.size()), expected);
}

TEST(Safetensors, WidensEveryType) {
    const std::string header = R"({"b":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]},)"
                               R"("h":{"shape":[1],"data_offsets":[2,4],"dtype":"BF16"},)"
                               R"("d":{"dtype":"F64","shape":[],"data_offsets":[4,12]},)"
                               R"("u":{"dtype":"U16","shape":[1,1],"data_offsets":[12,14]}}   )";
    const std::string data = std::string("\0\1", 2) + little<uint16_t>(0x4000) + little(0.5) + little<uint16_t>(65535);
    const std::string file = makeSafetensors(header, data);
    const Safetensors read = parseSafetensors(bytesOf(file), Elements::Widen);
    ASSERT_EQ(read.tensors.size(), 4u);
    EXPECT_TRUE(at::equal(*read.tensors[0].tensor, at::tensor({0, 1}, at::kLong)));
    EXPECT_EQ(read.tensors[1].tensor->item<float>(), 2);
    EXPECT_EQ(read.tensors[1].storedType, "bfloat16");
    EXPECT_EQ(read.tensors[2].tensor->item<float>(), 0.5f);
    EXPECT_EQ(read.tensors[3].tensor->item<int64_t>(), 65535);
}

std::string oneTensor(std::string_view type, std::string_view shape, std::string_view offsets) {
    return str(R"({"w":{"dtype":")", type, R"(","shape":)", shape, R"(,"data_offsets":)", offsets, "}}");
}

TEST(Safetensors, RejectsHeadersThatAreNotTrue) {
    EXPECT_EQ(headerError(oneTensor("F32", "[2]", "[0,8]")), "no error");
    EXPECT_EQ(headerError(oneTensor("F32", "[3]", "[0,8]")), "tensor \"w\": its 3 elements do not take 8 bytes");
    EXPECT_EQ(headerError(oneTensor("F32", "[2]", "[0,16]")),
              "tensor \"w\" from byte 0 to 16 lies outside the data of 8 bytes");
    EXPECT_NE(headerError(oneTensor("F32", "[2]", "[8,0]")).find("lies outside"), std::string::npos);
    EXPECT_EQ(headerError(oneTensor("F32", "[1]", "[0,4]")), "4 bytes follow the last tensor");
    EXPECT_EQ(headerError(oneTensor("F32", "[1]", "[4,8]")), "4 bytes of no tensor lie before \"w\"");
    EXPECT_EQ(headerError(oneTensor("F4", "[2]", "[0,8]")), "tensor \"w\" is of the unknown type \"F4\"");
    EXPECT_EQ(headerError(oneTensor("F32", "[4611686018427387905,4]", "[0,8]")),
              "tensor \"w\": it has more elements than the file can hold");
    EXPECT_EQ(headerError(oneTensor("F32", "[-2]", "[0,8]")), "the header has a negative number after \"shape\"");
    EXPECT_EQ(headerError(oneTensor("F32", "[2.0]", "[0,8]")), "the header has a fraction after \"shape\"");
    EXPECT_EQ(headerError(oneTensor("F32", "[[2]]", "[0,8]")), "the header has a list after \"shape\"");
    EXPECT_EQ(headerError(oneTensor("F32", "[2]", "[0,4,8]")), "the header has a number after \"data_offsets\"");
    EXPECT_EQ(headerError(oneTensor("F32", "[2]", "[8]")), "tensor \"w\" lacks its type, shape or offsets");
    EXPECT_EQ(
        headerError(
            R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})"),
        "tensor \"b\" overlaps another one at byte 4");
    EXPECT_EQ(headerError(R"({"a":{"dtype":"U8","dtype":"U8"}})"), "tensor \"a\" has \"dtype\" twice");
    EXPECT_EQ(headerError(R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"a":{}})"),
              "the header has \"a\" twice");
    EXPECT_EQ(headerError(R"({"a":{"extra":1}})"), "tensor \"a\" has the unknown key \"extra\"");
    EXPECT_EQ(headerError(R"({"__metadata__":{"a":1}})"), "the header has a number after \"a\"");
    EXPECT_EQ(headerError(R"({"__metadata__":{"a":{}}})"), "the header has an object after \"a\"");
    EXPECT_EQ(headerError(R"({"a":null})"), "the header has null after \"a\"");
    EXPECT_EQ(headerError("{} x"), "the header is not valid JSON near byte 4");
    EXPECT_EQ(headerError(" {}"), "its header does not start with a brace");
    EXPECT_EQ(headerError("{\"\xff\":1}"), "the header is not valid JSON near byte 3");
}

TEST(Safetensors, TellsWhatOfTheFileItHasRead) {
    const test::ScratchFolder scratch;
    const auto file = scratch.path() / "t.safetensors";
    std::vector<NamedTensor> tensors;
    for (const char* name : {"a", "b"})
        tensors.push_back({name, std::make_shared<at::Tensor>(at::full({5000}, 1.1f)), "float32"});
    writeSafetensors(file, tensors, {});
    const FileBytes bytes(file);
    size_t done = 0;
    const Safetensors read = parseSafetensors(bytes.bytes(), Elements::Widen, [&](std::span<const std::byte> part) {
        done += part.size();
        FileBytes::release(part);
    });
    EXPECT_EQ(done, 2 * 5000 * sizeof(float));
    for (size_t i = 0; i < tensors.size(); ++i)
        EXPECT_TRUE(at::equal(*read.tensors[i].tensor, *tensors[i].tensor)) << "what was read is our own";
    EXPECT_EQ(bytes.bytes()[100 + 4096 * 3], std::byte{}) << "and the memory of the file is given back";
    EXPECT_EQ(bytes.bytes()[8], std::byte{'{'}) << "but for what is read again";
}

TEST(Safetensors, BoundsTheHeader) {
    EXPECT_EQ(parseError(little<uint64_t>(100'000'001) + "{}"),
              "its header of 100000001 bytes is above the limit of 100000000");
    EXPECT_EQ(parseError(little<uint64_t>(50) + "{}"), "safetensors offset 8: 50 bytes are wanted and 2 are left");
    EXPECT_EQ(parseError("1234567"), "safetensors offset 0: 8 bytes are wanted and 7 are left");
    EXPECT_EQ(headerError("{\"a\":" + std::string(1000000, '[')), "the header has a list after \"a\"");
}

TEST(Safetensors, RejectsTruncationsAndSurvivesMutations) {
    const std::string header = R"({"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]}})";
    const std::string file = makeSafetensors(header, "12345678");
    ASSERT_EQ(parseError(file), "no error");
    for (size_t length = 0; length < file.size(); ++length) EXPECT_NE(parseError(file.substr(0, length)), "no error");
    Random random(3);
    int rejected = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string changed = file;
        for (int64_t i = random.below(3); i >= 0; --i)
            changed[static_cast<size_t>(random.below(static_cast<int64_t>(file.size())))] =
                static_cast<char>(random.next());
        const std::string error = parseError(changed);
        EXPECT_EQ(error.find("another kind"), std::string::npos) << error;
        rejected += error == "no error" ? 0 : 1;
    }
    EXPECT_GT(rejected, 1000);
}

}  // namespace
}  // namespace qat::test
