// Scales with round ticks, then shapes.
#include "report/svg_chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

#include "base/error.h"
#include "report/html_page.h"

namespace qat {
namespace {

constexpr double kWidth = 640, kHeight = 240, kLeft = 56, kRight = 12, kTop = 28, kBottom = 34;
constexpr double kRow = 20, kNames = 220, kValues = 80;
constexpr size_t kMostLines = 6;

std::string number(double value) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%.4g", value);
    return text.data();
}

std::string place(double value) {
    std::array<char, 32> text;
    std::snprintf(text.data(), text.size(), "%.1f", value);
    return text.data();
}

// Ticks 1, 2 or 5 times a power of ten apart, about `count` of them.
struct Axis {
    double low, high, step;

    Axis(double least, double most, int count) : low(least), high(most) {
        // Narrower ranges have no numbers to write at their ticks.
        const double narrowest = 1e-9 * std::max(std::abs(low), std::abs(high));
        const double missing = high > low ? narrowest - (high - low) : std::max(1.0, narrowest);
        if (missing > 0) low -= missing / 2, high += missing / 2;
        const double rough = (high - low) / count, power = std::pow(10, std::floor(std::log10(rough)));
        const double share = rough / power;
        step = power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
    }
    double at(double value, double from, double to) const { return from + (value - low) / (high - low) * (to - from); }
    std::vector<double> ticks() const {
        std::vector<double> found;
        for (double i = std::ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; ++i) found.push_back(i * step);
        return found;
    }
};

std::string text(double x, double y, const char* kind, const std::string& content) {
    return "<text x=\"" + place(x) + "\" y=\"" + place(y) + "\" class=\"" + kind + "\">" + escaped(content) + "</text>";
}

std::string line(double x1, double y1, double x2, double y2, const char* kind) {
    return "<line x1=\"" + place(x1) + "\" y1=\"" + place(y1) + "\" x2=\"" + place(x2) + "\" y2=\"" + place(y2) +
           "\" class=\"" + kind + "\"/>";
}

std::string open(double height, const std::string& title) {
    return "<svg viewBox=\"0 0 " + number(kWidth) + " " + number(height) + "\" role=\"img\"><title>" + escaped(title) +
           "</title>";
}

struct Frame {
    Axis x, y;
    double atX(double value) const { return x.at(value, kLeft, kWidth - kRight); }
    double atY(double value) const { return y.at(value, kHeight - kBottom, kTop); }
};

Frame frameOf(const LineChart& chart) {
    double left = std::numeric_limits<double>::infinity(), right = -left, low = left, high = -left;
    for (const ChartLine& line : chart.lines)
        for (const auto& [x, y] : line.points) {
            left = std::min(left, x), right = std::max(right, x);
            low = std::min(low, y), high = std::max(high, y);
        }
    for (const auto& [name, y] : chart.levels) low = std::min(low, y), high = std::max(high, y);
    if (low > 0 && low < 0.5 * high) low = 0;
    const double margin = (high - low) * 0.05;
    return {Axis(left, right, 8), Axis(low == 0 ? 0 : low - margin, high + margin, 5)};
}

std::string grid(const LineChart& chart, const Frame& frame) {
    std::string svg;
    for (const double y : frame.y.ticks()) {
        svg += line(kLeft, frame.atY(y), kWidth - kRight, frame.atY(y), "grid");
        svg += text(kLeft - 6, frame.atY(y) + 4, "end", number(y));
    }
    for (const double x : frame.x.ticks()) svg += text(frame.atX(x), kHeight - kBottom + 16, "mid", number(x));
    return svg + text((kLeft + kWidth - kRight) / 2, kHeight - 4, "mid", chart.xLabel);
}

// First, lowest, highest and last point of each column of a pixel, in their order.
std::vector<std::pair<double, double>> thinned(const ChartLine& line, const Frame& frame) {
    std::vector<std::pair<double, double>> kept;
    for (size_t begin = 0; begin < line.points.size();) {
        const double column = std::floor(frame.atX(line.points[begin].first));
        size_t end = begin, low = begin, high = begin;
        for (; end < line.points.size() && std::floor(frame.atX(line.points[end].first)) == column; ++end) {
            if (line.points[end].second < line.points[low].second) low = end;
            if (line.points[end].second > line.points[high].second) high = end;
        }
        std::array<size_t, 4> chosen{begin, low, high, end - 1};
        std::ranges::sort(chosen);
        for (size_t i = 0; i < chosen.size(); ++i)
            if (i == 0 || chosen[i] != chosen[i - 1]) kept.push_back(line.points[chosen[i]]);
        begin = end;
    }
    return kept;
}

}  // namespace

