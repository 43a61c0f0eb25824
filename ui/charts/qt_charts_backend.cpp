// Qt Charts behind ChartBackend: replace() only, no OpenGL, no animation, no chart theme; rendered through a scene.
#include <QChart>
#include <QCoreApplication>
#include <QGraphicsLayout>
#include <QGraphicsScene>
#include <QLineSeries>
#include <QLogValueAxis>
#include <QPainter>
#include <QValueAxis>

#include "charts/chart_backend.h"

namespace qat::ui {
namespace {

class QtChartsBackend final : public ChartBackend {
public:
    QtChartsBackend() {
        m_chart = new QChart;
        m_scene.addItem(m_chart);
        m_chart->legend()->hide();
        m_chart->setAnimationOptions(QChart::NoAnimation);
        m_chart->setBackgroundVisible(false);
        m_chart->setPlotAreaBackgroundVisible(false);
        m_chart->setMargins({});
        m_chart->layout()->setContentsMargins(0, 0, 0, 0);
        m_chart->addAxis(m_x = new QValueAxis, Qt::AlignBottom);
        m_chart->addAxis(m_y = new QValueAxis, Qt::AlignLeft);
    }

    void draw(QPainter& painter, const QSizeF& size, const ChartFrame& frame, const Theme& theme) override {
        useAxis(frame.map.y.log);
        styleAxes(frame, theme);
        fillSeries(frame);
        m_scene.setSceneRect(QRectF({}, size));
        m_chart->resize(size);
        m_chart->setPlotArea(frame.map.plot);
        // Without a view nobody delivers the posted layout request, and the axes would keep their automatic place.
        QCoreApplication::sendPostedEvents(m_chart, QEvent::LayoutRequest);
        m_chart->layout()->activate();
        m_scene.render(&painter, QRectF({}, size), QRectF({}, size));
    }

private:
    // A linear and a logarithmic axis are two classes; the series move from one to the other.
    void useAxis(bool log) {
        if (log == (qobject_cast<QLogValueAxis*>(m_y) != nullptr)) return;
        m_chart->removeAxis(m_y);
        delete m_y;
        m_y = log ? static_cast<QAbstractAxis*>(new QLogValueAxis) : new QValueAxis;
        m_chart->addAxis(m_y, Qt::AlignLeft);
        for (QLineSeries* series : m_series) series->attachAxis(m_y);
    }

    static void setTicks(QAbstractAxis* axis, const AxisScale& scale) {
        axis->setRange(scale.min, scale.max);
        if (auto* log = qobject_cast<QLogValueAxis*>(axis)) {
            log->setBase(10);
            log->setLabelFormat(QStringLiteral("%g"));
        } else if (auto* value = qobject_cast<QValueAxis*>(axis)) {
            const bool stepped = scale.ticks.size() > 1;
            value->setTickType(stepped ? QValueAxis::TicksDynamic : QValueAxis::TicksFixed);
            if (stepped) {
                value->setTickAnchor(scale.ticks.front());
                value->setTickInterval(scale.ticks[1] - scale.ticks[0]);
            }
            value->setLabelFormat(QStringLiteral("%.%1f").arg(std::min(scale.decimals, 6)));
        }
    }

    void styleAxes(const ChartFrame& frame, const Theme& theme) {
        setTicks(m_x, frame.map.x);
        setTicks(m_y, frame.map.y);
        for (QAbstractAxis* axis : {static_cast<QAbstractAxis*>(m_x), m_y}) {
            axis->setLabelsFont(theme.caption);
            axis->setLabelsColor(theme.color(Color::Text2));
            axis->setLinePen(QPen(theme.color(Color::ChartAxis), 1));
            axis->setGridLinePen(QPen(theme.color(Color::ChartGrid), 1));
            axis->setLineVisible(axis == m_x);
            axis->setGridLineVisible(axis == m_y);
            axis->setShadesVisible(false);
        }
        m_x->setTitleFont(theme.caption);
        m_x->setTitleBrush(theme.color(Color::Text2));
        m_x->setTitleText(frame.xTitle);
        m_x->setTitleVisible(!frame.xTitle.isEmpty());
    }

    void fillSeries(const ChartFrame& frame) {
        while (m_series.size() > frame.lines.size()) {
            m_chart->removeSeries(m_series.back());
            delete m_series.back();
            m_series.pop_back();
        }
        while (m_series.size() < frame.lines.size()) {
            auto* series = new QLineSeries;
            m_chart->addSeries(series);
            series->attachAxis(m_x);
            series->attachAxis(m_y);
            m_series.push_back(series);
        }
        for (size_t i = 0; i < frame.lines.size(); ++i) {
            const Polyline& points = frame.lines[i].points;
            m_series[i]->setPen(frame.lines[i].pen);
            m_series[i]->replace(QList<QPointF>(points.begin(), points.end()));
        }
    }

    QGraphicsScene m_scene;
    QChart* m_chart = nullptr;  // owned by the scene
    QValueAxis* m_x = nullptr;
    QAbstractAxis* m_y = nullptr;
    std::vector<QLineSeries*> m_series;  // owned by the chart
};

}  // namespace

std::unique_ptr<ChartBackend> makeQtChartsBackend() {
    return std::make_unique<QtChartsBackend>();
}

}  // namespace qat::ui
