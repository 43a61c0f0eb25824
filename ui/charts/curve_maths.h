// Smoothing, splitting at gaps, thinning to pixel columns: pure functions on points.
#pragma once

#include <QPointF>
#include <span>
#include <vector>

#include "charts/chart_line.h"

namespace qat::ui {

using Polyline = std::vector<QPointF>;

// Exponential average with the start-up bias divided out: m_n = w m_(n-1) + (1 - w) y_n, result m_n / (1 - w^n), n
// counting finite values only. Values that are not finite pass through; a constant series stays itself. w is clamped to
// [0, 0.999].
std::vector<double> debiasedEma(std::span<const double> values, double weight);

// Median of the value and up to two finite neighbours on each side; not finite passes through.
std::vector<double> medianOfFive(std::span<const double> values);

// The line's values after its smoothing, one for each point; every piece is smoothed on its own.
std::vector<double> smoothedValues(const ChartLine& line);

// Splits at starts and at values that are not finite; with `positiveOnly` also at values <= 0, counted in `hidden`.
std::vector<Polyline> splitAtGaps(const ChartLine& line, std::span<const double> values, bool positiveOnly,
                                  int* hidden = nullptr);

// At most four points a column of `columns` between xMin and xMax: first, lowest, highest, last. One neighbour outside
// the range is kept on each side, so that the line leaves the picture correctly. Needs ascending x.
Polyline thinned(const Polyline& line, double xMin, double xMax, int columns);

// Adds the corner points that hold each value until the next x.
Polyline stair(const Polyline& line);

}  // namespace qat::ui
