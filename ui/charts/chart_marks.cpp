// Painting on top of, and below, the line series.
#include "charts/chart_marks.h"

#include <QFontMetricsF>
#include <QPainterPath>
#include <QPolygonF>
#include <algorithm>
#include <cmath>

namespace qat::ui {
namespace {

QPolygonF polygonOf(Marker marker, double r) {
    switch (marker) {
        case Marker::Square:
            return QPolygonF(QRectF(-r, -r, 2 * r, 2 * r));
        case Marker::TriangleUp:
            return QPolygonF({{0, -r}, {r, r}, {-r, r}});
        case Marker::TriangleDown:
            return QPolygonF({{0, r}, {r, -r}, {-r, -r}});
        case Marker::Diamond:
            return QPolygonF({{0, -r * 1.3}, {r * 1.3, 0}, {0, r * 1.3}, {-r * 1.3, 0}});
        default:
            return {};
    }
}

struct EndLabel {
    QPointF at;  // left, vertical centre
    QString text, note;
    QColor color;
    bool strong = false;
    double width = 0;
    double height = 0;
};

// Only the two data colours and the error colour may carry text.
QColor labelColor(const ChartLine& line, const Theme& theme) {
    if (line.thin) return theme.color(Color::Text2);
    switch (line.role) {
        case LineRole::Quant:
            return theme.color(Color::Quant);
        case LineRole::Fp32:
            return theme.color(Color::Fp32);
        case LineRole::Limit:
            return theme.color(Color::Error);
        default:
            return theme.color(Color::Text2);
    }
}

QFont labelFont(const ChartLine& line, const Theme& theme) {
    const bool strong = !line.thin && line.role != LineRole::Category && line.role != LineRole::Neutral;
    return theme.weighted(theme.caption, strong ? QFont::DemiBold : QFont::Normal);
}

double widthOf(const ChartLine& line, const Theme& theme) {
    const double label = QFontMetricsF(labelFont(line, theme)).horizontalAdvance(line.endLabel);
    return std::max(label, QFontMetricsF(theme.caption).horizontalAdvance(line.endNote));
}

void pushApart(std::vector<EndLabel>& labels, double top, double bottom) {
    std::stable_sort(labels.begin(), labels.end(),
                     [](const EndLabel& a, const EndLabel& b) { return a.at.y() < b.at.y(); });
    const auto overlap = [](const EndLabel& a, const EndLabel& b) {
        return a.at.x() < b.at.x() + b.width && b.at.x() < a.at.x() + a.width;
    };
    for (size_t i = 1; i < labels.size(); ++i)
        for (size_t j = 0; j < i; ++j) {
            const double lowest = labels[j].at.y() + (labels[j].height + labels[i].height) / 2;
            if (overlap(labels[i], labels[j]) && labels[i].at.y() < lowest) labels[i].at.setY(lowest);
        }
    double limit = bottom;
    for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
        label->at.setY(std::max(top + label->height / 2, std::min(label->at.y(), limit - label->height / 2)));
        limit = label->at.y() - label->height / 2;
    }
}

}  // namespace

void paintMark(QPainter& painter, QPointF at, Marker marker, double radius, const QColor& color, const QColor& fill) {
    if (marker == Marker::None) return;
    painter.setPen(QPen(color, 1.4));
    painter.setBrush(fill);
    const QPolygonF polygon = polygonOf(marker, radius);
    if (!polygon.isEmpty()) painter.drawPolygon(polygon.translated(at));
    if (marker == Marker::Circle || marker == Marker::HollowCircle) painter.drawEllipse(at, radius, radius);
    if (marker == Marker::Cross || marker == Marker::HollowCircle) {
        const double r = marker == Marker::Cross ? radius : radius * 0.6;
        painter.drawLine(at + QPointF(-r, -r), at + QPointF(r, r));
        painter.drawLine(at + QPointF(-r, r), at + QPointF(r, -r));
    }
}

void paintAxes(QPainter& painter, const ChartMap& map, const QString& xTitle, const Theme& theme) {
    const QRectF& plot = map.plot;
    painter.setFont(theme.caption);
    const double height = QFontMetricsF(theme.caption).height();
    for (const double tick : map.y.ticks) {
        const double y = std::round(map.toPixel(map.x.min, tick).y()) + 0.5;
        painter.setPen(QPen(theme.color(Color::ChartGrid), 1));
        painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y));
        painter.setPen(theme.color(Color::Text2));
        painter.drawText(QRectF(0, y - height / 2, plot.left() - theme.px(8), height),
                         Qt::AlignRight | Qt::AlignVCenter, map.y.label(tick));
    }
    const double bottom = std::round(plot.bottom()) + 0.5;
    painter.setPen(QPen(theme.color(Color::ChartAxis), 1));
    painter.drawLine(QPointF(plot.left(), bottom), QPointF(plot.right(), bottom));
    double occupied = -1e9;
    for (const double tick : map.x.ticks) {
        const QString label = map.x.label(tick);
        const double x = map.toPixel(tick, map.y.min).x(), width = painter.fontMetrics().horizontalAdvance(label);
        painter.setPen(QPen(theme.color(Color::ChartAxis), 1));
        painter.drawLine(QPointF(std::round(x) + 0.5, bottom), QPointF(std::round(x) + 0.5, bottom + theme.px(4)));
        if (x - width / 2 < occupied + theme.px(6)) continue;
        occupied = x + width / 2;
        painter.setPen(theme.color(Color::Text2));
        painter.drawText(QRectF(x - width, bottom + theme.px(5), 2 * width, height), Qt::AlignHCenter | Qt::AlignTop,
                         label);
    }
    painter.drawText(QRectF(plot.left(), bottom + theme.px(7) + height, plot.width(), height),
                     Qt::AlignHCenter | Qt::AlignVCenter, xTitle);
}

