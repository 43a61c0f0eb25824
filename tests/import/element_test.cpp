// Conversion of stored elements: every half precision number, and the corners of the other types.
#include "import/element.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "import/byte_builders.h"
#include "import/tensor_source.h"

namespace qat::test {
namespace {

std::vector<float> toFloat(StoredType type, const std::string& bytes) {
    std::vector<float> values(bytes.size() / elementBytes(type));
    convertToFloat(type, bytesOf(bytes).data(), values.size(), values.data());
    return values;
}

std::vector<int64_t> toInt(StoredType type, const std::string& bytes) {
    std::vector<int64_t> values(bytes.size() / elementBytes(type));
    convertToInt64(type, bytesOf(bytes).data(), values.size(), values.data());
    return values;
}

// The value of a half by its definition.
float halfValue(int bits) {
    const int exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    const float sign = (bits & 0x8000) != 0 ? -1.f : 1.f;
    if (exponent == 31) return sign * std::numeric_limits<float>::infinity();
    return sign *
           std::ldexp(static_cast<float>(exponent == 0 ? mantissa : mantissa + 1024), std::max(exponent, 1) - 25);
}

TEST(Element, ConvertsEveryHalfExactly) {
    std::string bytes;
    for (int bits = 0; bits < 65536; ++bits) bytes += little(static_cast<uint16_t>(bits));
    const auto values = toFloat(StoredType::Float16, bytes);
    for (int bits = 0; bits < 65536; ++bits) {
        const bool isNan = (bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0;
        const float value = values[static_cast<size_t>(bits)];
        if (isNan)
            ASSERT_TRUE(std::isnan(value)) << bits;
        else
            ASSERT_EQ(std::bit_cast<uint32_t>(value), std::bit_cast<uint32_t>(halfValue(bits))) << bits;
    }
}

TEST(Element, ConvertsTheOtherFloatingTypes) {
    EXPECT_EQ(toFloat(StoredType::BFloat16, raw<uint16_t>({0x3f80, 0xc000, 1})),
              (std::vector<float>{1, -2, std::bit_cast<float>(0x10000u)}));
    EXPECT_EQ(toFloat(StoredType::Float64, raw<double>({0.1, -3})), (std::vector<float>{0.1f, -3}));
    EXPECT_EQ(toFloat(StoredType::Float8E4M3, raw<uint8_t>({0x38, 0xb8, 0x7e, 1, 0})),
              (std::vector<float>{1, -1, 448, 0x1p-9f, 0}));
    EXPECT_TRUE(std::isnan(toFloat(StoredType::Float8E4M3, raw<uint8_t>({0xff}))[0]));
    EXPECT_EQ(toFloat(StoredType::Float8E5M2, raw<uint8_t>({0x3c, 0x7b, 1})), (std::vector<float>{1, 57344, 0x1p-16f}));
}

TEST(Element, ConvertsIntegers) {
    EXPECT_EQ(toInt(StoredType::Int8, raw<int8_t>({-128, 127})), (std::vector<int64_t>{-128, 127}));
    EXPECT_EQ(toInt(StoredType::UInt8, raw<uint8_t>({255})), (std::vector<int64_t>{255}));
    EXPECT_EQ(toInt(StoredType::Bool, raw<uint8_t>({0, 1, 2})), (std::vector<int64_t>{0, 1, 1}));
    EXPECT_EQ(toInt(StoredType::Int32, raw<int32_t>({INT32_MIN})), (std::vector<int64_t>{INT32_MIN}));
    EXPECT_EQ(toInt(StoredType::Int64, raw<int64_t>({INT64_MIN})), (std::vector<int64_t>{INT64_MIN}));
    EXPECT_EQ(toInt(StoredType::UInt32, raw<uint32_t>({UINT32_MAX})), (std::vector<int64_t>{UINT32_MAX}));
    EXPECT_EQ(badInput([] { toInt(StoredType::UInt64, raw<uint64_t>({uint64_t{1} << 63})); }),
              "the value 9223372036854775808 does not fit 64 signed bits");
}

TEST(Element, NamesAreUnique) {
    EXPECT_EQ(typeName(StoredType::Float16), "float16");
    EXPECT_EQ(typeFromName("bool"), StoredType::Bool);
    EXPECT_EQ(typeFromSafetensors("F8_E5M2"), StoredType::Float8E5M2);
    EXPECT_EQ(safetensorsName(StoredType::UInt64), "U64");
    EXPECT_FALSE(typeFromSafetensors("float16").has_value());
}

StridedElements strided(const std::string& bytes, int64_t offset, Shape shape, Shape strides) {
    return {StoredType::Float32, bytesOf(bytes), offset, std::move(shape), std::move(strides)};
}

TEST(TensorSource, GathersAnyStrides) {
    const std::string bytes = raw<float>({0, 1, 2, 3, 4, 5, 6, 7});
    EXPECT_TRUE(at::equal(*readTensor(strided(bytes, 1, {2, 3}, {3, 1}), 100), at::arange(1.f, 7.f).view({2, 3})));
    EXPECT_TRUE(at::equal(*readTensor(strided(bytes, 0, {2, 4}, {1, 2}), 100), at::arange(8.f).view({4, 2}).t()));
    EXPECT_TRUE(at::equal(*readTensor(strided(bytes, 7, {3}, {0}), 100), at::full({3}, 7.f)));
    EXPECT_TRUE(at::equal(*readTensor(strided(bytes, 5, {}, {}), 100), at::scalar_tensor(5.f)));
    EXPECT_TRUE(
        at::equal(*readTensor(strided(bytes, 2, {2, 1}, {2, INT64_MAX}), 100), at::tensor({2.f, 4.f}).view({2, 1})));
    EXPECT_EQ(readTensor(strided(bytes, 99, {0, 5}, {1, 1}), 100)->numel(), 0);
    EXPECT_TRUE(readTensor(strided(bytes, 0, {2, 4}, {1, 2}), 100)->is_contiguous());
}

TEST(TensorSource, RejectsElementsThatAreNotThere) {
    const std::string bytes = raw<float>({0, 1, 2, 3});
    const auto error = [&](int64_t offset, Shape shape, Shape strides) {
        return badInput([&] { readTensor(strided(bytes, offset, std::move(shape), std::move(strides)), 100); });
    };
    EXPECT_EQ(error(1, {4}, {1}), "its last element is number 4 of a storage that has 4");
    EXPECT_EQ(error(4, {}, {}), "its last element is number 4 of a storage that has 4");
    EXPECT_EQ(error(3, {2}, {-1}), "the stride -1 is negative");
    EXPECT_EQ(error(-1, {1}, {1}), "the offset -1 is negative");
    EXPECT_EQ(error(0, {-1}, {1}), "the size -1 is negative");
    EXPECT_EQ(error(0, {2}, {1, 1}), "2 strides for 1 dimensions");
    EXPECT_EQ(error(0, {101}, {0}), "it has more elements than the file can hold");
    EXPECT_EQ(error(0, {INT64_MAX, INT64_MAX}, {0, 0}), "it has more elements than the file can hold");
    EXPECT_EQ(error(0, {0, INT64_MAX, INT64_MAX}, {0, 0, 0}), "it has more elements than the file can hold");
    EXPECT_EQ(error(0, {3}, {INT64_MAX}), "its strides overflow");
    EXPECT_EQ(error(INT64_MAX, {2}, {1}), "its strides overflow");
    EXPECT_EQ(error(0, Shape(17, 1), Shape(17, 1)), "17 dimensions are more than the 16 we read");
}

}  // namespace
}  // namespace qat::test
