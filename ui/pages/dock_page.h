// A page made of docks around a centre.
#pragma once

#include <QMainWindow>

namespace qat::ui {

// Nested in the window: its docks move and float within it.
class DockPage : public QMainWindow {
    Q_OBJECT
public:
    // A QMainWindow makes itself a window, even with a parent.
    explicit DockPage(QWidget* parent) : QMainWindow(parent) { setWindowFlags(Qt::Widget); }
    // Gives the docks the sizes they start with; called whenever the page gets its size.
    virtual void arrangeDocks() {}
};

}  // namespace qat::ui
