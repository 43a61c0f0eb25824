// The frame of every panel: a 34 px header with title, secondary text and buttons, and docks that wear it.
#pragma once

#include <QDockWidget>
#include <QFrame>
#include <QWidget>

class QHBoxLayout;
class QTabBar;

namespace qat::ui {

class ThemeHub;
class ThemedLabel;

// Width in px at the base font below which a page gives its docks less, so that its centre keeps its place.
inline constexpr int kNarrowBelow = 1450;

// One line of chrome: title, a secondary phrase, space, then what addWidget() got, and a hairline below.
class PanelHeader : public QWidget {
    Q_OBJECT
public:
    PanelHeader(const ThemeHub& hub, const QString& title, QWidget* parent = nullptr);
    void setTitle(const QString& title);
    void setDetail(const QString& text);  // secondary text after the title
    // Appended at the right end.
    void addWidget(QWidget* widget);
    // Put between title and the stretch (a segment bar, tabs).
    void addLeading(QWidget* widget);
    QString title() const;
    QSize sizeHint() const override;  // a dock gives its title bar just this height
    QSize minimumSizeHint() const override { return {QWidget::minimumSizeHint().width(), sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeHub& m_hub;
    ThemedLabel* m_title;
    ThemedLabel* m_detail;
    QHBoxLayout* m_layout;
};

// A dock of a page: objectName = key (its state is saved under it), our header, movable and floatable by it.
QDockWidget* makeDock(PanelHeader* header, const QString& key, QWidget* content, QWidget* parent = nullptr);

// A one-pixel line in the border colour.
class Hairline : public QWidget {
    Q_OBJECT
public:
    explicit Hairline(const ThemeHub& hub, Qt::Orientation orientation = Qt::Horizontal, QWidget* parent = nullptr);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeHub& m_hub;
};

// A widget filled with one surface colour; the base of panels.
class Surface : public QWidget {
    Q_OBJECT
public:
    explicit Surface(const ThemeHub& hub, bool windowColor = false, QWidget* parent = nullptr);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeHub& m_hub;
    bool m_windowColor;
};

}  // namespace qat::ui
