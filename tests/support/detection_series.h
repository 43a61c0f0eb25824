// The series that tests of readers write by hand: a detector's, as its run folders name them.
#pragma once

#include <string>
#include <string_view>

#include "runs/words.h"

namespace qat::series {

inline constexpr std::string_view kPrecision = "metrics/precision(B)", kRecall = "metrics/recall(B)",
                                  kMap50 = "metrics/mAP50(B)", kMap = "metrics/mAP50-95(B)",
                                  kRawMap50 = "metrics/raw/mAP50(B)", kRawMap = "metrics/raw/mAP50-95(B)";

// Of a model: fp32/mAP50-95.
inline std::string map(std::string_view model) {
    return accuracy(model, "mAP50-95");
}
inline std::string map50(std::string_view model) {
    return accuracy(model, "mAP50");
}

}  // namespace qat::series