std::string lineChart(const LineChart& chart) {
    std::vector<const ChartLine*> lines;
    for (const ChartLine& line : chart.lines)
        if (!line.points.empty() && lines.size() < kMostLines) lines.push_back(&line);
    if (lines.empty()) return "";
    const Frame frame = frameOf(chart);
    std::string svg = open(kHeight, chart.title) + grid(chart, frame);
    for (const auto& [name, y] : chart.levels) {
        svg += line(kLeft, frame.atY(y), kWidth - kRight, frame.atY(y), "level");
        svg += text(kWidth - kRight, frame.atY(y) - 3, "end", name);
    }
    double legend = kLeft;
    for (size_t i = 0; i < lines.size(); ++i) {
        const std::string colour = str("c", i);
        std::string points;
        for (const auto& [x, y] : thinned(*lines[i], frame))
            points += place(frame.atX(x)) + "," + place(frame.atY(y)) + " ";
        if (lines[i]->points.size() == 1)
            svg += "<circle r=\"3\" cx=\"" + place(frame.atX(lines[i]->points[0].first)) + "\" cy=\"" +
                   place(frame.atY(lines[i]->points[0].second)) + "\" class=\"dot " + colour + "\"/>";
        else
            svg += "<polyline class=\"" + colour + "\" points=\"" + points + "\"/>";
        svg += line(legend, 12, legend + 14, 12, colour.c_str()) + text(legend + 18, 16, "", lines[i]->name);
        legend += 34 + 6.6 * static_cast<double>(lines[i]->name.size());
    }
    return svg + "</svg>";
}

std::string barChart(const std::string& title, const std::vector<Bar>& bars) {
    if (bars.empty()) return "";
    double most = std::numeric_limits<double>::min();
    for (const Bar& bar : bars) most = std::max(most, bar.value);
    const double room = kWidth - kNames - kValues;
    std::string svg = open(kRow * static_cast<double>(bars.size()) + 8, title);
    for (size_t i = 0; i < bars.size(); ++i) {
        const double y = kRow * static_cast<double>(i) + 4;
        svg += text(kNames - 8, y + 14, "end", bars[i].name);
        svg += "<rect x=\"" + place(kNames) + "\" y=\"" + place(y + 3) + "\" width=\"" +
               place(std::max(0.0, bars[i].value) / most * room) + "\" height=\"" + place(kRow - 6) +
               "\" class=\"bar\"/>";
        svg += text(kNames + std::max(0.0, bars[i].value) / most * room + 6, y + 14, "", bars[i].text);
    }
    return svg + "</svg>";
}

std::string dotChart(const std::string& title, const std::vector<std::pair<std::string, std::vector<double>>>& rows) {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const auto& [name, values] : rows)
        for (const double value : values) low = std::min(low, value), high = std::max(high, value);
    if (!(high >= low)) return "";
    const double margin = std::max((high - low) * 0.08, 1e-4);
    const Axis axis(low - margin, high + margin, 6);
    const double bottom = kRow * static_cast<double>(rows.size()) + 8;
    const auto at = [&](double value) { return axis.at(value, kNames, kWidth - 24); };
    std::string svg = open(bottom + 22, title);
    for (const double tick : axis.ticks())
        svg += line(at(tick), 4, at(tick), bottom, "grid") + text(at(tick), bottom + 16, "mid", number(tick));
    for (size_t i = 0; i < rows.size(); ++i) {
        const double y = kRow * (static_cast<double>(i) + 0.5) + 4;
        svg += text(kNames - 8, y + 4, "end", rows[i].first);
        double sum = 0;
        for (const double value : rows[i].second) {
            svg += "<circle r=\"4\" cx=\"" + place(at(value)) + "\" cy=\"" + place(y) + "\" class=\"dot c0\"/>";
            sum += value;
        }
        if (rows[i].second.empty()) continue;
        const double mean = at(sum / static_cast<double>(rows[i].second.size()));
        svg += line(mean, y - 8, mean, y + 8, "mean");
    }
    return svg + "</svg>";
}

}  // namespace qat
