// Line and bar charts as inline SVG that takes its colours from the page's style sheet.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace qat {

struct ChartLine {
    std::string name;
    std::vector<std::pair<double, double>> points;  // x ascending
};

struct LineChart {
    std::string title, xLabel;
    std::vector<ChartLine> lines;  // at most 6, one colour each; those without points are left out
    std::vector<std::pair<std::string, double>> levels;  // dashed horizontal lines with a name
};

struct Bar {
    std::string name, text;  // text: the value as it is shown
    double value = 0;        // not negative
};

// Longer lines are thinned to the resolution of the chart, each column keeping its extremes.
std::string lineChart(const LineChart& chart);
// Horizontal bars in the order given, the longest value filling the width.
std::string barChart(const std::string& title, const std::vector<Bar>& bars);

// Dots in one row a name, for few values that scatter: (name, values).
std::string dotChart(const std::string& title, const std::vector<std::pair<std::string, std::vector<double>>>& rows);

}  // namespace qat
