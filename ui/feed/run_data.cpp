// Queries over a run's data, and the few places where adding needs thought.
#include "feed/run_data.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <set>

namespace qat::ui {

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

void RunLog::add(RunLogLine line) {
    if (lines.size() == kCapacity) {
        lines.pop_front();
        ++dropped;
    }
    lines.push_back(std::move(line));
}

const RunSeries* RunData::find(const QString& name) const {
    const auto found = series.find(name);
    return found == series.end() ? nullptr : &found->second;
}

std::optional<double> RunData::value(const QString& name) const {
    const RunSeries* found = find(name);
    return found ? found->last() : std::nullopt;
}

const RunStage* RunData::stage(const QString& name) const {
    const auto found = std::find_if(stages.begin(), stages.end(), [&](const RunStage& s) { return s.name == name; });
    return found == stages.end() ? nullptr : &*found;
}

const RunStage* RunData::currentStage() const {
    for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage)
        if (stage->state == StageState::Running) return &*stage;
    return nullptr;
}

RunStage& RunData::stageNamed(const QString& name) {
    for (RunStage& stage : stages)
        if (stage.name == name) return stage;
    RunStage added;
    added.name = name;
    stages.push_back(added);
    return stages.back();
}

QStringList RunData::orderedLayers() const {
    QStringList ordered;
    QSet<QString> seen;
    for (const RunLayer& layer : layers) {
        ordered.push_back(layer.name);
        seen.insert(layer.name);
    }
    for (const QString& name : layerNames)
        if (!seen.contains(name)) ordered.push_back(name);
    return ordered;
}

const RunLayer* RunData::layer(const QString& name) const {
    const auto found = std::find_if(layers.begin(), layers.end(), [&](const RunLayer& l) { return l.name == name; });
    return found == layers.end() ? nullptr : &*found;
}

const LayerMetrics* RunData::latest(LayerTable table, int bits, const QString& stage, const QString& layer) const {
    auto after = layerRows.upper_bound({table, bits, stage, layer, std::numeric_limits<int>::max()});
    if (after == layerRows.begin()) return nullptr;
    const auto& [key, metrics] = *std::prev(after);
    const bool same = key.table == table && key.bits == bits && key.stage == stage && key.layer == layer;
    return same ? &metrics : nullptr;
}

QVector<int> RunData::bitsOf(LayerTable table) const {
    std::set<int> widths;
    for (const auto& [key, metrics] : layerRows)
        if (key.table == table) widths.insert(key.bits);
    return QVector<int>(widths.begin(), widths.end());
}

QStringList RunData::stagesOf(LayerTable table) const {
    std::set<QString> stages;
    for (const auto& [key, metrics] : layerRows)
        if (key.table == table) stages.insert(key.stage);
    return QStringList(stages.begin(), stages.end());
}

void RunData::noteProgress(RunStage& stage, qint64 done, qint64 total) {
    constexpr double kWindowSeconds = 60;
    stage.done = done;
    stage.total = total;
    if (stage.state == StageState::Pending) stage.state = StageState::Running;
    const bool restarted = !m_marks.empty() && (done < m_marks.back().done || now < m_marks.back().t);
    if (m_marksStage != stage.name || restarted) m_marks.clear();
    m_marksStage = stage.name;
    m_marks.push_back({now, done});
    while (m_marks.size() > 2 && now - m_marks.front().t > kWindowSeconds) m_marks.pop_front();
}

std::optional<double> RunData::remainingSeconds() const {
    const RunStage* stage = currentStage();
    if (!stage || stage->total <= 0 || stage->name != m_marksStage || m_marks.size() < 2) return std::nullopt;
    const double seconds = m_marks.back().t - m_marks.front().t;
    const double done = static_cast<double>(m_marks.back().done - m_marks.front().done);
    if (seconds <= 0 || done <= 0) return std::nullopt;
    return std::max(0.0, static_cast<double>(stage->total - stage->done)) * seconds / done;
}

void RunData::beginPiece(const QDateTime& time) {
    m_offset = now;
    m_pieceStart = time;
    m_marks.clear();
}

QDateTime RunData::wallClock(double t) const {
    constexpr double kLongestRunSeconds = 1e9;
    if (!m_pieceStart.isValid() || !(std::abs(t) < kLongestRunSeconds)) return {};
    return m_pieceStart.addMSecs(static_cast<qint64>(t * 1000));
}

void RunData::noteLayer(const QString& name) {
    if (m_knownLayers.contains(name)) return;
    m_knownLayers.insert(name, layerNames.size());
    layerNames.push_back(name);
}

void RunData::putImage(RunImage image) {
    const QString key = image.stage + QLatin1Char('\n') + image.path;
    const auto known = m_imageIndex.constFind(key);
    if (known != m_imageIndex.constEnd()) {
        images[static_cast<size_t>(*known)] = std::move(image);
        return;
    }
    m_imageIndex.insert(key, static_cast<int>(images.size()));
    images.push_back(std::move(image));
}

QString stageTitle(const QString& stage) {
    static const QHash<QString, const char*> titles{
        {"load", QT_TRANSLATE_NOOP("Stage", "Load")},
        {"calibrate", QT_TRANSLATE_NOOP("Stage", "Calibrate")},
        {"repair", QT_TRANSLATE_NOOP("Stage", "Repair")},
        {"search", QT_TRANSLATE_NOOP("Stage", "Search widths")},
        {"evaluate_fp32", QT_TRANSLATE_NOOP("Stage", "Evaluate FP32")},
        {"evaluate_ptq", QT_TRANSLATE_NOOP("Stage", "Evaluate PTQ")},
        {"analyze", QT_TRANSLATE_NOOP("Stage", "Analyze")},
        {"train", QT_TRANSLATE_NOOP("Stage", "QAT")},
        {"reestimate", QT_TRANSLATE_NOOP("Stage", "Estimate norms")},
        {"qc", QT_TRANSLATE_NOOP("Stage", "Correct (QC)")},
        {"evaluate", QT_TRANSLATE_NOOP("Stage", "Evaluate")},
        {"export", QT_TRANSLATE_NOOP("Stage", "Export")},
    };
    const auto found = titles.constFind(stage);
    return found == titles.constEnd() ? stage : QCoreApplication::translate("Stage", *found);
}

}  // namespace qat::ui
