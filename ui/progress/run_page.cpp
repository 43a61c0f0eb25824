// Puts the parts of the Run perspective together and refreshes only what changed.
#include "progress/run_page.h"

#include <QApplication>
#include <QClipboard>
#include <QDesktopServices>
#include <QDockWidget>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QUrl>
#include <QVBoxLayout>

#include "charts/chart_pane.h"
#include "charts/visible_refresh.h"
#include "feed/run_status.h"
#include "progress/log_panel.h"
#include "progress/monitor_panel.h"
#include "progress/run_head.h"
#include "progress/run_state.h"
#include "widgets/buttons.h"
#include "widgets/empty_state.h"
#include "widgets/format.h"
#include "widgets/panel.h"
#include "widgets/segment_bar.h"

namespace qat::ui {

RunPage::RunPage(ThemeHub* hub, SelectionHub* selection, RunStore* store, QWidget* parent)
    : RunView(parent), m_hub(hub), m_selection(selection), m_store(store), m_charts(runCharts()) {
    setObjectName(QStringLiteral("run.page"));
    buildCentre();
    buildMonitor();
    m_refresh = new VisibleRefresh(this, [this](unsigned mask) { refresh(mask); });
    connect(store, &RunStore::changed, m_refresh, &VisibleRefresh::request);
    m_refresh->request(kRunEverything);
}

void RunPage::buildCentre() {
    auto* surface = new Surface(*m_hub);
    auto* column = new QVBoxLayout(surface);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    m_messages = new MessageStack(*m_hub, surface);
    m_head = new RunHead(m_hub, surface);
    auto* splitter = new QSplitter(Qt::Vertical, surface);
    splitter->setChildrenCollapsible(false);
    buildCharts(splitter);
    m_log = new LogPanel(m_hub, m_store, splitter);
    splitter->addWidget(m_log);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setStretchFactor(2, 2);
    splitter->setSizes({352, 212, 220});
    column->addWidget(m_messages);
    column->addWidget(m_head);
    column->addWidget(new Hairline(*m_hub));
    column->addWidget(splitter, 1);
    connect(m_head, &RunHead::folderRequested, this,
            [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(m_store->data().folder)); });
    connect(m_head, &RunHead::commandRequested, this, &RunPage::copyCommand);

    m_stack = new QStackedWidget(this);
    m_stack->addWidget(buildBlank());
    m_stack->addWidget(surface);
    setCentralWidget(m_stack);
}

QWidget* RunPage::buildBlank() {
    auto* blank = new Surface(*m_hub);
    auto* blankColumn = new QVBoxLayout(blank);
    blankColumn->setContentsMargins(0, 0, 0, 0);
    m_empty = new EmptyState(*m_hub, {}, blank);
    QPushButton* start = makeButton(*m_hub, tr("Run pipeline"), ButtonKind::Normal, QStringLiteral("play"));
    QPushButton* open = makeButton(*m_hub, tr("Open a run"), ButtonKind::Normal, QStringLiteral("open"));
    m_empty->addButton(start);
    m_empty->addButton(open);
    connect(start, &QPushButton::clicked, this, &RunPage::startRunRequested);
    connect(open, &QPushButton::clicked, this, &RunPage::openRunRequested);
    blankColumn->addWidget(m_empty);
    return blank;
}

void RunPage::buildCharts(QSplitter* splitter) {
    addChart(m_charts.front(), splitter);
    buildAxisBar(*m_panes.front()->header());
    auto* row = new QSplitter(Qt::Horizontal, splitter);
    row->setChildrenCollapsible(false);
    for (size_t i = 1; i < m_charts.size(); ++i) addChart(m_charts[i], row);
    splitter->addWidget(row);
}

void RunPage::addChart(const RunChart& chart, QSplitter* splitter) {
    auto* pane = new ChartPane(m_hub, chart.title, splitter);
    pane->setSmoothing(chart.smoothing);
    pane->canvas()->setLink(&m_crosshair);
    pane->canvas()->setEmptyText(chart.emptyText);
    splitter->addWidget(pane);
    m_panes.push_back(pane);
}

void RunPage::buildAxisBar(PanelHeader& header) {
    m_axisBar = new SegmentBar(*m_hub, true);
    m_axisBar->addSegment(QStringLiteral("epoch"), tr("epoch"));
    m_axisBar->addSegment(QStringLiteral("step"), tr("step"));
    m_axisBar->addSegment(QStringLiteral("time"), tr("time"));
    m_axisBar->setCurrentIndex(0);
    m_axisBar->setAccessibleName(tr("Horizontal axis of all charts"));
    header.addLeading(m_axisBar);
    connect(m_axisBar, &SegmentBar::chosen, this, [this](int index) {
        m_axis = static_cast<RunAxis>(index);
        m_crosshair.set(std::nullopt);
        refreshCharts();
    });
}

void RunPage::buildMonitor() {
    auto* surface = new Surface(*m_hub);
    auto* column = new QVBoxLayout(surface);
    column->setContentsMargins(0, 0, 0, 0);
    m_monitor = new MonitorPanel(m_hub, m_selection, surface);
    column->addWidget(m_monitor);
    m_monitorDock = makeDock(new PanelHeader(*m_hub, tr("Monitor")), QStringLiteral("run.monitor"), surface, this);
    m_monitorDock->setProperty("followsContent", true);  // shown with a run, whatever a layout says that was saved
    addDockWidget(Qt::RightDockWidgetArea, m_monitorDock);
    resizeDocks({m_monitorDock}, {m_hub->px(316)}, Qt::Horizontal);
    connect(m_monitor, &MonitorPanel::stopRequested, this, &RunPage::stopRequested);
    connect(m_monitor, &MonitorPanel::resumeRequested, this, &RunPage::resumeRequested);
    connect(m_monitor, &MonitorPanel::analyzeRequested, this, &RunPage::analyzeRequested);
}

