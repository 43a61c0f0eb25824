// A row of mutually exclusive segments: the perspective switch, and small choices in forms and headers.
#pragma once

#include <QIcon>
#include <QStringList>
#include <QWidget>
#include <vector>

namespace qat::ui {

class ThemeHub;

// One tab stop; arrow keys move the choice. Exposed to assistive tools as a group of radio buttons.
class SegmentBar : public QWidget {
    Q_OBJECT
public:
    // small: 24 px high with 12 px text; otherwise 30 px.
    SegmentBar(const ThemeHub& hub, bool small, QWidget* parent = nullptr);

    // `icon` names a theme icon or is empty; `key` is what currentKey() returns.
    void addSegment(const QString& key, const QString& text, const QString& icon = {}, const QString& tip = {});
    void clear();  // no segments, none chosen
    int count() const { return static_cast<int>(m_segments.size()); }
    int currentIndex() const { return m_current; }  // -1 = none chosen
    QString currentKey() const;
    // Changes what is shown without emitting chosen().
    void setCurrentIndex(int index);
    void setCurrentKey(const QString& key);
    void setSegmentText(int index, const QString& text);
    // Segments that have an icon show it alone; the text becomes their tooltip.
    void setIconsOnly(bool iconsOnly);
    // All segments equally wide, filling the widget.
    void setStretched(bool stretched) { m_stretched = stretched; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

Q_SIGNALS:
    // The user chose; not emitted by setCurrent....
    void chosen(int index, const QString& key);

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    bool event(QEvent* event) override;

private:
    struct Segment {
        QString key, text, icon, tip;
    };
    QRect segmentRect(int index) const;
    QString shownText(const Segment& segment) const;
    int naturalWidth(const Segment& segment) const;
    int segmentAt(const QPoint& point) const;
    void choose(int index);

    const ThemeHub& m_hub;
    std::vector<Segment> m_segments;
    int m_current = -1;
    int m_hovered = -1;
    bool m_small;
    bool m_stretched = false;
    bool m_iconsOnly = false;
    bool m_keyboardFocus = false;
};

}  // namespace qat::ui
