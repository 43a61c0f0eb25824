// Follows the document, the shown run and the job.
#include "shell/window_status.h"

#include <QFileInfo>
#include <QMainWindow>
#include <QPushButton>
#include <QStatusBar>
#include <QToolButton>

#include "config/table_name.h"
#include "document/document.h"
#include "feed/run_status.h"
#include "pages/page_spec.h"
#include "shell/job_controller.h"
#include "shell/job_indicator.h"
#include "shell/main_menu.h"
#include "shell/run_viewer.h"
#include "shell/top_bar.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/format.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

QString modelOf(const Config& config) {
    const QString checkpoint = QFileInfo(QString::fromStdString(config.model.pretrainedPath)).fileName();
    return checkpoint.isEmpty() ? QString::fromStdString(modelName(config.model)) : checkpoint;
}

// "yolov8n W4A8"; the name holds the variant.
QString modelOf(const RunHeader& run) {
    return (qtext(run.model) + QLatin1Char(' ') + qtext(run.quantization).toUpper()).trimmed();
}

// The drawn data set has no path to shorten.
QString dataName(const QString& path) {
    return path.startsWith(QLatin1String("shapes")) ? path : QFileInfo(path).fileName();
}

}  // namespace

WindowStatus::WindowStatus(const WindowParts& parts, JobController* jobs, RunViewer* viewer, TopBar* top,
                           MainMenu* menu)
    : m_parts(parts), m_jobs(jobs), m_viewer(viewer), m_top(top), m_menu(menu) {
    buildStatusBar();
    followAll();
    refreshTitle();
    refreshContext();
}

void WindowStatus::buildStatusBar() {
    QStatusBar* bar = m_parts.window->statusBar();
    bar->setSizeGripEnabled(false);
    bar->setFixedHeight(m_parts.hub->px(26));
    auto* job = new JobIndicator(*m_parts.hub, m_jobs->launcher(), m_viewer->store(), m_viewer->jobStore(), bar);
    connect(job, &JobIndicator::clicked, this, [this] { m_jobs->showJob(pages::kRun); });
    bar->addWidget(job, 1);
    m_issues = new QToolButton(bar);
    m_issues->setAutoRaise(true);
    m_issues->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_issues->setFont(m_parts.hub->theme().small);
    connect(m_issues, &QToolButton::clicked, this, &WindowStatus::issuesClicked);
    bar->addPermanentWidget(m_issues);
    m_modelState = new ThemedLabel(*m_parts.hub, {}, TextStyle::Small, Color::Text2, bar);
    m_modelState->setContentsMargins(m_parts.hub->px(6), 0, m_parts.hub->px(12), 0);
    bar->addPermanentWidget(m_modelState);
}

void WindowStatus::followAll() {
    Document* document = m_parts.document;
    connect(document, &Document::stateChanged, this, &WindowStatus::refreshTitle);
    connect(document, &Document::readingChanged, this, &WindowStatus::refreshContext);
    connect(&document->described(), &DescribedModel::changed, this, &WindowStatus::refreshContext);
    connect(m_viewer->store(), &RunStore::changed, this, [this](unsigned mask) {
        if (!m_parts.document->isOpen() && (mask & (kRunIdentity | kRunSummary))) showRunContext();
        if (mask & kRunStatus) refreshRunButton();
    });
    const JobLauncher* launcher = m_jobs->launcher();
    connect(launcher, &JobLauncher::started, this, &WindowStatus::refreshRunButton);
    connect(launcher, &JobLauncher::stopping, this, &WindowStatus::refreshRunButton);
    connect(launcher, &JobLauncher::finished, this, &WindowStatus::refreshRunButton);
}

void WindowStatus::refreshTitle() {
    const Document& document = *m_parts.document;
    const bool open = document.isOpen();
    m_parts.window->setWindowTitle(open ? document.title() + QStringLiteral("[*] - Qatelier")
                                        : QStringLiteral("Qatelier"));
    m_parts.window->setWindowFilePath(document.path());
    m_parts.window->setWindowModified(document.isModified());
    m_menu->enableSave(open);
    const QString mark = document.isModified() ? QStringLiteral(" •") : QString();
    m_top->config()->setValue(open ? document.title() + mark : QString());
    refreshRunButton();
}

void WindowStatus::showDocumentContext(const Config& config) {
    m_top->model()->setValue(modelOf(config));
    m_top->data()->setValue(dataName(QString::fromStdString(config.data.path)));
}

// Without a configuration it is the shown run whose model and data are looked at.
void WindowStatus::showRunContext() {
    const RunHeader& run = m_viewer->data().run;
    const QString tip =
        run.runId.empty() ? QString() : tr("Of the run %1; no configuration is open").arg(qtext(run.runId));
    m_top->model()->setValue(modelOf(run), tip);
    m_top->data()->setValue(dataName(qtext(run.data)), tip);
}

void WindowStatus::refreshContext() {
    const bool open = m_parts.document->isOpen();
    open ? showDocumentContext(m_parts.document->reader().reading()->config.config) : showRunContext();
    refreshIssues();
    const auto model = m_parts.document->described().model();
    m_modelState->setText(
        !open   ? tr("Offline: no telemetry, no update check")
        : model ? tr("%1 layers · %2 parameters").arg(model->layers.size()).arg(formatCount(model->parameters))
                : QString());
    refreshRunButton();
}

void WindowStatus::refreshIssues() {
    const Reading& reading = *m_parts.document->reader().reading();
    const int issues = reading.errors + reading.warnings;
    m_issues->setVisible(m_parts.document->isOpen() && issues > 0);
    m_issues->setText(counted(issues, tr("1 issue"), tr("%1 issues")));
    m_issues->setIcon(themeIcon(*m_parts.hub, reading.errors ? QStringLiteral("error") : QStringLiteral("warning"),
                                reading.errors ? Color::Error : Color::Warning));
}

void WindowStatus::refreshRunButton() {
    const JobLauncher& launcher = *m_jobs->launcher();
    const bool running = launcher.isRunning(), open = m_parts.document->isOpen();
    const bool ready = open && m_parts.document->reader().reading()->errors == 0;
    const bool primary = !running && ready && m_parts.frame->page() != pages::kExport;
    QPushButton* button = m_top->run();
    button->setProperty("primary", primary);
    button->setText(running ? (launcher.isStopping() ? tr("Stopping…") : tr("Stop after batch")) : tr("Run pipeline"));
    button->setIcon(themeIcon(*m_parts.hub, running ? QStringLiteral("stop") : QStringLiteral("play"),
                              primary ? Color::OnAccent : Color::Text2));
    button->setEnabled(running ? !launcher.isStopping() : ready);
    button->setToolTip(running || ready ? QString()
                       : open           ? tr("The configuration has errors.")
                                        : tr("Open a configuration first."));
    button->update();
    m_menu->enableRun(!running && ready, running || canBeStopped(m_viewer->data()),
                      !running && whyNotResumed(m_viewer->data()).isEmpty());
}

}  // namespace qat::ui
