// The charts of the Run perspective as rows: a new one is a row here and its lines.
#pragma once

#include <QString>
#include <functional>
#include <vector>

#include "charts/chart_pane.h"
#include "progress/run_curves.h"

namespace qat::ui {

struct RunChart {
    struct Content {
        QString detail;  // secondary text of the header
        std::vector<ChartLine> lines;
        QString title = {};  // in place of the chart's own; may be empty
    };
    QString title, emptyText;
    std::function<Content(const RunData& data, RunAxis axis)> content;
    ChartPane::Smoothing smoothing = ChartPane::Smoothing::None;
};

// The first stands alone, large and with the axis' title; the others share the row below it.
std::vector<RunChart> runCharts();

// "epoch", "step" or "minutes".
QString axisTitle(RunAxis axis);

}  // namespace qat::ui
