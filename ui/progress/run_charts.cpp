// Titles and sentences of the charts; their lines come from run_curves.
#include "progress/run_charts.h"

#include <QCoreApplication>

namespace qat::ui {
namespace {

QString chartText(const char* source) {
    return QCoreApplication::translate("RunCharts", source);
}

RunChart accuracyChart() {
    return {chartText("Accuracy"),
            chartText("No accuracy yet. FP32 and PTQ are measured before training, then every epoch adds a point."),
            [](const RunData& data, RunAxis axis) {
                const MetricName& metric = data.metrics.primary();
                const QString detail = metric.detail.empty() ? chartText("validation")
                                                             : chartText("validation, %1").arg(qtext(metric.detail));
                return RunChart::Content{detail, scoreLines(data, axis), qtext(metric.label)};
            }};
}

RunChart lossChart() {
    return {chartText("Loss"), chartText("No training step yet."),
            [](const RunData& data, RunAxis axis) {
                return RunChart::Content{chartText("per batch"), lossLines(data, axis)};
            },
            ChartPane::Smoothing::Median};
}

RunChart oscillationChart() {
    return {chartText("Oscillating weights"), chartText("No weight statistics: every epoch of training adds some."),
            [](const RunData& data, RunAxis axis) {
                return RunChart::Content{chartText("% of all weights"), oscillationLines(data, axis)};
            }};
}

RunChart rateChart() {
    return {chartText("Learning rate"), chartText("No training step yet."), [](const RunData& data, RunAxis axis) {
                int exponent = 0;
                RunChart::Content content{{}, rateLines(data, axis, &exponent)};
                if (!content.lines.empty()) content.detail = chartText("× 1e%1").arg(exponent);
                return content;
            }};
}

}  // namespace

std::vector<RunChart> runCharts() {
    return {accuracyChart(), lossChart(), oscillationChart(), rateChart()};
}

QString axisTitle(RunAxis axis) {
    switch (axis) {
        case RunAxis::Epoch:
            return chartText("epoch");
        case RunAxis::Step:
            return chartText("step");
        case RunAxis::Minutes:
            return chartText("minutes");
    }
    return {};
}

}  // namespace qat::ui
