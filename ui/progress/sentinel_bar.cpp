// Painting of the bar, and the choice of the four figures.
#include "progress/sentinel_bar.h"

#include <QPainter>
#include <algorithm>
#include <cmath>
#include <iterator>

#include "widgets/format.h"

namespace qat::ui {

SentinelBar::SentinelBar(ThemeHub* hub, QWidget* parent) : QWidget(parent), m_hub(hub) {
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    setAccessibleName(tr("Collapse sentinel"));
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

QSize SentinelBar::sizeHint() const {
    return {m_hub->px(280), m_hub->px(36)};
}

void SentinelBar::setFigures(const RunFigures& figures) {
    m_figures = figures;
    if (figures.floor() && figures.current)
        setAccessibleDescription(
            tr("floor %1, now %2").arg(figures.shown(*figures.floor()), figures.shown(*figures.current)));
    update();
}

void SentinelBar::paintEvent(QPaintEvent*) {
    const std::optional<double> now = m_figures.final ? m_figures.final : m_figures.current;
    if (!m_figures.floor() || !now) return;
    QPainter painter(this);
    const Theme& theme = m_hub->theme();
    const QRectF track(theme.px(12), theme.px(4), width() - 2.0 * theme.px(12), theme.px(8));
    const double top = std::max({m_figures.fp32.value_or(0), m_figures.best.value_or(0), *now, 1e-9}) * 1.06;
    const auto x = [&](double value) { return track.left() + std::clamp(value / top, 0.0, 1.0) * track.width(); };
    painter.fillRect(track, theme.color(Color::Sunken));
    painter.fillRect(QRectF(track.topLeft(), QPointF(x(*m_figures.floor()), track.bottom())),
                     theme.color(Color::ErrorSoft));
    if (*now > *m_figures.floor()) {
        QColor band = theme.color(Color::Quant);
        band.setAlphaF(0.45f);
        painter.fillRect(QRectF(QPointF(x(*m_figures.floor()), track.top()), QPointF(x(*now), track.bottom())), band);
    }
    struct Mark {
        double value;
        QString text;
        Color color;
    };
    std::vector<Mark> marks{{*m_figures.floor(), tr("floor %1").arg(m_figures.shown(*m_figures.floor())), Color::Error},
                            {*now, tr("now %1").arg(m_figures.shown(*now)), Color::Quant}};
    if (m_figures.fp32) marks.push_back({*m_figures.fp32, tr("FP32"), Color::Fp32});
    painter.setFont(theme.caption);
    double occupied = track.left();
    for (size_t i = 0; i < marks.size(); ++i) {
        const double at = x(marks[i].value);
        painter.fillRect(QRectF(at - 1, track.top() - theme.px(3), 2, track.height() + theme.px(6)),
                         theme.color(marks[i].color));
        const double textWidth = painter.fontMetrics().horizontalAdvance(marks[i].text);
        double reserved = 0;  // room the labels further right need
        for (size_t j = i + 1; j < marks.size(); ++j)
            reserved += painter.fontMetrics().horizontalAdvance(marks[j].text) + theme.px(8);
        const double left = std::max(occupied, std::min(at - textWidth / 2, track.right() - textWidth - reserved));
        painter.setPen(theme.color(marks[i].color));
        painter.drawText(QRectF(left, track.bottom() + theme.px(5), textWidth + 2, theme.px(16)), Qt::AlignVCenter,
                         marks[i].text);
        occupied = left + textWidth + theme.px(8);
    }
}

namespace {

// What else is said of the network in FP32: mAP50 0.6214.
QString otherFigures(const RunData& data) {
    QStringList told;
    for (const MetricName& metric : data.metrics.headlines())
        if (const auto value = data.value(series::accuracy(series::kFp32, metric.label)); value && !metric.primary)
            told.append(qtext(metric.label) + QLatin1Char(' ') + formatScore(*value, metric.decimals));
    return told.join(QStringLiteral(", "));
}

// Quantization moves them.
std::vector<Kpi> confidencesOf(const RunData& data) {
    const auto [fp32, quantized] = recommendedConfidences(data);
    const QString note = SentinelBar::tr("recommended, F1 is best");
    std::vector<Kpi> kpis;
    if (fp32) kpis.push_back({SentinelBar::tr("Confidence, FP32"), formatScore(*fp32, 3), note, Color::Fp32});
    if (quantized)
        kpis.push_back({SentinelBar::tr("Confidence, quantized"), formatScore(*quantized, 3), note, Color::Quant});
    return kpis;
}

}  // namespace

std::vector<Kpi> kpisOf(const RunData& data) {
    const RunFigures figures = runFigures(data);
    const double nothing = std::nan("");
    const auto text = [&](std::optional<double> value) { return figures.shown(value.value_or(nothing)); };
    const auto behind = [&](std::optional<double> value) {
        if (!value || !figures.fp32) return QString();
        return SentinelBar::tr("%1 to FP32").arg(formatChange(*value - *figures.fp32, figures.metric.decimals));
    };
    Kpi fp32{SentinelBar::tr("FP32, %1").arg(qtext(figures.metric.label)), text(figures.fp32), otherFigures(data),
             Color::Fp32};
    Kpi ptq{SentinelBar::tr("After calibration (PTQ)"), text(figures.ptq), behind(figures.ptq), Color::Quant};
    Kpi current{SentinelBar::tr("Current"), text(figures.current), {}, Color::Quant};
    if (figures.current) {
        current.label = SentinelBar::tr("Current, epoch %1").arg(figures.epoch);
        const bool isBest = figures.best && *figures.current >= *figures.best;
        current.note = isBest ? SentinelBar::tr("best so far")
                              : SentinelBar::tr("best %1 at epoch %2").arg(text(figures.best)).arg(figures.bestEpoch);
    }
    Kpi final{SentinelBar::tr("Final"), text(figures.final), behind(figures.final), Color::Text};
    if (figures.final && figures.fp32 && *figures.fp32 > 0)
        final.label = SentinelBar::tr("Final, %1 of FP32").arg(formatPercent(*figures.final / *figures.fp32));
    if (!figures.final) final.note = SentinelBar::tr("after the last stage");
    if (!figures.ptq) ptq.note = SentinelBar::tr("not measured yet");
    if (!figures.current) current.note = SentinelBar::tr("no epoch yet");
    std::vector<Kpi> kpis{fp32, ptq, current, final};
    std::ranges::move(confidencesOf(data), std::back_inserter(kpis));
    return kpis;
}

}  // namespace qat::ui
