// One zoom and position for several pictures of the same thing.
#pragma once

#include <QObject>
#include <QPointF>
#include <QRectF>
#include <QSizeF>
#include <QTransform>

namespace qat::ui {

class ViewTransform : public QObject {
    Q_OBJECT
public:
    explicit ViewTransform(QObject* parent = nullptr) : QObject(parent) {}

    // Whole picture visible.
    void fit();
    // Zoom 1 fits the picture; `anchor` (share of the view's size) stays where it is.
    void zoomBy(double factor, QPointF anchor, const QSizeF& view, const QSizeF& image);
    // One picture pixel = one view pixel.
    void actualSize(const QSizeF& view, const QSizeF& image);
    void panBy(QPointF viewPixels, const QSizeF& view, const QSizeF& image);
    void centreOn(const QRectF& imageArea, const QSizeF& view, const QSizeF& image);

    double zoom() const { return m_zoom; }
    // Picture coordinates to view coordinates.
    QTransform transform(const QSizeF& view, const QSizeF& image) const;

Q_SIGNALS:
    void changed();

private:
    static double fitScale(const QSizeF& view, const QSizeF& image);
    void clampCentre();

    double m_zoom = 1;
    QPointF m_centre{0.5, 0.5};  // of the view, as a share of the picture
};

}  // namespace qat::ui
