// .npy files: what NumPy writes, what we write, and what is refused.
#include "import/npy.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "base/files.h"
#include "import/byte_builders.h"
#include "support/assets.h"

namespace qat::test {
namespace {

std::string fileOf(const std::string& header, const std::string& numbers, char version = 1) {
    const std::string length =
        version == 1 ? little(static_cast<uint16_t>(header.size())) : little(static_cast<uint32_t>(header.size()));
    return std::string("\x93NUMPY", 6) + version + '\0' + length + header + numbers;
}

std::string headerOf(const std::string& shape) {
    return "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }\n";
}

std::string complaintAbout(const std::string& bytes) {
    try {
        parseNpy(bytesOf(bytes));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        return error.what();
    }
    return "";
}

TEST(Npy, WhatWeWriteComesBack) {
    for (const Shape& shape : {Shape{2, 3, 4}, Shape{5}, Shape{}, Shape{0, 3}, Shape{1, 1, 1, 1, 1, 1, 1, 2}}) {
        const at::Tensor tensor = at::rand(shape) - 0.5;
        const std::string bytes = npyBytes(tensor);
        EXPECT_EQ((bytes.size() - tensor.nbytes()) % 64, 0u);
        EXPECT_EQ(bytes[6], 1);
        const at::Tensor back = parseNpy(bytesOf(bytes));
        EXPECT_EQ(back.sizes(), tensor.sizes());
        EXPECT_TRUE(at::equal(back, tensor));
    }
}

TEST(Npy, IsWrittenInCOrderAsFloat32) {
    const at::Tensor tensor = at::arange(24, at::kDouble).view({1, 2, 3, 4}).contiguous(at::MemoryFormat::ChannelsLast);
    const ScratchFolder scratch;
    writeFileAtomic(scratch.path() / "a.npy", npyBytes(tensor));
    const NpyArray read = readNpy(scratch.path() / "a.npy");  // another reader
    EXPECT_EQ(read.shape, (std::vector<int64_t>{1, 2, 3, 4}));
    for (size_t i = 0; i < 24; ++i) EXPECT_EQ(read.values[i], static_cast<float>(i));
    EXPECT_TRUE(at::equal(readNpyFile(scratch.path() / "a.npy"), tensor.to(at::kFloat)));
}

TEST(Npy, HeadersOfAllVersionsAndInAnyOrderAreRead) {
    const std::string two = little(1.5f) + little(-2.0f);
    EXPECT_EQ(parseNpy(bytesOf(fileOf(headerOf("(2,)"), two))).sizes(), (at::IntArrayRef{2}));
    EXPECT_EQ(parseNpy(bytesOf(fileOf(headerOf("(1, 2)"), two, 2)))[0][1].item<float>(), -2.0f);
    EXPECT_EQ(parseNpy(bytesOf(fileOf(headerOf("(2,1,1)"), two, 3))).dim(), 3);
    EXPECT_EQ(parseNpy(bytesOf(fileOf("{\"shape\":(2, ), 'fortran_order':False,'descr':'<f4'}   \n", two))).numel(), 2);
    EXPECT_EQ(parseNpy(bytesOf(fileOf(headerOf("()"), little(7.0f)))).item<float>(), 7.0f);
}

TEST(Npy, EveryFaultIsOneSentence) {
    const std::string one = little(1.0f);
    EXPECT_EQ(complaintAbout("PK\3\4 and more"), "it is no .npy file");
    EXPECT_EQ(complaintAbout(fileOf(headerOf("(1,)"), one, 4)), "version 4.0 of .npy files is not known");
    EXPECT_EQ(complaintAbout(fileOf("{'descr': '|u1', 'fortran_order': False, 'shape': (4,), }\n", one)),
              "its elements are \"|u1\", and only float32 (<f4) is read");
    EXPECT_EQ(complaintAbout(fileOf("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", one)),
              "its elements are records, and only float32 (<f4) is read");
    EXPECT_EQ(complaintAbout(fileOf("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }\n", one)),
              "it is in Fortran's order, and only C order is read");
    EXPECT_EQ(complaintAbout(fileOf(headerOf("(2, 1)"), one)),
              "it holds 4 bytes of numbers, which are not those of the shape (2, 1)");
    EXPECT_EQ(complaintAbout(fileOf(headerOf("(1,)"), one + one)),
              "it holds 8 bytes of numbers, which are not those of the shape (1,)");
    EXPECT_EQ(complaintAbout(fileOf(headerOf("(1,1,1,1,1,1,1,1,1)"), one)), "it has 9 dimensions, at most 8 are read");
    for (const char* header : {"", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
                               "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
                               "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
                               "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
                               "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,)}", "{'descr': '<f4"})
        EXPECT_EQ(complaintAbout(fileOf(header, one)),
                  "its header is no dictionary of the entries descr, fortran_order and shape as NumPy writes it")
            << header;
}

// Nothing is taken for numbers that are not there.
TEST(Npy, HugeShapesTakeNoMemory) {
    for (const char* shape : {"(99999999999,)", "(4294967296, 4294967296, 4294967296)",
                              "(0, 9223372036854775807, 9223372036854775807)", "(9223372036854775807,)"})
        EXPECT_NE(complaintAbout(fileOf(headerOf(shape), "1234")).find("which are not those of the shape"),
                  std::string::npos)
            << shape;
    EXPECT_NE(complaintAbout(std::string("\x93NUMPY\2\0\xFF\xFF\xFF\xFF", 12)), "");
    EXPECT_NE(complaintAbout(fileOf(headerOf("(99999999999999999999,)"), "1234")), "") << "beyond 64 bits";
}

TEST(Npy, FaultsNameTheFile) {
    const ScratchFolder scratch;
    const std::string file = (scratch.path() / "x.npy").string();
    writeFileAtomic(file, "nothing");
    try {
        readNpyFile(file);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()), file + ": it is no .npy file");
    }
}

}  // namespace
}  // namespace qat::test
