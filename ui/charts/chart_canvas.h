// The drawing of one chart: a cached picture of the lines with crosshair, tooltip and zoom on top.
#pragma once

#include <QPixmap>
#include <QPointer>
#include <QWidget>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "charts/chart_backend.h"
#include "charts/crosshair_link.h"
#include "style/theme_hub.h"

namespace qat::ui {

class ChartCanvas : public QWidget {
    Q_OBJECT
public:
    explicit ChartCanvas(ThemeHub* hub, QWidget* parent = nullptr);
    ~ChartCanvas() override;

    void setLines(std::vector<ChartLine> lines);
    void setAxes(const ChartAxes& axes);
    // Shown top-left while no line has a point.
    void setEmptyText(const QString& sentence);
    // Charts with the same link share the crosshair; it speaks the charts' common x.
    void setLink(CrosshairLink* link);

    const std::vector<ChartLine>& lines() const { return m_lines; }
    const ChartAxes& axes() const { return m_axes; }
    // Values after smoothing, per line, for tables and exports.
    const std::vector<std::vector<double>>& smoothed() const { return m_smoothed; }
    // Points a logarithmic axis could not show.
    int hiddenPoints() const { return m_hidden; }
    // "mAP50-95: EMA 12 points, last 0.3762, highest 0.3762; ..." for screen readers.
    QString summary() const;
    // The values under the crosshair, tab separated; "" without a crosshair.
    QString crosshairTable() const;
    bool isEmpty() const;

    // Draws the chart without crosshair in any theme and size; for files.
    void renderTo(QPainter& painter, const QSizeF& size, const Theme& theme);
    QSize sizeHint() const override { return {360, 180}; }
    QSize minimumSizeHint() const override { return {160, 90}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    struct Picture;
    struct Reading;
    ChartMap makeMap(const QSizeF& size, const Theme& theme) const;
    ChartFrame makeFrame(const ChartMap& map, const Theme& theme);
    AxisScale xScale() const;
    AxisScale yScale() const;
    void refreshPicture();
    std::vector<Reading> readingsAt(double x) const;
    std::optional<double> nearestX(double x) const;
    void moveCrosshair(int steps);
    void setCrosshair(std::optional<double> x);
    void paintCrosshair(QPainter& painter) const;
    void paintTooltip(QPainter& painter, double x, double pixel) const;
    std::vector<double> crosshairStops() const;

    ThemeHub* m_hub;
    std::unique_ptr<ChartBackend> m_backend;
    QPointer<CrosshairLink> m_link;
    std::vector<ChartLine> m_lines;
    std::vector<std::vector<double>> m_smoothed;
    ChartAxes m_axes;
    QString m_emptyText;
    std::optional<double> m_crosshair;
    std::optional<std::pair<double, double>> m_zoom;
    std::optional<QPointF> m_dragFrom;
    QPointF m_pointer;
    QPixmap m_picture;
    ChartMap m_map;
    int m_hidden = 0;
    int m_pictureGeneration = 0;
    bool m_stale = true;
    bool m_inside = false;
};

}  // namespace qat::ui
