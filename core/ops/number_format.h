// Number formats that a quantizer rounds to: whole numbers, signs, and floating point formats of 8 and 16 bits.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace qat {

// Integer: codes qmin..qmax. Binary: -1 and +1. E4m3, E5m2: the 8-bit floating point formats of the OCP specification
// (E4M3 without infinities); Half: IEEE's binary16.
enum class NumberFormat { Integer, Binary, E4m3, E5m2, Half };
constexpr std::array<std::string_view, 5> namesOf(NumberFormat) {
    return {"integer", "binary", "e4m3", "e5m2", "half"};
}

constexpr bool isFloat(NumberFormat format) {
    return format >= NumberFormat::E4m3;
}

// A binary floating point format: digits after the leading one, exponent of the smallest normal number, largest
// number.
struct FloatFormat {
    int mantissaBits, leastExponent;
    float largest;
};

// Of a floating point format.
constexpr FloatFormat floatFormat(NumberFormat format) {
    switch (format) {
        case NumberFormat::E4m3:
            return {3, -6, 448.0f};
        case NumberFormat::E5m2:
            return {2, -14, 57344.0f};
        default:
            return {10, -14, 65504.0f};
    }
}

// x rounded to the format's digits, half to even, subnormals included, as if exponents had no upper end. Adding and
// taking off a number whose last digit is the wanted one rounds in float arithmetic: exact, and the same on every
// machine.
[[gnu::always_inline]] inline float roundToFormat(float x, const FloatFormat& format) {
    const float power = std::bit_cast<float>(std::bit_cast<uint32_t>(x) & 0x7f800000u);  // 2^exponent, infinite for NaN
    const float least = std::bit_cast<float>(static_cast<uint32_t>(127 + format.leastExponent) << 23);
    const float step = 1.5f * std::bit_cast<float>(static_cast<uint32_t>(127 + 23 - format.mantissaBits) << 23);
    const float shift = (power < least ? least : power) * step;
    return (x + shift) - shift;
}

}  // namespace qat
