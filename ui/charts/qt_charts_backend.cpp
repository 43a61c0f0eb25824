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
        m_x->setVisible(false);  // they only set the range; grid and labels are ours
        m_y->setVisible(false);
    }

    void draw(QPainter& painter, const QSizeF& size, const ChartFrame& frame) override {
        useAxis(frame.map.y.log);
        m_x->setRange(frame.map.x.min, frame.map.x.max);
        m_y->setRange(frame.map.y.min, frame.map.y.max);
        fillSeries(frame);
        m_scene.setSceneRect(QRectF({}, size));
        m_chart->resize(size);
        // Without a view nobody delivers the posted layout request. It is worked off here, and the plot set after it:
        // an equal rectangle would be passed over although the layout has moved things meanwhile.
        m_chart->setPlotArea({});
        QCoreApplication::sendPostedEvents(m_chart, QEvent::LayoutRequest);
        m_chart->layout()->activate();
        m_chart->setPlotArea(frame.map.plot);
        m_scene.render(&painter, QRectF({}, size), QRectF({}, size));
    }

private:
    // A linear and a logarithmic axis are two classes; the series move from one to the other.
    void useAxis(bool log) {
        if (log == (qobject_cast<QLogValueAxis*>(m_y) != nullptr)) return;
        m_chart->removeAxis(m_y);
        delete m_y;
        m_y = log ? static_cast<QAbstractAxis*>(new QLogValueAxis) : new QValueAxis;
        m_y->setVisible(false);
        m_chart->addAxis(m_y, Qt::AlignLeft);
        for (QLineSeries* series : m_series) series->attachAxis(m_y);
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
