// Joins layers.json with the layer tables.
#include "analyze/layer_facts.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>
#include <unordered_map>

#include "analyze/metric_info.h"

namespace qat::ui {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

using ByBits = std::map<int, LayerMetrics>;

double metricOf(const ByBits& byBits, ByBits::const_iterator found, const QString& metric) {
    return found == byBits.end() ? kNone : found->second.value(metric.toStdString());
}

// With everything quantized a layer has one width of its own, whichever width the others are looked at.
ByBits::const_iterator errorRow(const ByBits& error, int bits) {
    const auto found = error.find(bits);
    return found == error.end() ? error.begin() : found;
}

std::optional<double> finite(const LayerMetrics& metrics, const QString& key) {
    const double value = metrics.value(key.toStdString());
    return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::vector<RankBar> barsOf(const std::vector<LayerFacts>& layers, int bits, const QString& metric,
                            ByBits LayerFacts::*table) {
    std::vector<RankBar> bars;
    for (const LayerFacts& layer : layers) {
        const bool isError = table == &LayerFacts::error;
        const auto row = isError ? errorRow(layer.error, bits) : ByBits::const_iterator((layer.*table).find(bits));
        if (row == (layer.*table).end() || !row->second.contains(metric.toStdString())) continue;
        RankBar bar;
        bar.layer = layer.id;
        bar.label = layer.name;
        bar.value = row->second.value(metric.toStdString());
        bar.low = finite(row->second, metric + QStringLiteral("_low"));
        bar.high = finite(row->second, metric + QStringLiteral("_high"));
        bar.withinNoise = bar.low && bar.high && *bar.low <= 0 && *bar.high >= 0;
        bars.push_back(bar);
    }
    return bars;
}

}  // namespace

double LayerFacts::sensitivityOf(int bits, const QString& metric) const {
    return metricOf(sensitivity, sensitivity.find(bits), metric);
}
double LayerFacts::errorOf(int bits, const QString& metric) const {
    return metricOf(error, errorRow(error, bits), metric);
}

std::vector<LayerFacts> collectLayers(const RunData& data, SelectionHub& hub) {
    std::vector<LayerFacts> layers;
    std::unordered_map<std::string, size_t> index;
    for (const std::string& name : data.orderedLayers()) {
        LayerFacts facts;
        facts.name = qtext(name);
        facts.id = hub.idOf(facts.name);
        facts.isOutput = !data.layers.empty() && !data.layer(name);
        facts.oscillation = facts.oscillationPeak = kNone;
        index.emplace(name, layers.size());
        layers.push_back(std::move(facts));
    }
    for (const LayerInfo& plan : data.layers) layers[index.at(plan.name)].plan = plan;
    // Keys are sorted by stage and epoch, so that the newest of each comes last and stays.
    for (const auto& [key, metrics] : data.layerRows) {
        const auto place = index.find(key.layer);
        if (place == index.end()) continue;  // a row about a value, not a layer
        LayerFacts& facts = layers[place->second];
        if (key.table == tables::kSensitivity) facts.sensitivity[key.bits] = metrics;
        if (key.table == tables::kError) facts.error[key.bits] = metrics;
        if (key.table == tables::kRepair) facts.repair = metrics;
        if (key.table == tables::kCorrection) facts.correction = metrics;
        if (key.table != tables::kOscillation) continue;
        facts.oscillation = metrics.value("share");
        facts.oscillationPeak = std::fmax(facts.oscillationPeak, facts.oscillation);
    }
    return layers;
}

std::vector<LayerFacts> layersOnly(const std::vector<LayerFacts>& all) {
    std::vector<LayerFacts> layers;
    std::ranges::remove_copy_if(all, std::back_inserter(layers), &LayerFacts::isOutput);
    return layers;
}

QStringList metricsOf(const RunData& data, std::string_view table) {
    std::set<QString> keys;
    for (const auto& [key, metrics] : data.layerRows)
        if (key.table == table)
            for (const auto& [metric, value] : metrics.values) keys.insert(qtext(metric));
    return orderedMetrics(QStringList(keys.begin(), keys.end()));
}

int rankOf(const std::vector<LayerFacts>& layers, LayerId id, int bits, const QString& metric) {
    const auto own = std::find_if(layers.begin(), layers.end(), [id](const LayerFacts& l) { return l.id == id; });
    if (own == layers.end() || !std::isfinite(own->sensitivityOf(bits, metric))) return 0;
    const double sign = metricInfo(metric).lowIsBad ? -1 : 1;
    const double value = sign * own->sensitivityOf(bits, metric);
    int rank = 1;
    for (const LayerFacts& layer : layers)
        if (sign * layer.sensitivityOf(bits, metric) > value) ++rank;
    return rank;
}

std::vector<RankBar> sensitivityBars(const std::vector<LayerFacts>& layers, int bits, const QString& metric) {
    return barsOf(layers, bits, metric, &LayerFacts::sensitivity);
}

std::vector<RankBar> errorBars(const std::vector<LayerFacts>& layers, int bits, const QString& metric) {
    return barsOf(layers, bits, metric, &LayerFacts::error);
}

HeatData oscillationMap(const RunData& data, const std::vector<LayerFacts>& layers) {
    std::set<int> epochs;
    for (const auto& [key, metrics] : data.layerRows)
        if (key.table == tables::kOscillation) epochs.insert(key.epoch);
    HeatData heat;
    heat.epochs.assign(epochs.begin(), epochs.end());
    std::unordered_map<std::string, size_t> rows;
    for (const LayerFacts& layer : layers) {
        if (std::isnan(layer.oscillation)) continue;
        rows.emplace(layer.name.toStdString(), heat.layers.size());
        heat.layers.push_back(layer.id);
        heat.labels.push_back(layer.name);
    }
    heat.values.assign(heat.layers.size() * heat.epochs.size(), kNone);
    for (const auto& [key, metrics] : data.layerRows) {
        if (key.table != tables::kOscillation || !rows.contains(key.layer)) continue;
        const auto column = static_cast<size_t>(std::distance(epochs.begin(), epochs.find(key.epoch)));
        heat.values[rows.at(key.layer) * heat.epochs.size() + column] = metrics.value("share");
    }
    return heat;
}

}  // namespace qat::ui
