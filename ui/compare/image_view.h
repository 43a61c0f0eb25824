// One side of the comparison: the picture with that side's boxes, zoomed together with the other.
#pragma once

#include <QImage>
#include <QWidget>
#include <vector>

#include "compare/object_boxes.h"
#include "compare/view_transform.h"
#include "style/theme_hub.h"

namespace qat::ui {

class ImageView : public QWidget {
    Q_OBJECT
public:
    ImageView(ThemeHub* hub, ViewTransform* transform, NetworkSide side, QWidget* parent = nullptr);

    // What to show; `objects` are numbered in their order from 1. A null image shows `sentence`.
    void setContent(const RunImage& image, std::vector<ObjectRow> objects, const QImage& picture,
                    const QString& sentence);
    void setLabelsShown(bool on);
    void setHovered(int object);  // -1 = none
    void setSelected(int object);
    void setCaption(const QString& caption);
    QSizeF imageSize() const { return m_size; }
    QRectF boxOf(int object) const { return m_boxes.boxOf(object); }

Q_SIGNALS:
    void objectHovered(int object);
    void objectClicked(int object);

protected:
    void paintEvent(QPaintEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    QSize sizeHint() const override { return {480, 330}; }
    QSize minimumSizeHint() const override { return {160, 120}; }

private:
    QTransform map() const { return m_transform->transform(size(), m_size); }
    void paintCaption(QPainter& painter);

    ThemeHub* m_hub;
    ViewTransform* m_transform;
    NetworkSide m_side;
    ObjectBoxes m_boxes;
    QImage m_picture;
    QString m_sentence, m_caption;
    QSizeF m_size;
    QPointF m_dragFrom;
    bool m_dragging = false, m_moved = false;
};

}  // namespace qat::ui
