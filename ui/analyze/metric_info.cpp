// The table of known metrics.
#include "analyze/metric_info.h"

#include <QCoreApplication>
#include <algorithm>
#include <array>
#include <cmath>

#include "widgets/format.h"

namespace qat::ui {
namespace {

constexpr int kMostDigits = 9;

struct Known {
    const char* key;
    const char* title;
    int digits;
    bool lowIsBad, isShare;
};

constexpr std::array kKnown{
    Known{"score", QT_TRANSLATE_NOOP("Metric", "score"), 4, false, false},
    Known{"mse", QT_TRANSLATE_NOOP("Metric", "MSE"), 6, false, false},
    Known{"sqnr_db", QT_TRANSLATE_NOOP("Metric", "SQNR, dB"), 2, true, false},
    Known{"cosine", QT_TRANSLATE_NOOP("Metric", "cosine"), 5, true, false},
    Known{"abs_error", QT_TRANSLATE_NOOP("Metric", "absolute error"), 4, false, false},
    Known{"rel_error", QT_TRANSLATE_NOOP("Metric", "relative error"), 4, false, false},
    Known{"kl", QT_TRANSLATE_NOOP("Metric", "KL divergence"), 5, false, false},
    Known{"share", QT_TRANSLATE_NOOP("Metric", "oscillating"), 1, false, true},
    Known{"mean_frequency", QT_TRANSLATE_NOOP("Metric", "flip frequency"), 5, false, false},
    Known{"boundary_distance", QT_TRANSLATE_NOOP("Metric", "distance to boundary"), 3, true, false},
    Known{"frozen", QT_TRANSLATE_NOOP("Metric", "frozen"), 1, false, true},
};

size_t placeOf(const QString& key) {
    const auto found =
        std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return key == QLatin1String(k.key); });
    return static_cast<size_t>(found - kKnown.begin());
}

}  // namespace

MetricInfo metricInfo(const QString& key) {
    const size_t place = placeOf(key);
    if (place == kKnown.size()) return {key, key, 5, false, false};
    const Known& known = kKnown[place];
    return {key, QCoreApplication::translate("Metric", known.title), known.digits, known.lowIsBad, known.isShare};
}

QStringList orderedMetrics(const QStringList& keys) {
    QStringList ordered;
    for (const QString& key : keys)
        if (!key.endsWith(QLatin1String("_low")) && !key.endsWith(QLatin1String("_high"))) ordered << key;
    std::sort(ordered.begin(), ordered.end(), [](const QString& a, const QString& b) {
        const size_t placeA = placeOf(a), placeB = placeOf(b);
        return placeA != placeB ? placeA < placeB : a < b;
    });
    return ordered;
}

NumberForm metricForm(const MetricInfo& info, const std::vector<double>& values) {
    if (info.key == QLatin1String("sqnr_db") || info.key == QLatin1String("boundary_distance")) return {0, info.digits};
    if (info.key != QLatin1String("cosine")) return numberForm(values, info.digits);
    // What tells cosines apart is how far they are from 1.
    double furthest = 0;
    for (const double value : values)
        if (std::isfinite(value)) furthest = std::max(furthest, std::abs(1 - value));
    const int digits = furthest > 0 ? 1 - static_cast<int>(std::floor(std::log10(furthest))) : info.digits;
    return {0, std::clamp(digits, info.digits, kMostDigits)};
}

QString metricText(const MetricInfo& info, const NumberForm& form, double value) {
    return info.isShare && !std::isnan(value) ? formatPercent(value) : formatIn(form, value);
}

QString metricText(const MetricInfo& info, double value) {
    const NumberForm form = metricForm(info, {value});
    const QString unit = info.isShare ? QString() : unitOf(form);
    return metricText(info, form, value) + (unit.isEmpty() || std::isnan(value) ? QString() : QChar(0x2009) + unit);
}

}  // namespace qat::ui
