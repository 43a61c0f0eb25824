// The Run perspective: one run live or finished, its curves, log and figures.
#pragma once

#include "charts/crosshair_link.h"
#include "document/selection_hub.h"
#include "feed/run_store.h"
#include "pages/run_view.h"
#include "progress/run_charts.h"
#include "style/theme_hub.h"
#include "widgets/message_bar.h"

class QSplitter;
class QStackedWidget;

namespace qat::ui {

class EmptyState;
class LogPanel;
class MonitorPanel;
class PanelHeader;
class RunHead;
class SegmentBar;
class VisibleRefresh;

// A nested main window, so that the shell can dock more (the queue) beside the monitor.
class RunPage : public RunView {
    Q_OBJECT
public:
    RunPage(ThemeHub* hub, SelectionHub* selection, RunStore* store, QWidget* parent = nullptr);
    void stopRefused() override;

private:
    void buildCentre();
    QWidget* buildBlank();
    void buildCharts(QSplitter* splitter);
    void addChart(const RunChart& chart, QSplitter* splitter);
    void buildAxisBar(PanelHeader& header);
    void buildMonitor();
    void refresh(unsigned mask);
    void refreshCharts();
    void refreshMessages();
    void tellState(const RunData& data);
    void tell(const QString& key, MessageKind kind, const QString& text, bool resumable = false);
    void showBody();
    void copyCommand();

    ThemeHub* m_hub;
    SelectionHub* m_selection;
    RunStore* m_store;
    CrosshairLink m_crosshair;
    QStackedWidget* m_stack = nullptr;
    EmptyState* m_empty = nullptr;
    MessageStack* m_messages = nullptr;
    RunHead* m_head = nullptr;
    std::vector<RunChart> m_charts;
    std::vector<ChartPane*> m_panes;  // of the charts, in their order
    SegmentBar* m_axisBar = nullptr;
    LogPanel* m_log = nullptr;
    MonitorPanel* m_monitor = nullptr;
    QDockWidget* m_monitorDock = nullptr;
    VisibleRefresh* m_refresh = nullptr;
    RunAxis m_axis = RunAxis::Epoch;
    QString m_shownFolder;
    QHash<QString, QString> m_told;  // by key of its message; so that one that was closed does not come again
};

}  // namespace qat::ui
