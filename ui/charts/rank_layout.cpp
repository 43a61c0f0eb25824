// Sorting, scaling and painting of bars.
#include "charts/rank_layout.h"

#include <QCoreApplication>
#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "widgets/format.h"

namespace qat::ui {
namespace {

constexpr double kFewPixels = 300;     // a bar that is 300 times shorter than the longest is no pixel
constexpr double kMostDecades = 1e-5;  // below the largest value
constexpr double kShortestBar = 64;    // px at the base font, of the longest

// In the unit of the numbers.
double scaled(double value, const NumberForm& form) {
    return value / std::pow(10.0, form.exponent);
}

}  // namespace

std::vector<RankBar> ranked(std::vector<RankBar> bars, RankOrder order) {
    const bool largest = order == RankOrder::Largest;
    if (order != RankOrder::Network)
        std::stable_sort(bars.begin(), bars.end(), [largest](const RankBar& a, const RankBar& b) {
            if (std::isfinite(a.value) != std::isfinite(b.value)) return std::isfinite(a.value);
            if (!std::isfinite(a.value)) return false;
            return largest ? a.value > b.value : a.value < b.value;
        });
    return bars;
}

bool needsLogAxis(const std::vector<RankBar>& bars) {
    std::vector<double> above;
    for (const RankBar& bar : bars) {
        if (bar.value < 0) return false;
        if (std::isfinite(bar.value) && bar.value > 0) above.push_back(bar.value);
    }
    if (above.size() < 3) return false;
    std::ranges::sort(above);
    return above.back() > kFewPixels * above[above.size() / 2];
}

AxisScale rankScale(const std::vector<RankBar>& bars, const NumberForm& form, bool logarithmic) {
    double low = 0, high = 0, least = 0;
    for (const RankBar& bar : bars) {
        if (!std::isfinite(bar.value)) continue;
        low = std::min({low, bar.value, bar.low.value_or(bar.value)});
        high = std::max({high, bar.value, bar.high.value_or(bar.value)});
        if (bar.value > 0) least = least > 0 ? std::min(least, bar.value) : bar.value;
    }
    if (logarithmic && high > 0)
        return logScale(scaled(std::max(least, high * kMostDecades), form), scaled(high, form));
    return linearScale(scaled(low, form), scaled(high, form), 4, false);
}

QString rankNumber(const RankBar& bar, const NumberForm& form) {
    return std::isfinite(bar.value) ? formatIn(form, bar.value) : QCoreApplication::translate("RankBars", "not finite");
}

RankColumns rankColumns(const std::vector<RankBar>& bars, const NumberForm& form, double width, const Theme& theme) {
    const QFontMetricsF code(theme.smallCode), numbers(theme.small);
    double widest = 0, value = 0;
    for (const RankBar& bar : bars) {
        widest = std::max(widest, code.horizontalAdvance(bar.label));
        value = std::max(value, numbers.horizontalAdvance(formatIn(form, bar.value)));
    }
    RankColumns at{};
    at.valueRight = width - theme.px(12);
    // Names first: bars that are short still rank, names that are cut name nothing.
    const double room = at.valueRight - value - theme.px(20 + kShortestBar);
    at.nameRight = std::min(theme.px(12) + widest, std::max(width * 0.3, room));
    at.barLeft = at.nameRight + theme.px(10);
    at.barRight = std::max(at.barLeft + 20, at.valueRight - value - theme.px(10));
    return at;
}

double RankPainter::xOf(double tick) const {
    return m_at.barLeft + m_scale.shareOf(tick) * (m_at.barRight - m_at.barLeft);
}

void RankPainter::grid(double top, double bottom) const {
    for (const double tick : m_scale.ticks) {
        const double x = std::round(xOf(tick)) + 0.5;
        m_painter.setPen(QPen(m_theme.color(tick == 0 ? Color::ChartAxis : Color::ChartGrid), 1));
        m_painter.drawLine(QPointF(x, top), QPointF(x, bottom));
    }
}

void RankPainter::axis(const QRectF& area) const {
    m_painter.fillRect(area, m_theme.color(Color::Surface));
    m_painter.setFont(m_theme.caption);
    m_painter.setPen(m_theme.color(Color::Text2));
    double free = 0;  // right end of the label before
    for (const double tick : m_scale.ticks) {
        const double x = xOf(tick);
        const double half = m_painter.fontMetrics().horizontalAdvance(m_scale.label(tick)) / 2.0;
        if (x - half < free) continue;
        free = x + half + m_theme.px(6);
        m_painter.drawText(QRectF(x - 40, 0, 80, area.height() - 4), Qt::AlignHCenter | Qt::AlignBottom,
                           m_scale.label(tick));
    }
}

void RankPainter::bar(const RankBar& bar, const QRectF& area) const {
    if (!std::isfinite(bar.value)) return;
    const auto x = [&](double value) {
        return m_at.barLeft +
               std::clamp(m_scale.shareOf(scaled(value, m_form)), 0.0, 1.0) * (m_at.barRight - m_at.barLeft);
    };
    const double zero = m_scale.log ? m_at.barLeft : x(0), end = x(bar.value), middle = area.center().y();
    const QRectF fill =
        QRectF(QPointF(zero, middle - m_theme.px(4.5)), QPointF(end, middle + m_theme.px(4.5))).normalized();
    if (bar.withinNoise) {
        m_painter.setPen(QPen(m_theme.color(Color::Control), 1));
        m_painter.setBrush(Qt::NoBrush);
        m_painter.drawRect(fill.adjusted(0.5, 0.5, -0.5, -0.5));
    } else {
        QColor color = m_theme.color(Color::Quant);
        color.setAlphaF(0.86f);
        m_painter.fillRect(fill, color);
    }
    if (!bar.low || !bar.high) return;
    m_painter.setPen(QPen(m_theme.color(Color::Text), 1.2));
    m_painter.drawLine(QPointF(x(*bar.low), middle), QPointF(x(*bar.high), middle));
    for (const double bound : {*bar.low, *bar.high})
        m_painter.drawLine(QPointF(x(bound), middle - 3), QPointF(x(bound), middle + 3));
}

void RankPainter::row(const RankBar& bar, const QRect& area, const RankRowState& state) const {
    if (state.selected) {
        m_painter.fillRect(area, m_theme.color(Color::AccentSoft));
        m_painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), m_theme.color(Color::Accent));
    } else if (state.hovered) {
        m_painter.fillRect(area, m_theme.color(Color::Hover));
    }
    m_painter.setFont(m_theme.smallCode);
    m_painter.setPen(m_theme.color(bar.withinNoise ? Color::Text3 : Color::Text));
    const QRectF name(m_theme.px(12), area.top(), m_at.nameRight - m_theme.px(12), area.height());
    m_painter.drawText(name, Qt::AlignRight | Qt::AlignVCenter,
                       QFontMetricsF(m_theme.smallCode).elidedText(bar.label, Qt::ElideMiddle, name.width()));
    this->bar(bar, area);
    m_painter.setFont(m_theme.small);
    m_painter.setPen(m_theme.color(bar.withinNoise ? Color::Text3 : Color::Text));
    m_painter.drawText(QRectF(0, area.top(), m_at.valueRight, area.height()), Qt::AlignRight | Qt::AlignVCenter,
                       rankNumber(bar, m_form));
    if (state.focused) {
        m_painter.setPen(QPen(m_theme.color(Color::Accent), 1));
        m_painter.setBrush(Qt::NoBrush);
        m_painter.drawRect(area.adjusted(0, 0, -1, -1));
    }
}

}  // namespace qat::ui
