// Interpolated precision and recall, by the conventions of the Ultralytics validator.
#include "eval/precision_recall.h"

#include <algorithm>
#include <numeric>

namespace qat {

namespace {

// Piecewise linear function through (x[i], y[i]), x ascending; of points with equal x the last one counts.
// Queries come in ascending order, none below x[0].
class Interpolation {
public:
    Interpolation(std::span<const double> x, std::span<const double> y) : m_x(x), m_y(y) {}
    double at(double query) {
        while (m_index + 1 < m_x.size() && m_x[m_index + 1] <= query) ++m_index;
        if (m_index + 1 == m_x.size() || m_x[m_index] == query) return m_y[m_index];
        const double slope = (m_y[m_index + 1] - m_y[m_index]) / (m_x[m_index + 1] - m_x[m_index]);
        return slope * (query - m_x[m_index]) + m_y[m_index];
    }

private:
    std::span<const double> m_x, m_y;
    size_t m_index = 0;
};

// Recall and precision after each detection at one IoU level, written from position `begin` on.
void cumulate(const RankedClass& ranked, size_t level, size_t begin, std::vector<double>& recall,
              std::vector<double>& precision) {
    int64_t right = 0;
    for (size_t i = 0; i < ranked.hits.size(); ++i) {
        right += ranked.hits[i] >> level & 1;
        recall[begin + i] = static_cast<double>(right) / static_cast<double>(ranked.labels);
        precision[begin + i] = static_cast<double>(right) / static_cast<double>(i + 1);
    }
}

double areaUnder(std::span<const double> recall, std::span<const double> precision) {
    Interpolation curve(recall, precision);
    double area = 0, previous = curve.at(0);
    for (int i = 1; i <= 100; ++i) {
        const double value = curve.at(i == 100 ? 1.0 : i * 0.01);
        area += 0.01 * (previous + value) / 2;
        previous = value;
    }
    return area;
}

double f1Of(const ConfidenceCurves& curves, size_t index) {
    const double p = curves.precision[index], r = curves.recall[index];
    return 2 * p * r / (p + r + 1e-16);
}

}  // namespace

std::array<double, kIouLevels> averagePrecision(const RankedClass& ranked) {
    std::array<double, kIouLevels> result{};
    const size_t count = ranked.hits.size();
    if (count == 0) return result;
    std::vector<double> recall(count + 2), precision(count + 2);
    for (size_t level = 0; level < kIouLevels; ++level) {
        recall.front() = 0;
        precision.front() = 1;
        cumulate(ranked, level, 1, recall, precision);
        recall.back() = 1;
        precision.back() = 0;
        for (size_t i = count; i > 0; --i) precision[i] = std::max(precision[i], precision[i + 1]);
        result[level] = areaUnder(recall, precision);
    }
    return result;
}

ConfidenceCurves confidenceCurves(const RankedClass& ranked) {
    ConfidenceCurves curves;
    if (ranked.hits.empty()) return curves;
    std::vector<double> recall(ranked.hits.size()), precision(recall.size()), falling(recall.size());
    cumulate(ranked, 0, 0, recall, precision);
    std::transform(ranked.scores.begin(), ranked.scores.end(), falling.begin(), [](float score) { return -score; });
    Interpolation recallAt(falling, recall), precisionAt(falling, precision);
    constexpr size_t last = ConfidenceCurves::kPoints - 1;
    for (size_t i = last + 1; i-- > 0;) {
        const double query = i == last ? -1.0 : -(static_cast<double>(i) * (1.0 / static_cast<double>(last)));
        const bool aboveAll = query < falling.front();
        curves.recall[i] = aboveAll ? 0 : recallAt.at(query);
        curves.precision[i] = aboveAll ? 1 : precisionAt.at(query);
    }
    return curves;
}

size_t bestConfidence(std::span<const ConfidenceCurves> classes) {
    constexpr size_t points = ConfidenceCurves::kPoints, margin = 50;
    std::array<double, points + 2 * margin> padded{};
    for (const ConfidenceCurves& curves : classes)
        for (size_t i = 0; i < points; ++i) padded[margin + i] += f1Of(curves, i);
    std::fill_n(padded.begin(), margin, padded[margin]);
    std::fill_n(padded.end() - margin, margin, padded[margin + points - 1]);
    std::array<double, points> smoothed;
    for (size_t i = 0; i < points; ++i)
        smoothed[i] = std::accumulate(padded.begin() + i, padded.begin() + i + 2 * margin + 1, 0.0);
    return static_cast<size_t>(std::max_element(smoothed.begin(), smoothed.end()) - smoothed.begin());
}

double meanF1(std::span<const ConfidenceCurves> classes, size_t index) {
    double sum = 0;
    for (const ConfidenceCurves& curves : classes) sum += f1Of(curves, index);
    return classes.empty() ? 0 : sum / static_cast<double>(classes.size());
}

}  // namespace qat
