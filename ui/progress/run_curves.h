// A run's numbers as chart lines: pure functions from RunData, no widgets.
#pragma once

#include <optional>
#include <vector>

#include "charts/chart_line.h"
#include "feed/run_data.h"

namespace qat::ui {

enum class RunAxis { Epoch, Step, Minutes };

// The headline numbers of a run; empty = not measured yet.
struct RunFigures {
    MetricName metric;  // what they are figures of: the primary one
    std::optional<double> fp32, ptq, current, best, final;
    int epoch = 0, bestEpoch = 0;
    double floorRatio = 0.5;
    // floorRatio x best so far; empty without any epoch.
    std::optional<double> floor() const;
    bool collapsed() const;
    QString shown(double value) const;  // with the digits worth showing; en dash for NaN
};

RunFigures runFigures(const RunData& data);

// Steps of an epoch: from the training stage, else from the curves, else 1.
double stepsPerEpoch(const RunData& data);
// Right end of the charts: the planned epochs, or what there is.
double lastX(const RunData& data, RunAxis axis);

// The primary metric over training with the FP32 line, the PTQ level and the collapse floor.
std::vector<ChartLine> scoreLines(const RunData& data, RunAxis axis);
std::vector<ChartLine> lossLines(const RunData& data, RunAxis axis);
// Shares of oscillating and, where weights freeze, of frozen weights in percent.
std::vector<ChartLine> oscillationLines(const RunData& data, RunAxis axis);
// Learning rate times 10^-exponent.
std::vector<ChartLine> rateLines(const RunData& data, RunAxis axis, int* exponent);

}  // namespace qat::ui
