// Order of an epoch and the rectangular shapes of the public validator.
#include "data/batch_plan.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace qat {
namespace {

constexpr uint64_t kOrderItem = UINT64_MAX;  // the shuffle's own stream, beside those of the pictures

// Input shape for pictures with height / width between low and high: the longer side is 1, half a step of margin.
cv::Size sharedShape(double low, double high, int imgsz, int step) {
    const double height = high < 1 ? high : 1, width = low > 1 ? 1 / low : 1;
    const auto whole = [&](double side) { return static_cast<int>(std::ceil(side * imgsz / step + 0.5)) * step; };
    return {whole(width), whole(height)};
}

using Place = std::vector<int64_t>::iterator;

// Puts the median of first, middle and last in the middle's place and splits the range around it; returns where it
// ends up. Equal keys stop the search from both sides.
template <class Key>
Place partitionAroundMedian(Place first, Place last, const Key& key) {
    const Place middle = first + (last - first) / 2;
    if (key(*middle) < key(*first)) std::iter_swap(middle, first);
    if (key(*last) < key(*middle)) std::iter_swap(last, middle);
    if (key(*middle) < key(*first)) std::iter_swap(middle, first);
    const double pivot = key(*middle);
    std::iter_swap(middle, last - 1);
    Place low = first, high = last - 1;
    while (true) {
        while (key(*++low) < pivot) {
        }
        while (pivot < key(*--high)) {
        }
        if (low >= high) break;
        std::iter_swap(low, high);
    }
    std::iter_swap(low, last - 1);
    return low;
}

// Median-of-three quicksort with insertion below 17 items. Which of several equal keys comes first decides in which
// batch a picture lands, hence its padding and its detections; this is the order of the public validator's array
// library, so that its figures can be reproduced. depth bounds the worst case.
template <class Key>
void quicksort(Place first, Place last, const Key& key, int depth) {
    while (last - first > 16) {
        if (depth-- == 0) {
            std::stable_sort(first, last + 1, [&](int64_t a, int64_t b) { return key(a) < key(b); });
            return;
        }
        const Place pivot = partitionAroundMedian(first, last, key);
        quicksort(first, pivot - 1, key, depth);
        first = pivot + 1;
    }
    for (Place place = first + 1; place <= last; ++place)
        std::rotate(std::upper_bound(first, place, key(*place), [&](double k, int64_t item) { return k < key(item); }),
                    place, place + 1);
}

}  // namespace

BatchPlan::BatchPlan(const Dataset& dataset, const LoaderOptions& options)
    : m_imgsz(options.imgsz),
      m_rectStep(options.rectStep),
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
    quicksort(m_order.begin(), m_order.end() - 1, ratio, 2 * std::bit_width(m_order.size()));
    for (size_t first = 0; first < m_order.size(); first += static_cast<size_t>(m_batch)) {
        const size_t last = std::min(first + static_cast<size_t>(m_batch), m_order.size()) - 1;
        m_inputSizes.push_back(sharedShape(ratio(m_order[first]), ratio(m_order[last]), m_imgsz, m_rectStep));
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
