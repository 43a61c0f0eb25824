#include "loss/loss_maps.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

namespace qat {
namespace {

constexpr int64_t kPartCells = 512;  // fixed, so that sums do not depend on the number of threads

}  // namespace

bool wantsGradient(const std::vector<at::Tensor>& maps) {
    return at::GradMode::is_enabled() &&
           std::ranges::any_of(maps, [](const at::Tensor& map) { return map.requires_grad(); });
}

LossMaps::LossMaps(const std::vector<at::Tensor>& maps, bool withGradient) {
    const at::NoGradGuard noGrad;
    for (const at::Tensor& map : maps) {
        m_maps.push_back(map.detach().cpu().contiguous(at::MemoryFormat::ChannelsLast));
        if (withGradient) m_gradients.push_back(at::empty_like(m_maps.back()));
    }
}

LossMaps::Cell LossMaps::at(size_t level, int64_t image, int64_t cell) const {
    const int64_t offset = (image * cells(level) + cell) * channels(level);
    return {m_maps[level].data_ptr<float>() + offset,
            m_gradients.empty() ? nullptr : m_gradients[level].data_ptr<float>() + offset};
}

double LossMaps::sumOverCells(size_t begin, size_t end, const Part& partOf) const {
    struct Chunk {
        size_t level;
        int64_t image, first, count;
    };
    std::vector<Chunk> chunks;
    for (size_t level = begin; level < end; ++level)
        for (int64_t image = 0; image < images(); ++image)
            for (int64_t first = 0; first < cells(level); first += kPartCells)
                chunks.push_back({level, image, first, std::min(kPartCells, cells(level) - first)});
    std::vector<double> parts(chunks.size());
    at::parallel_for(0, static_cast<int64_t>(chunks.size()), 1, [&](int64_t from, int64_t to) {
        for (auto i = static_cast<size_t>(from); i < static_cast<size_t>(to); ++i)
            parts[i] = partOf(chunks[i].level, at(chunks[i].level, chunks[i].image, chunks[i].first), chunks[i].count);
    });
    double sum = 0;
    for (const double part : parts) sum += part;
    return sum;
}

}  // namespace qat
