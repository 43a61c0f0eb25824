// Sections from top to bottom, separated by hairlines.
#include "progress/monitor_panel.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "charts/kpi_grid.h"
#include "charts/table_link.h"
#include "feed/run_status.h"
#include "progress/oscillation_model.h"
#include "progress/sentinel_bar.h"
#include "widgets/buttons.h"
#include "widgets/cell_delegate.h"
#include "widgets/chip_view.h"
#include "widgets/column_fit.h"
#include "widgets/format.h"
#include "widgets/panel.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {
constexpr int kShownLayers = 7;
}

ProgressStrip::ProgressStrip(ThemeHub* hub, QWidget* parent) : QWidget(parent), m_hub(hub) {
    setFixedHeight(hub->px(4));
    setAccessibleName(tr("Progress"));
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

void ProgressStrip::setShare(double share) {
    m_share = share;
    setAccessibleDescription(share < 0 ? QString() : formatPercent(share));
    update();
}

void ProgressStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    paintProgress(painter, rect(), m_share, m_hub->theme());
}

MonitorPanel::MonitorPanel(ThemeHub* hub, SelectionHub* selection, QWidget* parent)
    : QWidget(parent),
      m_hub(hub),
      m_kpis(new KpiGrid(hub, this)),
      m_sentinel(new SentinelBar(hub, this)),
      m_sentinelState(new ChipView(hub, this)),
      m_sentinelSection(new QWidget(this)),
      m_oscillation(new OscillationModel(selection, this)),
      m_table(new RowTable(*hub, this)),
      m_noOscillation(new ThemedLabel(*hub, tr("No weight statistics: every epoch of training adds some."),
                                      TextStyle::Small, Color::Text2, this)),
      m_analyze(makeButton(*hub, tr("Open in Analyze"), ButtonKind::Link, {}, true, this)),
      m_stage(new ThemedLabel(*hub, {}, TextStyle::BodyStrong, Color::Text, this)),
      m_counts(new ThemedLabel(*hub, {}, TextStyle::Small, Color::Text2, this)),
      m_bar(new ProgressStrip(hub, this)),
      m_stop(makeButton(*hub, tr("Stop after batch"), ButtonKind::Normal, QStringLiteral("stop"), true, this)),
      m_resume(makeButton(*hub, tr("Resume"), ButtonKind::Normal, QStringLiteral("reset"), true, this)),
      m_footer(new ThemedLabel(*hub, {}, TextStyle::Caption, Color::Text2, this)) {
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(m_kpis);
    buildSentinel(column);
    column->addWidget(new Hairline(*hub));
    buildOscillation(column, selection);
    column->addWidget(new Hairline(*hub));
    buildProgress(column);
    column->addStretch(1);
    const int pad = hub->px(12);
    m_footer->setWordWrap(true);
    m_footer->setContentsMargins(pad, 0, pad, hub->px(10));
    column->addWidget(m_footer);
    connect(m_stop, &QPushButton::clicked, this, [this] {
        m_stopAsked = true;
        m_stop->setText(tr("Stopping…"));
        m_stop->setEnabled(false);
        Q_EMIT stopRequested();
    });
    connect(m_resume, &QPushButton::clicked, this, &MonitorPanel::resumeRequested);
    connect(m_analyze, &QPushButton::clicked, this, &MonitorPanel::analyzeRequested);
}

void MonitorPanel::buildSentinel(QVBoxLayout* column) {
    auto* sentinel = new QVBoxLayout(m_sentinelSection);
    sentinel->setContentsMargins(0, m_hub->px(8), 0, m_hub->px(10));
    sentinel->setSpacing(m_hub->px(6));
    sentinel->addWidget(sectionTitle(tr("Collapse sentinel"), m_sentinelState));
    sentinel->addWidget(m_sentinel);
    column->addWidget(m_sentinelSection);
}

void MonitorPanel::buildOscillation(QVBoxLayout* column, SelectionHub* selection) {
    const int pad = m_hub->px(12);
    auto* unit = new ThemedLabel(*m_hub, tr("% of weights"), TextStyle::Caption, Color::Text2);
    QWidget* title = sectionTitle(tr("Most oscillating layers"), unit);
    title->setContentsMargins(0, m_hub->px(8), 0, m_hub->px(4));
    column->addWidget(title);
    m_noOscillation->setWordWrap(true);
    m_noOscillation->setContentsMargins(pad, m_hub->px(4), pad, m_hub->px(12));
    column->addWidget(m_noOscillation);
    buildTable(selection);
    column->addWidget(m_table);
    auto* link = new QHBoxLayout;
    link->setContentsMargins(m_hub->px(4), m_hub->px(4), pad, m_hub->px(8));
    link->addWidget(m_analyze);
    link->addStretch(1);
    column->addLayout(link);
}

