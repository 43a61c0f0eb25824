// What the window tells of itself: manual, guide to the configuration, keyboard map, About, diagnostics.
#pragma once

#include <QObject>

#include "shell/window_frame.h"

namespace qat::ui {

class HelpWindows : public QObject {
    Q_OBJECT
public:
    explicit HelpWindows(const WindowParts& parts) : m_parts(parts) {}
    void showManual();
    void showGuide();
    void showKeys();
    void showAbout();
    // To the clipboard.
    void copyDiagnostics();

private:
    WindowParts m_parts;
};

}  // namespace qat::ui
