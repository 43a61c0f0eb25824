// Channels-last data as rows of channels, cut into blocks of fixed size: threads share out whole blocks, and sums are
// taken block by block, so results do not depend on the number of threads.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

namespace qat {

inline constexpr int64_t kBlockFloats = 8192;  // 32 kB: a block and its scratch stay in the first-level caches

// x as rows of C floats, and the blocks it is cut into.
struct RowLayout {
    int64_t channels, rows, rowsPerBlock, blocks;

    explicit RowLayout(const at::Tensor& x)
        : channels(x.size(1)),
          rows(channels ? x.numel() / channels : 0),
          rowsPerBlock(std::max<int64_t>(1, kBlockFloats / std::max<int64_t>(1, channels))),
          blocks((rows + rowsPerBlock - 1) / rowsPerBlock) {}
    int64_t rowsOf(int64_t block) const { return std::min(rowsPerBlock, rows - block * rowsPerBlock); }
    int64_t offsetOf(int64_t block) const { return block * rowsPerBlock * channels; }

    template <class Work>
    void forEachBlock(const Work& work) const {
        at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
            for (int64_t block = begin; block < end; ++block) work(block);
        });
    }

    // Sums one vector of `width` doubles a block, in block order.
    template <class Work>
    std::vector<double> sumOverBlocks(int64_t width, const Work& work) const {
        std::vector<double> parts(static_cast<size_t>(blocks * width));
        forEachBlock([&](int64_t block) { work(block, parts.data() + block * width); });
        std::vector<double> total(static_cast<size_t>(width));
        for (int64_t block = 0; block < blocks; ++block)
            for (int64_t i = 0; i < width; ++i) total[i] += parts[block * width + i];
        return total;
    }
};

}  // namespace qat
