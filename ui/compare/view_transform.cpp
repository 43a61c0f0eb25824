// Kept relative to the picture's size, so that it holds for pictures and views of any size.
#include "compare/view_transform.h"

#include <algorithm>

namespace qat::ui {
namespace {
constexpr double kLargestZoom = 64;
}

double ViewTransform::fitScale(const QSizeF& view, const QSizeF& image) {
    if (image.isEmpty() || view.isEmpty()) return 1;
    return std::min(view.width() / image.width(), view.height() / image.height());
}

QTransform ViewTransform::transform(const QSizeF& view, const QSizeF& image) const {
    const double scale = fitScale(view, image) * m_zoom;
    QTransform transform;
    transform.translate(view.width() / 2, view.height() / 2);
    transform.scale(scale, scale);
    transform.translate(-m_centre.x() * image.width(), -m_centre.y() * image.height());
    return transform;
}

void ViewTransform::clampCentre() {
    if (m_zoom <= 1) m_centre = {0.5, 0.5};
    m_centre = {std::clamp(m_centre.x(), 0.0, 1.0), std::clamp(m_centre.y(), 0.0, 1.0)};
    Q_EMIT changed();
}

void ViewTransform::fit() {
    m_zoom = 1;
    clampCentre();
}

void ViewTransform::zoomBy(double factor, QPointF anchor, const QSizeF& view, const QSizeF& image) {
    if (image.isEmpty()) return;
    const QPointF at(anchor.x() * view.width(), anchor.y() * view.height());
    const QPointF before = transform(view, image).inverted().map(at);
    m_zoom = std::clamp(m_zoom * factor, 1.0, kLargestZoom);
    const QPointF after = transform(view, image).inverted().map(at);
    m_centre += QPointF((before.x() - after.x()) / image.width(), (before.y() - after.y()) / image.height());
    clampCentre();
}

void ViewTransform::actualSize(const QSizeF& view, const QSizeF& image) {
    m_zoom = std::clamp(1 / fitScale(view, image), 1.0, kLargestZoom);
    clampCentre();
}

void ViewTransform::panBy(QPointF viewPixels, const QSizeF& view, const QSizeF& image) {
    if (image.isEmpty()) return;
    const double scale = fitScale(view, image) * m_zoom;
    m_centre -= QPointF(viewPixels.x() / scale / image.width(), viewPixels.y() / scale / image.height());
    clampCentre();
}

void ViewTransform::centreOn(const QRectF& imageArea, const QSizeF& view, const QSizeF& image) {
    constexpr double kMargin = 3;  // the area fills a third of the view
    if (image.isEmpty() || imageArea.isEmpty()) return;
    const double wanted = std::min(view.width() / imageArea.width(), view.height() / imageArea.height()) / kMargin;
    m_zoom = std::clamp(wanted / fitScale(view, image), 1.0, kLargestZoom);
    m_centre = {imageArea.center().x() / image.width(), imageArea.center().y() / image.height()};
    clampCentre();
}

}  // namespace qat::ui
