// Painted cells, two a row.
#include "charts/kpi_grid.h"

#include <QPainter>
#include <cmath>

namespace qat::ui {

KpiGrid::KpiGrid(ThemeHub* hub, QWidget* parent) : QWidget(parent), m_hub(hub) {
    setAccessibleName(tr("Figures of the run"));
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void KpiGrid::setKpis(std::vector<Kpi> kpis) {
    m_kpis = std::move(kpis);
    QStringList words;
    for (const Kpi& kpi : m_kpis) words << kpi.label + QLatin1Char(' ') + kpi.value + QLatin1Char(' ') + kpi.note;
    setAccessibleDescription(words.join(QStringLiteral("; ")));
    setToolTip(words.join(QLatin1Char('\n')));
    updateGeometry();
    update();
}

QSize KpiGrid::sizeHint() const {
    return {m_hub->px(280), static_cast<int>((m_kpis.size() + 1) / 2) * m_hub->px(70)};
}

void KpiGrid::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    const Theme& theme = m_hub->theme();
    painter.fillRect(rect(), theme.color(Color::Surface));
    const double cellWidth = width() / 2.0, cellHeight = theme.px(70);
    for (size_t i = 0; i < m_kpis.size(); ++i) {
        const Kpi& kpi = m_kpis[i];
        const QRectF cell(static_cast<double>(i % 2) * cellWidth, static_cast<double>(i / 2) * cellHeight, cellWidth,
                          cellHeight);
        painter.setPen(QPen(theme.color(Color::Border), 1));
        const double bottom = std::floor(cell.bottom()) - 0.5;
        painter.drawLine(QPointF(cell.left(), bottom), QPointF(cell.right(), bottom));
        if (i % 2 == 1)
            painter.drawLine(QPointF(std::floor(cell.left()) + 0.5, cell.top()),
                             QPointF(std::floor(cell.left()) + 0.5, bottom));
        const QRectF inner = cell.adjusted(theme.px(12), theme.px(7), -theme.px(6), -theme.px(6));
        const auto line = [&](const QFont& font, Color color, double top, double height, const QString& text) {
            painter.setFont(font);
            painter.setPen(theme.color(color));
            painter.drawText(QRectF(inner.left(), inner.top() + top, inner.width(), height), Qt::AlignVCenter,
                             painter.fontMetrics().elidedText(text, Qt::ElideRight, static_cast<int>(inner.width())));
        };
        line(theme.caption, Color::Text2, 0, theme.px(16), kpi.label);
        line(theme.figure(17), kpi.tone, theme.px(17), theme.px(22), kpi.value);
        line(theme.caption, Color::Text2, theme.px(40), theme.px(16), kpi.note);
    }
}

}  // namespace qat::ui
