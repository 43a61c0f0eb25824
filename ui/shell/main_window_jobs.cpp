// Running the pipeline from the window, and closing the window while it runs.
#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDir>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QStandardPaths>
#include <utility>

#include "shell/main_window.h"
#include "shell/top_bar.h"
#include "style/theme_hub.h"
#include "style/theme_icon.h"
#include "widgets/format.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

const auto kJob = QStringLiteral("job");

// A name in the folder that no file has yet: name.yaml, name-2.yaml, ...
QString freeName(const QString& folder, const QString& name) {
    const QFileInfo info(name);
    QString path = folder + QLatin1Char('/') + name;
    for (int i = 2; QFileInfo::exists(path); ++i)
        path = QStringLiteral("%1/%2-%3.%4").arg(folder, info.completeBaseName()).arg(i).arg(info.suffix());
    return path;
}

QString gatesOf(const JobOutcome& outcome) {
    QStringList gates;
    for (const std::string& gate : outcome.gates) gates.append(QString::fromStdString(gate));
    return gates.join(QLatin1Char(' '));
}

QString accuracyOf(const JobOutcome& outcome) {
    const auto reached = outcome.final ? outcome.final : outcome.ptq;
    if (!reached || !outcome.fp32) return MainWindow::tr("The run finished.");
    return MainWindow::tr("The run finished: mAP50-95 is %1, %2 against FP32.")
        .arg(formatMap(reached->map), formatChange(reached->map - outcome.fp32->map));
}

QString shellQuoted(QString word) {
    return QLatin1Char('\'') + word.replace(QLatin1Char('\''), QLatin1String("'\\''")) + QLatin1Char('\'');
}

}  // namespace

// A job reads its configuration from a file. One that was never saved goes to the user's Qatelier folder.
bool MainWindow::saveForRun() {
    if (!m_document.path().isEmpty()) return !m_document.isModified() || save();
    const QString folder =
        QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation) + QStringLiteral("/Qatelier");
    QDir().mkpath(folder);
    const QString path = freeName(folder, m_document.title());
    const QString trouble = m_document.save(path);
    if (!trouble.isEmpty()) {
        m_messages->post(kJob, MessageKind::Error, trouble);
        return false;
    }
    m_recent.add(path, false);
    m_messages->post(QStringLiteral("saved"), MessageKind::Info,
                     tr("Saved as %1.").arg(QDir::toNativeSeparators(path)));
    return true;
}

QString MainWindow::newRunFolder() const {
    if (!m_runOut.isEmpty()) return m_runOut;
    const Config config = readConfig(m_document.text().toStdString()).config;
    const QString file = m_document.folder() + QLatin1Char('/') + m_document.title();
    return QString::fromStdString(qat::newRunFolder(config, file.toStdString()).string());
}

bool MainWindow::startRun(JobKind kind, bool overrideGate) {
    m_messages->withdraw(kJob);
    if (m_launcher.isRunning()) return false;
    if (!m_document.isOpen()) {
        m_messages->post(kJob, MessageKind::Info, tr("Open a configuration or choose a preset first."));
        showPage(Page::Welcome);
        return false;
    }
    const ConfigReading now = readConfig(m_document.text().toStdString());
    if (!now.valid()) {
        m_messages->post(kJob, MessageKind::Error, tr("The configuration has errors; they are marked in the text."));
        showPage(Page::Configure);
        return false;
    }
    if (!saveForRun()) return false;
    JobRequest request;
    request.config = m_document.path().toStdString();
    request.out = newRunFolder().toStdString();
    request.kind = kind;
    request.overrideGate = overrideGate;
    m_launched.runOut = std::exchange(m_runOut, {});
    return launch(request);
}

bool MainWindow::resume(const QString& folder, bool overrideGate) {
    if (folder.isEmpty() || m_launcher.isRunning()) return false;
    m_messages->withdraw(kJob);
    if (!QFileInfo::exists(folder + QStringLiteral("/checkpoint"))) {
        m_messages->post(kJob, MessageKind::Error, tr("This run has no checkpoint to go on from."));
        return false;
    }
    JobRequest request;
    request.config = (folder + QStringLiteral("/config.yaml")).toStdString();
    request.out = folder.toStdString();
    request.resume = true;
    request.overrideGate = overrideGate;
    return launch(request);
}

bool MainWindow::launch(const JobRequest& request) {
    m_messages->withdraw(kGateMessage);
    const QString out = QString::fromStdString(request.out.string());
    m_launched.request = request;
    m_launched.shownBefore = m_feed.folder();
    m_launched.madeFolder = !QFileInfo::exists(out);
    if (!QDir().mkpath(out)) {
        m_messages->post(kJob, MessageKind::Error, tr("The run folder %1 cannot be made.").arg(out));
        return false;
    }
    m_launcher.start(request);
    openRun(m_launcher.runFolder());
    return true;
}

