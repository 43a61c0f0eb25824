// What quantization-aware training elsewhere found out about the values at one quantizer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace qat {

// Values from -amax to amax are told apart in 2^bits steps.
struct CalibratedRange {
    std::string module;        // the layer whose quantizer it is, in the names of tensors: model.0.conv
    std::string place;         // input, weight or output of the layer, or what else the file calls it
    std::vector<double> amax;  // not negative: one number, or one a channel
    int64_t bits = 8;          // 1 to 64

    bool operator==(const CalibratedRange&) const = default;
};

}  // namespace qat
