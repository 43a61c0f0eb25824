// Raw head maps in the memory order in which losses read them, with the gradient that they write.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace qat {

// Whether a loss of these maps is to work out its gradient: grad mode is on, and one of them requires it.
bool wantsGradient(const std::vector<at::Tensor>& maps);

class LossMaps {
public:
    // maps: float [N, C, H, W] each, on any device. Channels-last memory of the processor is read in place.
    LossMaps(const std::vector<at::Tensor>& maps, bool withGradient);

    // Where the channels of a cell lie, those of the cells after it behind them.
    struct Cell {
        const float* logits;
        float* gradient;  // null if not wanted; holds nothing yet
    };
    // Cells are counted row by row.
    Cell at(size_t level, int64_t image, int64_t cell) const;

    size_t levels() const { return m_maps.size(); }
    int64_t images() const { return m_maps.front().size(0); }
    int64_t channels(size_t level) const { return m_maps[level].size(1); }
    int64_t height(size_t level) const { return m_maps[level].size(2); }
    int64_t width(size_t level) const { return m_maps[level].size(3); }
    int64_t cells(size_t level) const { return height(level) * width(level); }

    // The sum of part(level, first cell, number of cells) over all images and the levels from `begin` to before `end`.
    // Threads share the parts, whose bounds do not depend on their number.
    using Part = std::function<double(size_t level, const Cell& first, int64_t count)>;
    double sumOverCells(size_t begin, size_t end, const Part& part) const;

    // Of every map; empty if not wanted.
    std::vector<at::Tensor> takeGradients() { return std::move(m_gradients); }

private:
    std::vector<at::Tensor> m_maps, m_gradients;  // channels-last
};

}  // namespace qat