void MonitorPanel::buildTable(SelectionHub* selection) {
    m_table->setModel(m_oscillation);
    m_table->setAccessibleName(tr("Most oscillating layers"));
    m_table->setItemDelegateForColumn(OscillationModel::History, new CellDelegate(*m_hub, CellLook::Spark, m_table));
    m_table->setItemDelegateForColumn(OscillationModel::Share, new CellDelegate(*m_hub, CellLook::Number, m_table));
    m_table->horizontalHeader()->hide();
    m_table->horizontalHeader()->setSectionResizeMode(OscillationModel::Layer, QHeaderView::Stretch);
    m_table->setColumnWidth(OscillationModel::History, m_hub->px(70));
    m_table->setColumnWidth(OscillationModel::Share, m_hub->px(68));
    m_table->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    new ColumnFit(m_table, OscillationModel::Layer, {OscillationModel::History});
    new TableLink(m_table, selection);
}

void MonitorPanel::buildProgress(QVBoxLayout* column) {
    const int pad = m_hub->px(12);
    auto* progress = new QVBoxLayout;
    progress->setContentsMargins(pad, m_hub->px(10), pad, m_hub->px(10));
    progress->setSpacing(m_hub->px(8));
    auto* line = new QHBoxLayout;
    line->addWidget(m_stage, 1);
    line->addWidget(m_stop);
    line->addWidget(m_resume);
    progress->addLayout(line);
    progress->addWidget(m_bar);
    progress->addWidget(m_counts);
    column->addLayout(progress);
}

void MonitorPanel::stopRefused(const RunData& data) {
    m_stopAsked = false;
    refreshActions(data);
}

QWidget* MonitorPanel::sectionTitle(const QString& text, QWidget* right) {
    auto* row = new QWidget(this);
    auto* line = new QHBoxLayout(row);
    line->setContentsMargins(m_hub->px(12), 0, m_hub->px(12), 0);
    line->addWidget(new ThemedLabel(*m_hub, text, TextStyle::CaptionStrong, Color::Text2, row), 1);
    line->addWidget(right);
    return row;
}

// A run is stopped through its folder, whoever works in it, which takes a job that looks there.
void MonitorPanel::refreshActions(const RunData& data) {
    const bool running = data.status == RunStatus::Running;
    if (!running || data.folder != m_folder) m_stopAsked = false;
    m_folder = data.folder;
    m_stop->setVisible(running);
    m_stop->setEnabled(canBeStopped(data) && !m_stopAsked);
    m_stop->setText(m_stopAsked ? tr("Stopping…") : tr("Stop after batch"));
    m_stop->setToolTip(
        canBeStopped(data)
            ? tr("It finishes its batch, writes a checkpoint and ends; it can be resumed later.")
            : tr("This run holds no lock on its folder, so it cannot be asked to stop: an earlier version "
                 "of the program works on it, or nobody does."));
    m_resume->setVisible(whyNotResumed(data).isEmpty());
    m_resume->setToolTip(resumeSentence(data));
}

void MonitorPanel::refreshProgress(const RunData& data) {
    const RunStage* stage = data.currentStage();
    const bool running = data.status == RunStatus::Running;
    m_bar->setVisible(stage != nullptr);
    if (!stage) {
        m_stage->setText(data.stages.empty()                   ? tr("No stage yet")
                         : data.status == RunStatus::Killed    ? tr("Killed")
                         : data.status == RunStatus::Silent    ? tr("No sign of life")
                         : !data.ended()                       ? tr("Between stages")
                         : data.status == RunStatus::Completed ? tr("Finished")
                         : data.status == RunStatus::Failed    ? tr("Failed")
                                                               : tr("Stopped"));
        m_counts->setText(data.now > 0 ? tr("%1 in all").arg(formatDuration(data.now)) : QString());
        return;
    }
    m_stage->setText(stageTitle(stage->name));
    m_bar->setShare(stage->total > 0 ? static_cast<double>(stage->done) / static_cast<double>(stage->total) : -1);
    QString counts =
        stage->total > 0 ? tr("%1 of %2").arg(formatCount(stage->done), formatCount(stage->total)) : tr("running");
    if (const auto remaining = data.remainingSeconds(); remaining && running)
        counts += tr(", about %1 left").arg(formatDuration(*remaining));
    m_counts->setText(counts);
}

void MonitorPanel::refresh(const RunData& data, unsigned mask) {
    if (mask & (kRunScalars | kRunSummary | kRunStatus)) {
        const RunFigures figures = runFigures(data);
        m_kpis->setKpis(kpisOf(data));
        m_sentinelSection->setVisible(figures.best.has_value());
        m_sentinel->setFigures(figures);
        const bool collapsed = figures.collapsed() || data.summary.collapsed;
        m_sentinelState->showChip(collapsed ? Chip{tr("collapsed"), ChipKind::Error, QStringLiteral("close")}
                                            : Chip{tr("above the floor"), ChipKind::Success, QStringLiteral("check")});
    }
    if (mask & (kRunLayers | kRunLayerInfo)) {
        m_oscillation->showRun(data, kShownLayers);
        const bool any = m_oscillation->rowCount() > 0;
        m_noOscillation->setVisible(!any);
        m_table->setVisible(any);
        m_analyze->setVisible(any);
        m_table->setFixedHeight(m_oscillation->rowCount() * m_hub->px(26) + 1);
    }
    if (mask & (kRunProgress | kRunStages | kRunStatus)) refreshProgress(data);
    if (mask & kRunStatus || data.folder != m_folder) refreshActions(data);
    m_footer->setText(data.folder);
}

}  // namespace qat::ui
