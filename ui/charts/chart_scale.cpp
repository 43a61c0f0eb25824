// Round numbers for axes.
#include "charts/chart_scale.h"

#include <QLocale>
#include <algorithm>
#include <cmath>

namespace qat::ui {

double AxisScale::shareOf(double value) const {
    if (log) return (std::log10(std::max(value, 1e-300)) - std::log10(min)) / (std::log10(max) - std::log10(min));
    return (value - min) / (max - min);
}

double AxisScale::valueAt(double share) const {
    if (log) return std::pow(10.0, std::log10(min) + share * (std::log10(max) - std::log10(min)));
    return min + share * (max - min);
}

QString AxisScale::label(double tick) const {
    constexpr int kMostDecimals = 6;
    if (log || decimals > kMostDecimals) return QLocale().toString(tick, 'g', 3);
    QString text = QLocale().toString(tick, 'f', decimals);
    return text.replace(QLatin1Char('-'), QChar(0x2212));
}

AxisScale linearScale(double low, double high, int maxTicks, bool snap) {
    AxisScale scale;
    if (!std::isfinite(low) || !std::isfinite(high)) low = 0, high = 1;
    if (high < low) std::swap(low, high);
    if (high - low <= 1e-12 * std::max(std::abs(low), std::abs(high)) || high == low) {
        const double pad = low == 0 ? 1 : std::abs(low) * 0.1;
        low -= pad;
        high += pad;
    }
    const double rough = (high - low) / std::max(1, maxTicks - 1);
    const double magnitude = std::pow(10.0, std::floor(std::log10(rough)));
    const double digit = rough / magnitude;
    const double step = magnitude * (digit <= 1.0001 ? 1 : digit <= 2.0001 ? 2 : digit <= 5.0001 ? 5 : 10);
    scale.min = snap ? std::floor(low / step + 1e-9) * step : low;
    scale.max = snap ? std::ceil(high / step - 1e-9) * step : high;
    scale.decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
    const double first = std::ceil(scale.min / step - 1e-9);
    for (double n = first; n * step <= scale.max + step * 1e-6; ++n) scale.ticks.push_back(n == 0 ? 0.0 : n * step);
    return scale;
}

AxisScale logScale(double low, double high) {
    AxisScale scale;
    scale.log = true;
    if (!(low > 0) || !std::isfinite(low) || !(high > 0) || !std::isfinite(high)) low = 0.1, high = 1;
    const double from = std::floor(std::log10(std::min(low, high)) + 1e-9);
    const double to = std::max(from + 1, std::ceil(std::log10(std::max(low, high)) - 1e-9));
    scale.min = std::pow(10.0, from);
    scale.max = std::pow(10.0, to);
    const double every = std::max(1.0, std::ceil((to - from) / 6));
    for (double decade = from; decade <= to; decade += every) scale.ticks.push_back(std::pow(10.0, decade));
    return scale;
}

QPointF ChartMap::toPixel(double xValue, double yValue) const {
    return {plot.left() + x.shareOf(xValue) * plot.width(), plot.bottom() - y.shareOf(yValue) * plot.height()};
}

double ChartMap::xAt(double pixel) const {
    return x.valueAt((pixel - plot.left()) / std::max(1.0, plot.width()));
}

}  // namespace qat::ui