void MainWindow::stopRun() {
    m_launcher.stop(StopLevel::FinishBatch);
}

void MainWindow::refreshRunButton() {
    if (!m_runAction) return;
    const bool running = m_launcher.isRunning();
    const bool ready = m_document.isOpen() && m_document.reading()->errors == 0;
    const bool primary = !running && ready && page() != Page::Export;
    QPushButton* button = m_top->run();
    button->setProperty("primary", primary);
    button->setText(running ? (m_launcher.isStopping() ? tr("Stopping…") : tr("Stop after batch"))
                            : tr("Run pipeline"));
    button->setIcon(themeIcon(*m_hub, running ? QStringLiteral("stop") : QStringLiteral("play"),
                              primary ? Color::OnAccent : Color::Text2));
    button->setEnabled(running ? !m_launcher.isStopping() : ready);
    button->setToolTip(running || ready      ? QString()
                       : m_document.isOpen() ? tr("The configuration has errors.")
                                             : tr("Open a configuration first."));
    button->update();
    m_runAction->setEnabled(!running && ready);
    m_stopAction->setEnabled(running);
}

void MainWindow::postResult(const JobResult& result) {
    if (result.failed)
        m_messages->post(kJob, MessageKind::Error, result.error, {{tr("Show log"), [this] { showPage(Page::Run); }}});
    else if (result.outcome.status == JobStatus::Cancelled)
        m_messages->post(kJob, MessageKind::Info, tr("The run stopped and can be resumed."),
                         {{tr("Resume"), [this] { resumeRun(); }}});
    else if (result.outcome.status == JobStatus::NotStarted)
        notStarted(gatesOf(result.outcome));
    else if (result.outcome.status == JobStatus::GateFailed)
        m_messages->post(kJob, MessageKind::Warning,
                         tr("The run finished, but a gate failed: %1").arg(gatesOf(result.outcome)));
    else
        m_messages->post(kJob, MessageKind::Success, accuracyOf(result.outcome),
                         {{tr("Analyze"), [this] { showPage(Page::Analyze); }}});
}

void MainWindow::jobFinished(const JobResult& result) {
    refreshRunButton();
    postResult(result);
    if (result.outcome.status != JobStatus::NotStarted) m_recent.add(m_launcher.runFolder(), true);
    if (!isActiveWindow()) QApplication::alert(this);
    if (!m_closeWhenIdle) return;
    const bool hidden = isHidden();
    close();
    if (hidden) QCoreApplication::quit();  // no window was left whose closing could end the program
}

void MainWindow::copyCommand() {
    const QString config = m_document.path().isEmpty() ? m_document.title() : m_document.path();
    QApplication::clipboard()->setText(
        QStringLiteral("qatelier-cli run %1 --out %2").arg(shellQuoted(config), shellQuoted(newRunFolder())));
}

CloseChoice MainWindow::askUser() {
    QMessageBox box(QMessageBox::NoIcon, tr("A run is going on"),
                    tr("The run %1 is not finished.").arg(QFileInfo(m_launcher.runFolder()).fileName()),
                    QMessageBox::NoButton, this);
    box.setInformativeText(tr("It can go on without a window, or stop after its batch and be resumed later."));
    QAbstractButton* keep = box.addButton(tr("Keep running"), QMessageBox::AcceptRole);
    QAbstractButton* stop = box.addButton(tr("Stop and quit"), QMessageBox::DestructiveRole);
    box.addButton(tr("Cancel"), QMessageBox::RejectRole);
    box.exec();
    if (box.clickedButton() == keep) return CloseChoice::KeepRunning;
    return box.clickedButton() == stop ? CloseChoice::StopAndQuit : CloseChoice::Cancel;
}

// Never waits here: with a job running the event is refused, and the window closes itself once the lane is idle.
void MainWindow::closeEvent(QCloseEvent* event) {
    if (!m_launcher.isRunning()) {
        if (!m_closeWhenIdle && !mayDiscard()) return event->ignore();
        saveLayout();
        m_feed.open({});
        return event->accept();
    }
    event->ignore();
    if (m_closeWhenIdle) return;
    const CloseChoice choice = askAboutJob();
    if (choice == CloseChoice::Cancel) return;
    if (!m_launcher.isRunning()) return void(QMetaObject::invokeMethod(this, &QWidget::close, Qt::QueuedConnection));
    if (!mayDiscard()) return;
    m_closeWhenIdle = true;
    if (choice == CloseChoice::StopAndQuit) return stopRun();
    saveLayout();
    QApplication::setQuitOnLastWindowClosed(false);
    hide();
}

}  // namespace qat::ui
