// The top of the Run page: which run, in what state, since when, and its stages.
#pragma once

#include <QWidget>

#include "feed/run_data.h"
#include "style/theme_hub.h"

namespace qat::ui {

class RunTitle;
class StageRail;

class RunHead : public QWidget {
    Q_OBJECT
public:
    explicit RunHead(ThemeHub* hub, QWidget* parent = nullptr);
    void showRun(const RunData& data);

Q_SIGNALS:
    void folderRequested();
    void commandRequested();

private:
    RunTitle* m_title;
    StageRail* m_rail;
};

// "qatelier-cli run ... --out ...", quoted for a shell: makes this folder's run again.
QString runCommand(const RunData& data);

}  // namespace qat::ui
