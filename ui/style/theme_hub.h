// The current theme, shared by every view, and the one place that switches it.
#pragma once

#include <QObject>
#include <QString>

#include "style/theme.h"

class QApplication;

namespace qat::ui {

// Lives as long as the application. Anything cached from a theme is keyed by generation() and rebuilt on changed().
class ThemeHub : public QObject {
    Q_OBJECT
public:
    enum class Mode { System, Light, Dark };
    Q_ENUM(Mode)

    // System takes the lightness of the start-up palette's window colour.
    explicit ThemeHub(Mode mode = Mode::System, QObject* parent = nullptr);

    const Theme& theme() const { return m_theme; }
    const QColor& color(Color token) const { return m_theme.color(token); }
    int px(double n) const { return m_theme.px(n); }
    int generation() const { return m_generation; }  // grows with every switch
    Mode mode() const { return m_mode; }

    // Sets the application's style (once), palette, font and style sheet from the current theme.
    void apply(QApplication& application);
    // Switches and, once applied, re-applies; emits changed() if the colours differ.
    void setMode(Mode mode);

Q_SIGNALS:
    void changed();

private:
    static bool systemIsDark();
    void install();

    Theme m_theme;
    Mode m_mode;
    bool m_systemDark;
    int m_generation = 1;
    QApplication* m_application = nullptr;
};

}  // namespace qat::ui