void paintForbidden(QPainter& painter, const ShownLine& shown, const ChartMap& map, const Theme& theme) {
    for (const Polyline& piece : shown.pieces) {
        if (piece.size() < 2) continue;
        QPolygonF area;
        for (const QPointF& point : shown.line->stair ? stair(piece) : piece) area << map.toPixel(point.x(), point.y());
        area << QPointF(area.back().x(), map.plot.bottom()) << QPointF(area.front().x(), map.plot.bottom());
        painter.save();
        painter.setClipRect(map.plot);
        painter.setPen(Qt::NoPen);
        QColor soft = theme.color(Color::ErrorSoft);
        soft.setAlphaF(theme.dark ? 0.5f : 0.45f);
        painter.setBrush(soft);
        painter.drawPolygon(area);
        QPainterPath path;
        path.addPolygon(area);
        painter.setClipPath(path, Qt::IntersectClip);
        QColor stroke = theme.color(Color::Error);
        stroke.setAlphaF(0.14f);
        painter.setPen(QPen(stroke, 1));
        painter.setRenderHint(QPainter::Antialiasing);
        const double height = map.plot.height();
        for (double x = map.plot.left() - height; x < map.plot.right(); x += 7)
            painter.drawLine(QPointF(x, map.plot.bottom()), QPointF(x + height, map.plot.top()));
        painter.restore();
    }
}

void paintPointMarks(QPainter& painter, const ShownLine& shown, const ChartMap& map, const Theme& theme) {
    const Series style = lineStyle(*shown.line, theme);
    painter.setRenderHint(QPainter::Antialiasing);
    for (const Polyline& piece : shown.pieces)
        for (const QPointF& point : piece) {
            const bool last = &point == &shown.pieces.back().back();
            const bool inside = point.x() >= map.x.min - 1e-9 && point.x() <= map.x.max + 1e-9;
            const bool wanted =
                shown.line->markers || (last && shown.line->role == LineRole::Quant && !shown.line->dotted);
            if (!inside || !wanted) continue;
            const bool solid = last && !shown.line->thin;
            paintMark(painter, map.toPixel(point.x(), point.y()), style.marker, solid ? 3.6 : 2.4, style.color,
                      solid ? style.color : theme.color(Color::Surface));
        }
}

double endLabelRoom(const std::vector<ChartLine>& lines, double xMax, double xSpan, const Theme& theme) {
    double room = 0;
    for (const ChartLine& line : lines) {
        if (line.endLabel.isEmpty() || line.points.empty()) continue;
        const double left = xSpan > 0 ? (xMax - line.points.back().x()) / xSpan : 0;  // share of the plot still free
        if (left < 0.02)
            room = std::max(room, widthOf(line, theme) + theme.px(10));
        else if (left < 0.25)
            room = std::max(room, widthOf(line, theme) + theme.px(10) - left * theme.px(180));
    }
    return room;
}

void paintEndLabels(QPainter& painter, const std::vector<ShownLine>& lines, const ChartMap& map, double rightEdge,
                    const Theme& theme) {
    std::vector<EndLabel> labels;
    const double lineHeight = QFontMetricsF(theme.caption).height();
    for (const ShownLine& shown : lines) {
        if (shown.line->endLabel.isEmpty() || shown.pieces.empty()) continue;
        const QPointF last = shown.pieces.back().back();
        if (last.x() > map.x.max + 1e-9 || last.x() < map.x.min - 1e-9) continue;
        EndLabel label;
        label.text = shown.line->endLabel;
        label.note = shown.line->endNote;
        label.width = widthOf(*shown.line, theme);
        label.height = label.note.isEmpty() ? lineHeight : 2 * lineHeight;
        label.at = map.toPixel(last.x(), last.y()) + QPointF(theme.px(8), 0);
        label.at.setX(std::min(label.at.x(), rightEdge - label.width));
        label.color = labelColor(*shown.line, theme);
        label.strong = labelFont(*shown.line, theme).weight() > QFont::Normal;
        labels.push_back(label);
    }
    pushApart(labels, map.plot.top() - lineHeight / 2, map.plot.bottom() + lineHeight / 2);
    for (const EndLabel& label : labels) {
        const double top = label.at.y() - label.height / 2;
        painter.setFont(theme.weighted(theme.caption, label.strong ? QFont::DemiBold : QFont::Normal));
        painter.setPen(label.color);
        painter.drawText(QRectF(label.at.x(), top, label.width + 2, lineHeight), Qt::AlignVCenter, label.text);
        painter.setFont(theme.caption);
        painter.setPen(theme.color(Color::Text2));
        painter.drawText(QRectF(label.at.x(), top + lineHeight, label.width + 2, lineHeight), Qt::AlignVCenter,
                         label.note);
    }
}

}  // namespace qat::ui
