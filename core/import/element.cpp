// One row per element type, and loops simple enough for the compiler to vectorise.
#include "import/element.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"

namespace qat {
namespace {

struct TypeRow {
    std::string_view name, safetensors;
    size_t bytes;
    bool floating;
};

// In the order of StoredType.
constexpr std::array<TypeRow, 15> kTypes{{{"float32", "F32", 4, true},
                                          {"float16", "F16", 2, true},
                                          {"bfloat16", "BF16", 2, true},
                                          {"float64", "F64", 8, true},
                                          {"float8_e4m3fn", "F8_E4M3", 1, true},
                                          {"float8_e5m2", "F8_E5M2", 1, true},
                                          {"int64", "I64", 8, false},
                                          {"int32", "I32", 4, false},
                                          {"int16", "I16", 2, false},
                                          {"int8", "I8", 1, false},
                                          {"uint8", "U8", 1, false},
                                          {"uint16", "U16", 2, false},
                                          {"uint32", "U32", 4, false},
                                          {"uint64", "U64", 8, false},
                                          {"bool", "BOOL", 1, false}}};

const TypeRow& row(StoredType type) {
    return kTypes[static_cast<size_t>(type)];
}

std::optional<StoredType> findType(std::string_view TypeRow::*column, std::string_view name) {
    for (size_t i = 0; i < kTypes.size(); ++i)
        if (kTypes[i].*column == name) return static_cast<StoredType>(i);
    return std::nullopt;
}

// Integer arithmetic for all but subnormals, and those only through normal numbers: exact under any rounding or
// flush-to-zero setting, NaN payloads kept.
inline float fromHalf(uint16_t half) {
    constexpr uint32_t kExponent = 0x7c00u << 13, kRebias = (127 - 15) << 23;
    const uint32_t magnitude = (half & 0x7fffu) << 13, exponent = magnitude & kExponent;
    const uint32_t normal = magnitude + kRebias + (exponent == kExponent ? kRebias : 0u);
    const float shifted = std::bit_cast<float>(magnitude + kRebias + (1u << 23)) - 0x1p-14f;
    const uint32_t bits = exponent == 0 ? std::bit_cast<uint32_t>(shifted) : normal;
    return std::bit_cast<float>(bits | (half & 0x8000u) << 16);
}

inline float fromBFloat16(uint16_t value) {
    return std::bit_cast<float>(uint32_t{value} << 16);
}

// 1-4-3 bits with bias 7, no infinities, NaN where all bits are set.
float fromFloat8E4M3(uint8_t value) {
    const int exponent = (value >> 3) & 0xf, mantissa = value & 7;
    if (exponent == 0xf && mantissa == 7) return std::numeric_limits<float>::quiet_NaN();
    const int scaled = exponent == 0 ? mantissa : mantissa + 8;
    const float magnitude = std::ldexp(static_cast<float>(scaled), (exponent == 0 ? 1 : exponent) - 10);
    return (value & 0x80) != 0 ? -magnitude : magnitude;
}

float fromFloat8E5M2(uint8_t value) {
    return fromHalf(static_cast<uint16_t>(value << 8));
}

template <class From, class To, class Convert>
void convertEach(const std::byte* from, size_t count, To* to, Convert convert) {
    for (size_t i = 0; i < count; ++i) {
        From value;
        std::memcpy(&value, from + i * sizeof(From), sizeof(From));
        to[i] = convert(value);
    }
}

template <class From>
void widen(const std::byte* from, size_t count, int64_t* to) {
    convertEach<From>(from, count, to, [](From value) { return static_cast<int64_t>(value); });
}

}  // namespace

size_t elementBytes(StoredType type) {
    return row(type).bytes;
}
bool isFloating(StoredType type) {
    return row(type).floating;
}
std::string_view typeName(StoredType type) {
    return row(type).name;
}
std::string_view safetensorsName(StoredType type) {
    return row(type).safetensors;
}

std::optional<StoredType> typeFromName(std::string_view name) {
    return findType(&TypeRow::name, name);
}
std::optional<StoredType> typeFromSafetensors(std::string_view name) {
    return findType(&TypeRow::safetensors, name);
}

void convertToFloat(StoredType type, const std::byte* from, size_t count, float* to) {
    if (count == 0) return;
    switch (type) {
        case StoredType::Float32:
            std::memcpy(to, from, count * sizeof(float));
            return;
        case StoredType::Float16:
            convertEach<uint16_t>(from, count, to, fromHalf);
            return;
        case StoredType::BFloat16:
            convertEach<uint16_t>(from, count, to, fromBFloat16);
            return;
        case StoredType::Float64:
            convertEach<double>(from, count, to, [](double value) { return static_cast<float>(value); });
            return;
        case StoredType::Float8E4M3:
            convertEach<uint8_t>(from, count, to, fromFloat8E4M3);
            return;
        case StoredType::Float8E5M2:
            convertEach<uint8_t>(from, count, to, fromFloat8E5M2);
            return;
        default:
            ensure(false, "floating element type");
    }
}

void convertToInt64(StoredType type, const std::byte* from, size_t count, int64_t* to) {
    if (count == 0) return;
    switch (type) {
        case StoredType::Int64:
            std::memcpy(to, from, count * sizeof(int64_t));
            return;
        case StoredType::Int32:
            widen<int32_t>(from, count, to);
            return;
        case StoredType::Int16:
            widen<int16_t>(from, count, to);
            return;
        case StoredType::Int8:
            widen<int8_t>(from, count, to);
            return;
        case StoredType::UInt8:
            widen<uint8_t>(from, count, to);
            return;
        case StoredType::UInt16:
            widen<uint16_t>(from, count, to);
            return;
        case StoredType::UInt32:
            widen<uint32_t>(from, count, to);
            return;
        case StoredType::UInt64:
            convertEach<uint64_t>(from, count, to, [](uint64_t value) {
                require(value <= INT64_MAX, ErrorKind::BadInput, "the value ", value, " does not fit 64 signed bits");
                return static_cast<int64_t>(value);
            });
            return;
        case StoredType::Bool:
            convertEach<uint8_t>(from, count, to, [](uint8_t value) { return int64_t{value != 0}; });
            return;
        default:
            ensure(false, "integer element type");
    }
}

}  // namespace qat
