// The objects of one side as they are drawn over its picture: boxes, ghosts, labels, and plates with words.
#pragma once

#include <QRectF>
#include <QTransform>
#include <vector>

#include "compare/comparison.h"
#include "style/theme.h"

class QPainter;

namespace qat::ui {

enum class NetworkSide { Fp32, Quantized };

// Line widths and letters are the same at every zoom; only corners move, with the transform from picture to view.
class ObjectBoxes {
public:
    explicit ObjectBoxes(NetworkSide side) : m_side(side) {}

    // `objects` are numbered in their order from 1.
    void setContent(const RunImage& image, std::vector<ObjectRow> objects);
    // -1 = none. True if it was another.
    bool setHovered(int object);
    void setSelected(int object) { m_selected = object; }
    void setLabelsShown(bool on) { m_labelsShown = on; }

    int64_t ownCount() const;        // boxes of this side
    QRectF boxOf(int object) const;  // in picture coordinates; that side's, else the other's
    // The smallest box under the point, so that a small one inside a large one can be reached; -1 = none.
    int objectAt(QPointF position, const QTransform& toView) const;
    void paint(QPainter& painter, const QRectF& view, const QTransform& toView, const Theme& theme) const;

private:
    struct Mark {
        QRectF box;  // view coordinates
        int object;
    };
    const RunBox* ownBox(const ObjectRow& row) const;
    std::vector<Mark> marks(const QTransform& toView) const;
    double dimmed(int object) const;
    void paintLabels(QPainter& painter, const QTransform& toView, const Theme& theme) const;
    void paintBoxes(QPainter& painter, const QTransform& toView, const Theme& theme) const;
    void paintGhosts(QPainter& painter, const QTransform& toView, const Theme& theme) const;
    void paintPlates(QPainter& painter, const QRectF& view, const QTransform& toView, const Theme& theme) const;

    NetworkSide m_side;
    RunImage m_image;
    std::vector<ObjectRow> m_objects;
    bool m_labelsShown = false;
    int m_hovered = -1, m_selected = -1;
};

}  // namespace qat::ui
