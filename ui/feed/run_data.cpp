// Layers of both files in one order, times and titles for people.
#include "feed/run_data.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <set>

namespace qat::ui {

std::vector<std::string> RunData::orderedLayers() const {
    std::vector<std::string> ordered;
    std::set<std::string_view> seen;
    for (const LayerInfo& layer : layers) {
        ordered.push_back(layer.name);
        seen.insert(layer.name);
    }
    for (const std::string& name : layerNames)
        if (!seen.contains(name)) ordered.push_back(name);
    return ordered;
}

const LayerInfo* RunData::layer(std::string_view name) const {
    const auto found = std::ranges::find(layers, name, &LayerInfo::name);
    return found == layers.end() ? nullptr : &*found;
}

QDateTime timeOf(const std::string& told) {
    return QDateTime::fromString(qtext(told), Qt::ISODate);
}

QDateTime wallClock(const RunRecord& run, const LogLine& line) {
    constexpr double kLongestRunSeconds = 1e9;
    if (line.sitting >= run.sittings.size() || !(std::abs(line.inSitting) < kLongestRunSeconds)) return {};
    const QDateTime began = timeOf(run.sittings[line.sitting].time);
    return began.isValid() ? began.addMSecs(static_cast<qint64>(line.inSitting * 1000)) : QDateTime();
}

QString stageTitle(std::string_view stage) {
    return QCoreApplication::translate("Stage", std::string(stages::title(stage)).c_str());
}

RecommendedConfidences recommendedConfidences(const RunData& data, std::string_view stage) {
    const auto of = [&](std::string_view model) { return data.value(series::accuracy(model, series::kConfidence)); };
    const std::optional<double> final = stage == model_stages::kCalibrated ? std::nullopt : of(series::kFinal);
    return {of(series::kFp32), final ? final : of(series::kPtq)};
}

}  // namespace qat::ui
