// Number formats of a whole network by a short name: W4A8, FP8.
#pragma once

#include <string>

#include "config/config.h"
#include "session/methods.h"

namespace qat {

// W<bits>A<bits> (integers of 1 to 16 bits), W<bits>AFP16 (weights in integers, activations in half precision),
// FP8 (E4M3 for both) or FP8E5M2, in letters of any case. Changes the defaults of weights and activations; what
// patterns say of single layers stays, and so does the type of integers where the configuration has one. Throws
// Error{BadInput} for any other name.
Overrides precisionOverrides(const std::string& name, const Config& base);

// The name as precisionName() would write it.
std::string canonicalPrecision(std::string name);

// What quantized layers compute in, as precisionOverrides() names it, in small letters; w4-8a8 where patterns add
// widths; fp32 without quantization.
std::string precisionName(const Config& config);

}  // namespace qat
