// A page that shows the window's run, and what its buttons ask of the window.
#pragma once

#include "pages/dock_page.h"

namespace qat::ui {

class RunView : public DockPage {
    Q_OBJECT
public:
    explicit RunView(QWidget* parent) : DockPage(parent) {}
    // The shown run could not be asked to stop: a button that said so can be pressed again.
    virtual void stopRefused() {}

Q_SIGNALS:
    void startRunRequested();
    void stopRequested();     // of the shown run
    void resumeRequested();   // of the shown run
    void measureRequested();  // of the sensitivity of the open configuration's model
    void openRunRequested();  // one that the user is to choose
    void analyzeRequested();  // the page that shows the layers
};

}  // namespace qat::ui
