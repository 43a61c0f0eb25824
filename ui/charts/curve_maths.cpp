// Everything happens on the full series first, so that thinning never changes what smoothing shows.
#include "charts/curve_maths.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace qat::ui {

std::vector<double> debiasedEma(std::span<const double> values, double weight) {
    const double w = std::clamp(std::isfinite(weight) ? weight : 0.0, 0.0, 0.999);
    std::vector<double> smooth(values.begin(), values.end());
    const auto firstFinite = std::find_if(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
    const bool constant =
        std::all_of(firstFinite, values.end(), [&](double v) { return !std::isfinite(v) || v == *firstFinite; });
    if (constant || w == 0) return smooth;
    double average = 0, remaining = 1;  // remaining = w^n
    for (double& value : smooth) {
        if (!std::isfinite(value)) continue;
        average = w * average + (1 - w) * value;
        remaining *= w;
        value = average / (1 - remaining);
    }
    return smooth;
}

std::vector<double> medianOfFive(std::span<const double> values) {
    std::vector<double> medians(values.begin(), values.end());
    for (size_t i = 0; i < values.size(); ++i) {
        if (!std::isfinite(values[i])) continue;
        std::array<double, 5> window{};
        size_t count = 0;
        const size_t first = i < 2 ? 0 : i - 2, last = std::min(values.size(), i + 3);
        for (size_t j = first; j < last; ++j)
            if (std::isfinite(values[j])) window[count++] = values[j];
        std::sort(window.begin(), window.begin() + static_cast<std::ptrdiff_t>(count));
        medians[i] = count % 2 ? window[count / 2] : (window[count / 2 - 1] + window[count / 2]) / 2;
    }
    return medians;
}

namespace {

std::vector<size_t> pieceBounds(const ChartLine& line) {
    std::vector<size_t> bounds{0};
    for (const size_t start : line.starts)
        if (start > bounds.back() && start < line.points.size()) bounds.push_back(start);
    bounds.push_back(line.points.size());
    return bounds;
}

}  // namespace

std::vector<double> smoothedValues(const ChartLine& line) {
    std::vector<double> values;
    values.reserve(line.points.size());
    for (const QPointF& point : line.points) values.push_back(point.y());
    if (!line.median && line.smoothing <= 0) return values;
    const std::vector<size_t> bounds = pieceBounds(line);
    for (size_t piece = 0; piece + 1 < bounds.size(); ++piece) {
        const std::span<const double> part(values.data() + bounds[piece], bounds[piece + 1] - bounds[piece]);
        const std::vector<double> smooth = line.median ? medianOfFive(part) : debiasedEma(part, line.smoothing);
        std::copy(smooth.begin(), smooth.end(), values.begin() + static_cast<std::ptrdiff_t>(bounds[piece]));
    }
    return values;
}

std::vector<Polyline> splitAtGaps(const ChartLine& line, std::span<const double> values, bool positiveOnly,
                                  int* hidden) {
    std::vector<Polyline> pieces;
    const std::vector<size_t> bounds = pieceBounds(line);
    for (size_t piece = 0; piece + 1 < bounds.size(); ++piece) {
        Polyline current;
        for (size_t i = bounds[piece]; i < bounds[piece + 1]; ++i) {
            const bool finite = std::isfinite(values[i]) && std::isfinite(line.points[i].x());
            const bool drawable = finite && (!positiveOnly || values[i] > 0);
            if (finite && !drawable && hidden) ++*hidden;
            if (drawable) current.emplace_back(line.points[i].x(), values[i]);
            if (!drawable && !current.empty()) pieces.push_back(std::exchange(current, {}));
        }
        if (!current.empty()) pieces.push_back(std::move(current));
    }
    return pieces;
}

Polyline thinned(const Polyline& line, double xMin, double xMax, int columns) {
    const auto byX = [](const QPointF& a, double x) { return a.x() < x; };
    auto first = std::lower_bound(line.begin(), line.end(), xMin, byX);
    auto last = std::upper_bound(line.begin(), line.end(), xMax, [](double x, const QPointF& a) { return x < a.x(); });
    if (first != line.begin()) --first;
    if (last != line.end()) ++last;
    const auto count = static_cast<size_t>(last - first);
    if (columns < 1 || count <= static_cast<size_t>(columns) * 2 || !(xMax > xMin)) return Polyline(first, last);
    Polyline kept;
    kept.reserve(static_cast<size_t>(columns) * 4);
    const auto columnOf = [&](double x) {
        return static_cast<qint64>(std::floor((x - xMin) / (xMax - xMin) * columns));
    };
    for (auto begin = first; begin != last;) {
        const qint64 column = columnOf(begin->x());
        auto end = begin;
        auto low = begin, high = begin;
        for (; end != last && columnOf(end->x()) == column; ++end) {
            if (end->y() < low->y()) low = end;
            if (end->y() > high->y()) high = end;
        }
        std::array chosen{begin, std::min(low, high), std::max(low, high), end - 1};
        for (size_t i = 0; i < chosen.size(); ++i)
            if (i == 0 || chosen[i] != chosen[i - 1]) kept.push_back(*chosen[i]);
        begin = end;
    }
    return kept;
}

Polyline stair(const Polyline& line) {
    Polyline steps;
    for (const QPointF& point : line) {
        if (!steps.empty()) steps.emplace_back(point.x(), steps.back().y());
        steps.push_back(point);
    }
    return steps;
}

Series lineStyle(const ChartLine& line, const Theme& theme) {
    Series style;
    switch (line.role) {
        case LineRole::Quant:
            style = theme.series(0);
            break;
        case LineRole::Fp32:
            style = theme.fp32Series();
            break;
        case LineRole::Limit:
            style = theme.limitSeries();
            break;
        case LineRole::Older:
            style = theme.olderSeries();
            break;
        case LineRole::Category:
            style = theme.series(line.category);
            break;
        case LineRole::Neutral:
            style = {theme.color(Color::Text2), {}, Marker::None, 1.6};
            break;
    }
    // Dashes drown in the jitter of a long line; its label tells it apart there.
    constexpr size_t kDashedPoints = 60;
    if (line.role == LineRole::Category && line.points.size() > kDashedPoints) style.dash.clear();
    if (line.thin) style.width = 1.2;
    if (line.dotted) style.dash = {2, 3};
    return style;
}

}  // namespace qat::ui
