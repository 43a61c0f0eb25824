// An icon engine that recolours SVG drawings when it paints.
#include "style/theme_icon.h"

#include <QFile>
#include <QHash>
#include <QIconEngine>
#include <QPainter>
#include <QPixmap>
#include <QPixmapCache>
#include <QSvgRenderer>

#include "style/theme_hub.h"

namespace qat::ui {
namespace {

// The drawing's text; empty if there is none. Read once: there are some sixty, half a kilobyte each.
const QByteArray& drawing(const QString& name) {
    static QHash<QString, QByteArray> known;
    auto found = known.find(name);
    if (found == known.end()) {
        QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
        found = known.insert(name, file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray());
    }
    return *found;
}

class ThemeIconEngine : public QIconEngine {
public:
    ThemeIconEngine(const ThemeHub& hub, QString name, Color token)
        : m_hub(hub), m_name(std::move(name)), m_token(token) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override {
        paintIcon(*painter, rect, m_name, colorFor(mode, state), rect.height() >= 20 ? 1.3 : 1.4);
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        const QString key = QStringLiteral("qat/%1/%2/%3x%4")
                                .arg(m_name, colorFor(mode, state).name())
                                .arg(size.width())
                                .arg(size.height());
        QPixmap pixmap;
        if (QPixmapCache::find(key, &pixmap)) return pixmap;
        pixmap = QPixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(), size), mode, state);
        painter.end();
        QPixmapCache::insert(key, pixmap);
        return pixmap;
    }
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal) override {
        return pixmap(size, mode, state);
    }
    QIconEngine* clone() const override { return new ThemeIconEngine(*this); }
    QString key() const override { return QStringLiteral("qatelier"); }
    QString iconName() override { return m_name; }
    bool isNull() override { return drawing(m_name).isEmpty(); }

private:
    QColor colorFor(QIcon::Mode mode, QIcon::State state) const {
        if (mode == QIcon::Disabled) return m_hub.color(Color::Text3);
        return m_hub.color(state == QIcon::On && m_token != Color::OnAccent ? Color::Accent : m_token);
    }

    const ThemeHub& m_hub;
    QString m_name;
    Color m_token;
};

}  // namespace

QIcon themeIcon(const ThemeHub& hub, const QString& name, Color token) {
    if (drawing(name).isEmpty()) return {};
    return QIcon(new ThemeIconEngine(hub, name, token));
}

void paintIcon(QPainter& painter, const QRectF& area, const QString& name, const QColor& color, double stroke) {
    QByteArray svg = drawing(name);
    if (svg.isEmpty()) return;
    svg.replace("currentColor", color.name().toLatin1());
    svg.replace("stroke-width=\"1.4\"", "stroke-width=\"" + QByteArray::number(stroke) + '"');
    QSvgRenderer renderer(svg);
    renderer.render(&painter, area);
}

QIcon programIcon() {
    return QIcon(QStringLiteral(":/icons/qatelier.svg"));
}

}  // namespace qat::ui
