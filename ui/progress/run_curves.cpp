// Which series becomes which line, and how the three x axes relate.
#include "progress/run_curves.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>

#include "feed/run_status.h"
#include "widgets/format.h"

namespace qat::ui {
namespace {

QString text(const char* source) {
    return QCoreApplication::translate("RunCurves", source);
}

double onAxis(const RunSeries::Point& point, double epoch, double perEpoch, RunAxis axis) {
    if (axis == RunAxis::Minutes) return point.t / 60;
    return axis == RunAxis::Epoch ? epoch : epoch * perEpoch;
}

// x of the series counts steps (or epochs); `factor` scales the values.
ChartLine lineOf(const RunData& data, std::string_view series, bool countsSteps, RunAxis axis, double factor = 1) {
    ChartLine line;
    line.name = qtext(series);
    const RunSeries* found = data.find(series);
    if (!found) return line;
    const double perEpoch = stepsPerEpoch(data);
    for (const RunSeries::Point& point : found->points) {
        const double epoch = countsSteps ? point.x / perEpoch : point.x;
        line.points.emplace_back(onAxis(point, epoch, perEpoch, axis), point.value * factor);
    }
    line.starts = found->starts;
    return line;
}

ChartLine level(const QString& name, const RunFigures& figures, double value, double xMax, LineRole role) {
    ChartLine line;
    line.name = name;
    line.role = role;
    line.level = true;
    line.points = {{0, value}, {xMax, value}};
    line.endLabel = name + QLatin1Char(' ') + figures.shown(value);
    return line;
}

ChartLine floorLine(const ChartLine& scores, const RunFigures& figures, double xMax) {
    ChartLine line;
    line.name = text("Collapse floor");
    line.role = LineRole::Limit;
    line.stair = line.hatchBelow = true;
    const double ratio = figures.floorRatio;
    double best = figures.ptq.value_or(0);
    for (const QPointF& point : scores.points) {
        if (std::isfinite(point.y())) best = std::max(best, point.y());
        const double x = line.points.empty() ? point.x() : std::max(point.x(), line.points.back().x());
        line.points.emplace_back(x, ratio * best);
    }
    if (line.points.empty()) return line;
    line.points.emplace_back(std::max(xMax, line.points.back().x()), ratio * best);
    line.endLabel = text("floor %1").arg(figures.shown(ratio * best));
    line.endNote = text("%1 × best so far").arg(ratio);
    return line;
}

}  // namespace

std::optional<double> RunFigures::floor() const {
    return best ? std::optional(*best * floorRatio) : std::nullopt;
}

bool RunFigures::collapsed() const {
    const std::optional<double> last = final ? final : current;
    return best && last && *best > 0 && *last < floorRatio * *best;
}

QString RunFigures::shown(double value) const {
    return formatScore(value, metric.decimals);
}

RunFigures runFigures(const RunData& data) {
    RunFigures figures;
    figures.metric = data.metrics.primary();
    figures.floorRatio = data.summary.collapseRatio;
    figures.fp32 = data.score(series::kFp32);
    figures.ptq = data.score(series::kPtq);
    figures.final = data.score(series::kFinal);
    const bool goesOn =
        data.status == RunStatus::Running || data.status == RunStatus::Incomplete || isLost(data.status);
    if (!figures.final && !goesOn) figures.final = data.summary.final;
    if (const RunSeries* scores = data.scores(); scores && !scores->points.empty()) {
        figures.current = scores->last();
        figures.epoch = static_cast<int>(std::clamp(scores->points.back().x, 0.0, 1e9));
        if (const auto best = scores->best()) {
            figures.best = best->value;
            figures.bestEpoch = static_cast<int>(std::clamp(best->x, 0.0, 1e9));
        }
    }
    if (!figures.best && !goesOn) figures.best = data.summary.best;
    return figures;
}

double stepsPerEpoch(const RunData& data) {
    const RunStage* train = data.stage(stages::kTrain);
    if (train && train->total > 0 && data.run.epochs > 0)
        return std::max(1.0, static_cast<double>(train->total) / data.run.epochs);
    const RunSeries* rate = data.find(series::kWeightRate);  // told at each step, whatever is trained
    const RunSeries* scores = data.scores();
    if (!rate || !scores || rate->points.empty() || scores->points.empty()) return 1;
    return std::max(1.0, std::round(rate->points.back().x / std::max(1.0, scores->points.back().x)));
}

double lastX(const RunData& data, RunAxis axis) {
    double epochs = data.run.epochs;
    if (const RunSeries* scores = data.scores(); scores && !scores->points.empty())
        epochs = std::max(epochs, scores->points.back().x);
    epochs = std::max(epochs, 1.0);
    if (axis == RunAxis::Epoch) return epochs;
    if (axis == RunAxis::Step) return epochs * stepsPerEpoch(data);
    const double minutes = data.now / 60;
    const double remaining = data.remainingSeconds().value_or(0) / 60;
    return std::max(minutes + remaining, 1e-3);
}

std::vector<ChartLine> scoreLines(const RunData& data, RunAxis axis) {
    std::vector<ChartLine> lines;
    const RunFigures figures = runFigures(data);
    const double xMax = lastX(data, axis);
    ChartLine scores = lineOf(data, series::ofEpochs(figures.metric.key), false, axis);
    scores.name = data.run.averaged ? text("Quantized, EMA") : text("Quantized");
    scores.markers = scores.points.size() <= 30;
    const bool atBest = figures.current && figures.best && *figures.current >= *figures.best;
    if (figures.current)
        scores.endLabel =
            atBest ? text("%1, best").arg(figures.shown(*figures.current)) : figures.shown(*figures.current);
    ChartLine floor = floorLine(scores, figures, xMax);
    if (!floor.points.empty()) lines.push_back(std::move(floor));
    if (figures.fp32) lines.push_back(level(text("FP32"), figures, *figures.fp32, xMax, LineRole::Fp32));
    if (figures.ptq) {
        lines.push_back(level(text("PTQ"), figures, *figures.ptq, xMax, LineRole::Quant));
        lines.back().thin = lines.back().dotted = true;
    }
    if (ChartLine raw = lineOf(data, series::ofRawEpochs(figures.metric.key), false, axis); !raw.points.empty()) {
        raw.name = text("Quantized, not averaged");
        raw.role = LineRole::Neutral;
        raw.thin = true;
        lines.push_back(std::move(raw));
    }
    if (!scores.points.empty()) lines.push_back(std::move(scores));
    return lines;
}

namespace {

// X of every series train/X_loss: known ones first, in the order of their colours.
constexpr std::pair<std::string_view, const char*> kKnownLosses[] = {
    {"box", QT_TRANSLATE_NOOP("RunCurves", "box")},
    {"cls", QT_TRANSLATE_NOOP("RunCurves", "class")},
    {"dfl", QT_TRANSLATE_NOOP("RunCurves", "dfl")},
    {series::kDistill, QT_TRANSLATE_NOOP("RunCurves", "teacher")},
    {series::kDampen, QT_TRANSLATE_NOOP("RunCurves", "dampening")}};

std::vector<std::string> lossTerms(const RunData& data) {
    std::vector<std::string> terms;
    for (const auto& [term, name] : kKnownLosses) terms.emplace_back(term);
    for (const std::string& term : data.lossTerms())
        if (std::ranges::find(terms, term) == terms.end()) terms.push_back(term);
    return terms;
}

QString lossName(std::string_view term) {
    for (const auto& [key, name] : kKnownLosses)
        if (term == key) return text(name);
    return qtext(term);
}

}  // namespace

std::vector<ChartLine> lossLines(const RunData& data, RunAxis axis) {
    std::vector<ChartLine> lines;
    int category = 1;
    for (const std::string& term : lossTerms(data)) {
        ChartLine line = lineOf(data, series::loss(term), true, axis);
        line.name = line.endLabel = lossName(term);
        line.role = LineRole::Category;
        line.category = category++;
        if (!line.points.empty()) lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<ChartLine> oscillationLines(const RunData& data, RunAxis axis) {
    std::vector<ChartLine> lines;
    for (const auto& [key, name] : {std::pair{series::kFrozen, QT_TRANSLATE_NOOP("RunCurves", "Frozen weights, %")},
                                    {series::kOscillating, QT_TRANSLATE_NOOP("RunCurves", "Oscillating weights, %")}}) {
        ChartLine line = lineOf(data, key, false, axis, 100);
        if (line.points.empty()) continue;
        line.name = text(name);
        line.markers = line.points.size() <= 30;
        const double last = line.points.back().y();  // often below a tenth of a percent
        line.endLabel = last < 1 ? text("%1 %").arg(last, 0, 'f', 2) : formatPercent(last / 100);
        if (key == series::kFrozen) line.role = LineRole::Neutral;
        lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<ChartLine> rateLines(const RunData& data, RunAxis axis, int* exponent) {
    *exponent = 0;
    ChartLine line = lineOf(data, series::kWeightRate, true, axis);
    double largest = 0;
    for (const QPointF& point : line.points)
        if (std::isfinite(point.y())) largest = std::max(largest, point.y());
    if (largest <= 0) return {};
    *exponent = static_cast<int>(std::floor(std::log10(largest)));
    for (QPointF& point : line.points) point.setY(point.y() * std::pow(10.0, -*exponent));
    line.name = text("Learning rate");
    line.role = LineRole::Neutral;
    return {std::move(line)};
}

}  // namespace qat::ui
