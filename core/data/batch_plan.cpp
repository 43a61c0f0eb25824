// Order of an epoch and the rectangular shapes of the public validator.
#include "data/batch_plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace qat {
namespace {

constexpr int kStride = 32;
constexpr uint64_t kOrderItem = UINT64_MAX;  // the shuffle's own stream, beside those of the pictures

// Input shape for pictures with height / width between low and high: the longer side is 1, half a stride of margin.
cv::Size sharedShape(double low, double high, int imgsz) {
    const double height = high < 1 ? high : 1, width = low > 1 ? 1 / low : 1;
    const auto whole = [&](double side) { return static_cast<int>(std::ceil(side * imgsz / kStride + 0.5)) * kStride; };
    return {whole(width), whole(height)};
}

}  // namespace

BatchPlan::BatchPlan(const Dataset& dataset, const LoaderOptions& options)
    : m_imgsz(options.imgsz),
      m_batch(options.batch),
      m_shuffle(options.shuffle),
      m_dropLast(options.dropLast),
      m_seed(options.seed),
      m_order(static_cast<size_t>(options.limit > 0 ? std::min(options.limit, dataset.size()) : dataset.size())) {
    std::iota(m_order.begin(), m_order.end(), int64_t{0});
    if (options.rect) sortByShape(dataset);
}

void BatchPlan::sortByShape(const Dataset& dataset) {
    std::vector<double> ratios;
    ratios.reserve(m_order.size());
    for (const int64_t index : m_order) {
        const cv::Size size = dataset.imageSize(index);
        ratios.push_back(size.height / static_cast<double>(size.width));
    }
    const auto ratio = [&](int64_t index) { return ratios[static_cast<size_t>(index)]; };
    std::stable_sort(m_order.begin(), m_order.end(), [&](int64_t a, int64_t b) { return ratio(a) < ratio(b); });
    for (size_t first = 0; first < m_order.size(); first += static_cast<size_t>(m_batch)) {
        const size_t last = std::min(first + static_cast<size_t>(m_batch), m_order.size()) - 1;
        m_inputSizes.push_back(sharedShape(ratio(m_order[first]), ratio(m_order[last]), m_imgsz));
    }
}

int64_t BatchPlan::batches() const {
    const auto images = static_cast<int64_t>(m_order.size());
    return m_dropLast ? images / m_batch : (images + m_batch - 1) / m_batch;
}

std::vector<int64_t> BatchPlan::order(int64_t epoch) const {
    std::vector<int64_t> order = m_order;
    if (m_shuffle) {
        Random random = Random::forItem(m_seed, static_cast<uint64_t>(epoch), kOrderItem);
        random.shuffle(order);
    }
    return order;
}

cv::Size BatchPlan::inputSize(int64_t batch) const {
    return m_inputSizes.empty() ? cv::Size(m_imgsz, m_imgsz) : m_inputSizes[static_cast<size_t>(batch)];
}

}  // namespace qat
