// Questions to a record.
#include "runs/run_record.h"

#include <algorithm>
#include <limits>
#include <set>

namespace qat {

double RunRecord::seconds() const {
    double sum = 0;
    for (const RunStage& stage : stages) sum += stage.allSeconds;
    return sum;
}

const RunSeries* RunRecord::find(std::string_view name) const {
    const auto found = series.find(name);
    return found == series.end() ? nullptr : &found->second;
}

std::optional<double> RunRecord::value(std::string_view name) const {
    const RunSeries* found = find(name);
    return found ? found->last() : std::nullopt;
}

std::vector<std::string> RunRecord::lossTerms() const {
    std::vector<std::string> terms;
    for (const auto& [name, points] : series)
        if (const auto term = series::lossTerm(name)) terms.emplace_back(*term);
    return terms;
}

const RunStage* RunRecord::stage(std::string_view name) const {
    const auto found = std::ranges::find(stages, name, &RunStage::name);
    return found == stages.end() ? nullptr : &*found;
}

const RunStage* RunRecord::currentStage() const {
    for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage)
        if (stage->state == StageState::Running) return &*stage;
    return nullptr;
}

RunStage& RunRecord::stageNamed(std::string_view name) {
    const auto found = std::ranges::find(stages, name, &RunStage::name);
    if (found != stages.end()) return *found;
    stages.emplace_back().name = name;
    return stages.back();
}

const LayerMetrics* RunRecord::latest(std::string_view table, int bits, std::string_view stage,
                                      std::string_view layer) const {
    const LayerKey wanted{std::string(table), bits, std::string(stage), std::string(layer),
                          std::numeric_limits<int>::max()};
    const auto after = layerRows.upper_bound(wanted);
    if (after == layerRows.begin()) return nullptr;
    const auto& [key, metrics] = *std::prev(after);
    const bool same = key.table == table && key.bits == bits && key.stage == stage && key.layer == layer;
    return same ? &metrics : nullptr;
}

std::vector<int> RunRecord::bitsOf(std::string_view table) const {
    std::set<int> widths;
    for (const auto& [key, metrics] : layerRows)
        if (key.table == table) widths.insert(key.bits);
    return {widths.begin(), widths.end()};
}

std::optional<double> RunRecord::remainingSeconds() const {
    const RunStage* stage = currentStage();
    if (!stage || stage->total <= 0 || stage->name != m_marksStage || m_marks.size() < 2) return std::nullopt;
    const double seconds = m_marks.back().t - m_marks.front().t;
    const double done = static_cast<double>(m_marks.back().done - m_marks.front().done);
    if (seconds <= 0 || done <= 0) return std::nullopt;
    return std::max(0.0, static_cast<double>(stage->total - stage->done)) * seconds / done;
}

}  // namespace qat
