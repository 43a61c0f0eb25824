// Questions to a series.
#include "runs/run_series.h"

#include <cmath>
#include <map>

namespace qat {

void RunSeries::add(double x, double value, double t) {
    if (points.empty() || x < points.back().x) starts.push_back(points.size());
    points.push_back({x, value, t});
}

std::optional<double> RunSeries::last() const {
    for (auto point = points.rbegin(); point != points.rend(); ++point)
        if (std::isfinite(point->value)) return point->value;
    return std::nullopt;
}

std::optional<RunSeries::Point> RunSeries::best() const {
    std::optional<Point> best;
    for (const Point& point : points)
        if (std::isfinite(point.value) && (!best || point.value > best->value)) best = point;
    return best;
}

std::vector<std::pair<double, double>> RunSeries::curve() const {
    std::map<double, double> byX;
    for (const Point& point : points)
        if (std::isfinite(point.value)) byX[point.x] = point.value;
    return {byX.begin(), byX.end()};
}

}  // namespace qat
