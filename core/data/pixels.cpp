// Channel swap and scaling in one pass.
#include "data/pixels.h"

#include <array>
#include <cstdint>

namespace qat {
namespace {

constexpr std::array<float, 256> kShares = [] {
    std::array<float, 256> table{};
    for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(i) / 255.0f;
    return table;
}();

}  // namespace

void writeNetworkInput(const cv::Mat& bgr, float* output) {
    for (int y = 0; y < bgr.rows; ++y) {
        const uint8_t* pixel = bgr.ptr<uint8_t>(y);
        for (int x = 0; x < bgr.cols; ++x, pixel += 3, output += 3) {
            output[0] = kShares[pixel[2]];
            output[1] = kShares[pixel[1]];
            output[2] = kShares[pixel[0]];
        }
    }
}

}  // namespace qat