void RunPage::showBody() {
    const RunData& data = m_store->data();
    const bool nothing = data.events == 0 && data.series.empty() && !data.summary.present;
    m_stack->setCurrentIndex(nothing ? 0 : 1);
    m_monitorDock->setVisible(!nothing);
    if (!nothing) return;
    if (data.status == RunStatus::Loading)
        m_empty->setSentence(tr("Reading %1 ...").arg(data.folder));
    else if (data.status == RunStatus::Gone)
        m_empty->setSentence(data.trouble);
    else if (!data.damage.empty())
        m_empty->setSentence(asSentence(data.damage.begin()->second));
    else if (!data.folder.isEmpty())
        m_empty->setSentence(
            tr("Nothing in this run yet. The folder %1 has neither events.jsonl nor results.csv.").arg(data.folder));
    else
        m_empty->setSentence(
            tr("No run yet. Start the pipeline with this configuration, or open the folder of an earlier run."));
}

// "" withdraws. Said once: a message that was closed comes again only with other words.
void RunPage::tell(const QString& key, MessageKind kind, const QString& text, bool resumable) {
    if (m_told.value(key) == text) return;
    m_told[key] = text;
    if (text.isEmpty()) return m_messages->withdraw(key);
    std::vector<MessageStack::Action> actions;
    if (resumable) actions.push_back({tr("Resume"), [this] { Q_EMIT resumeRequested(); }});
    m_messages->post(key, kind, text, std::move(actions));
}

// How the run ended, or that it did not, and what can be done.
void RunPage::tellState(const RunData& data) {
    const QString key = QStringLiteral("status");
    const bool resumable = whyNotResumed(data).isEmpty();
    const QString resume = resumable ? QLatin1Char(' ') + resumeSentence(data) : QString();
    const QString trouble =
        data.trouble.isEmpty() ? tr("The run ended with an error; the log may say more.") : asSentence(data.trouble);
    switch (data.status) {
        case RunStatus::Failed:
            return tell(key, MessageKind::Error, trouble + resume, resumable);
        case RunStatus::Gone:
            return tell(key, MessageKind::Error, trouble);
        case RunStatus::Killed:
            return tell(key, MessageKind::Warning,
                        (data.holder.pid > 0 ? tr("The run was killed: its process %1 is gone.").arg(data.holder.pid)
                                             : tr("The run was killed: its process is gone.")) +
                            resume,
                        resumable);
        case RunStatus::Silent:
            return tell(
                key, MessageKind::Warning,
                tr("Nothing was written for two minutes, and the run never said that it ended: it may have been "
                   "killed.") +
                    resume,
                resumable);
        case RunStatus::Incomplete:
            return tell(key, MessageKind::Info, tr("The run was stopped before its end.") + resume, resumable);
        case RunStatus::Empty:
        case RunStatus::Loading:
        case RunStatus::Running:
        case RunStatus::Completed:
            tell(key, MessageKind::Info, {});
    }
}

void RunPage::refreshMessages() {
    const RunData& data = m_store->data();
    tellState(data);
    QStringList damage;
    for (const auto& [file, sentence] : data.damage) damage << asSentence(sentence);
    tell(QStringLiteral("damage"), MessageKind::Warning, damage.join(QLatin1Char(' ')));
}

void RunPage::refreshCharts() {
    const RunData& data = m_store->data();
    ChartAxes axes;
    axes.xMin = 0;
    axes.xMax = lastX(data, m_axis);
    for (size_t i = 0; i < m_charts.size(); ++i) {
        const bool large = i == 0;
        axes.xTitle = large ? axisTitle(m_axis) : QString();
        axes.maxYTicks = large ? 6 : 4;
        RunChart::Content content = m_charts[i].content(data, m_axis);
        m_panes[i]->setAxes(axes);
        m_panes[i]->setTitle(content.title.isEmpty() ? m_charts[i].title : content.title);
        m_panes[i]->setDetail(content.detail);
        m_panes[i]->setLines(std::move(content.lines));
    }
}

void RunPage::refresh(unsigned mask) {
    const RunData& data = m_store->data();
    const bool fresh = mask == kRunEverything || data.folder != m_shownFolder;
    if (data.folder != m_shownFolder) {
        for (const QString& key : m_told.keys()) m_messages->withdraw(key);
        m_told.clear();
    }
    m_shownFolder = data.folder;
    showBody();
    if (mask & (kRunIdentity | kRunStages | kRunProgress | kRunStatus | kRunScalars)) m_head->showRun(data);
    if (mask & (kRunStatus | kRunSummary)) refreshMessages();
    if (mask & (kRunScalars | kRunIdentity | kRunSummary)) refreshCharts();
    if (mask & kRunLog || fresh) m_log->refresh(fresh);
    m_monitor->refresh(data, fresh ? unsigned(kRunEverything) : mask);
}

void RunPage::stopRefused() {
    m_monitor->stopRefused(m_store->data());
}

void RunPage::copyCommand() {
    QApplication::clipboard()->setText(runCommand(m_store->data()));
    m_messages->post(QStringLiteral("copied"), MessageKind::Info, tr("The command is on the clipboard."));
}

}  // namespace qat::ui
