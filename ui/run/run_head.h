// The top of the Run page: which run, in what state, since when, and its stages.
#pragma once

#include <QWidget>

#include "feed/run_data.h"
#include "style/chip.h"
#include "style/theme_hub.h"

namespace qat::ui {

class ChipView;
class StageRail;
class ThemedLabel;

class RunHead : public QWidget {
    Q_OBJECT
public:
    explicit RunHead(ThemeHub* hub, QWidget* parent = nullptr);
    void showRun(const RunData& data);

Q_SIGNALS:
    void folderRequested();
    void commandRequested();

private:
    ThemedLabel* m_title;
    ThemedLabel* m_detail;
    ChipView* m_bits;
    ChipView* m_state;
    ChipView* m_gate;  // shown where the run was started although its gate was closed
    StageRail* m_rail;
};

// State of a run as a chip.
Chip statusChip(RunStatus status);
// "qatelier-cli run ... --out ...", quoted for a shell: makes this folder's run again.
QString runCommand(const RunData& data);

}  // namespace qat::ui
