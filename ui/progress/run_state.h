// How a run is named wherever its numbers are: folder, bits, state, what is wrong with it.
#pragma once

#include <QWidget>

#include "feed/run_data.h"
#include "style/chip.h"
#include "style/theme_hub.h"
#include "widgets/themed_label.h"

namespace qat::ui {

class ChipView;

// State of a run as a chip.
Chip statusChip(RunStatus status);

// One line: name of the folder, widths, state, chips for an overridden gate and for damage, then what the run is of.
class RunTitle : public QWidget {
    Q_OBJECT
public:
    RunTitle(ThemeHub* hub, TextStyle style, QWidget* parent = nullptr);
    void showRun(const RunData& data);

private:
    ThemedLabel* m_name;
    ChipView* m_bits;
    ChipView* m_state;
    ChipView* m_gate;    // shown where the run was started although its gate was closed
    ChipView* m_damage;  // shown where files of the folder cannot be read; its tip has the sentences
    ThemedLabel* m_detail;
};

// The title as a strip above pages whose numbers are a run's.
class RunStrip : public QWidget {
    Q_OBJECT
public:
    explicit RunStrip(ThemeHub* hub, QWidget* parent = nullptr);
    void showRun(const RunData& data) { m_title->showRun(data); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    ThemeHub* m_hub;
    RunTitle* m_title;
};

}  // namespace qat::ui
