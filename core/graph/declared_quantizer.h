// What a network's own description says of one of its quantizers: the bit widths of its rows, ranges that it states.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace qat {

enum class DeclaredRange {
    Observed,  // that of the weights as they are, or of what was seen
    Learned,   // starts at [low, high], where these are equal at what is observed, and is trained by the logarithm of
               // its scale
    Constant   // [low, high], always
};
constexpr std::array<std::string_view, 3> namesOf(DeclaredRange) {
    return {"observed", "learned", "constant"};
}

// Of the weight that a node reads, or of what it makes. It holds where the user's patterns say nothing else
// (quant/declared_quantizers.h).
struct DeclaredQuantizer {
    std::string node;     // a node's name, or an input's
    bool weight = false;  // else its result
    int64_t bits = 0;     // 1 to 8; 0: as the sections of the configuration say, whatever a policy would
    bool isSigned = true;
    bool narrow = true;       // a signed grid ends at -qmax, as it does at qmax
    bool perChannel = false;  // a scale for each output of a weight
    DeclaredRange range = DeclaredRange::Observed;
    double low = 0, high = 0;
    std::string reason{};  // who says so, for people: "row 2, QuantConv"; not empty
    bool operator==(const DeclaredQuantizer&) const = default;
};

// Sets high, and low where there are signs, so that the end `threshold` of a range lies on the code 2^(bits-1) or
// 2^bits - 1, or with `narrow` on 2^(bits-1) - 1, as toolkits count that state a threshold.
constexpr void stateThreshold(DeclaredQuantizer& quantizer, double threshold) {
    const auto codes = static_cast<double>(int64_t{1} << quantizer.bits);
    const bool whole = quantizer.isSigned && !quantizer.narrow;  // the codes are not as many on both sides
    quantizer.high = whole ? threshold * (codes - 1) / codes : threshold;
    quantizer.low = quantizer.isSigned ? -quantizer.high : 0;
}

}  // namespace qat
