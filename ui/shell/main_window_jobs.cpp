// Running the pipeline from the window, and closing the window while it runs.
#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QDir>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QStackedWidget>
#include <QStandardPaths>
#include <utility>

#include "feed/run_status.h"
#include "feed/trouble.h"
#include "session/run_lock.h"
#include "shell/main_window.h"
#include "shell/top_bar.h"
#include "shell/welcome_page.h"
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

QString accuracyOf(const QString& name, const JobOutcome& outcome) {
    const auto reached = outcome.final ? outcome.final : outcome.ptq;
    if (!reached || !outcome.fp32) return MainWindow::tr("%1 finished.").arg(name);
    return MainWindow::tr("%1 finished: mAP50-95 is %2, %3 against FP32.")
        .arg(name, formatMap(reached->map), formatChange(reached->map - outcome.fp32->map));
}

// 0 without events. A job that was refused at the door leaves the number as it was.
qint64 eventBytesOf(const QString& folder) {
    return QFileInfo(folder + QStringLiteral("/events.jsonl")).size();
}

QString nameOf(const QString& folder) {
    return QFileInfo(folder).fileName();
}

QString shellQuoted(QString word) {
    return QLatin1Char('\'') + word.replace(QLatin1Char('\''), QLatin1String("'\\''")) + QLatin1Char('\'');
}

}  // namespace

// A job reads its configuration from a file. One that was never saved goes to the user's Qatelier folder.
bool MainWindow::saveForRun() {
    if (!m_document.path().isEmpty()) return isWritten();
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
    if (folder.isEmpty()) return false;
    m_messages->withdraw(kJob);
    const auto refuse = [this](const QString& sentence) {
        m_messages->post(kJob, MessageKind::Info, sentence);
        return false;
    };
    if (m_launcher.isRunning()) return refuse(tr("A run is going on. This one can be resumed when it has ended."));
    if (works(holderOf(folder)))
        return refuse(tr("%1 cannot be resumed: another process works on it.").arg(nameOf(folder)));
    if (!QFileInfo::exists(folder + QStringLiteral("/config.yaml")))
        return refuse(tr("%1 cannot be resumed: it has no config.yaml to go on with.").arg(nameOf(folder)));
    JobRequest request;
    request.config = (folder + QStringLiteral("/config.yaml")).toStdString();
    request.out = folder.toStdString();
    request.resume = true;
    request.overrideGate = overrideGate;
    return launch(request);
}

bool MainWindow::launch(const JobRequest& request) {
    m_messages->withdraw(kGateMessage);
    m_messages->withdraw(kJobEnd);
    const QString out = QString::fromStdString(request.out.string());
    m_launched.request = request;
    m_launched.shownBefore = m_feed.folder();
    m_launched.eventBytes = eventBytesOf(out);
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

void MainWindow::stopRunIn(const QString& folder) {
    if (m_launcher.isRunning() && QDir::cleanPath(folder) == m_launcher.runFolder()) return stopRun();
    if (!works(holderOf(folder)))
        return stopRefused(folder, tr("%1 cannot be asked to stop: no process holds its folder.").arg(nameOf(folder)));
    const QString trouble = troubleOf([&] { requestStop(QFile::encodeName(folder).toStdString()); });
    if (!trouble.isEmpty()) return stopRefused(folder, asSentence(trouble));
    m_messages->post(
        kJob, MessageKind::Info,
        tr("%1 was asked to stop: it finishes its batch, writes a checkpoint and ends.").arg(nameOf(folder)));
}

// Pages show that a run is stopping as soon as its button is pressed.
void MainWindow::stopRefused(const QString& folder, const QString& sentence) {
    m_messages->post(kJob, MessageKind::Error, sentence);
    m_welcome->stopRefused(folder);
    QWidget* run = m_stack->widget(static_cast<int>(Page::Run));
    if (run->metaObject()->indexOfMethod("stopRefused()") >= 0) QMetaObject::invokeMethod(run, "stopRefused");
}

bool MainWindow::showsJob() const {
    return !m_launcher.runFolder().isEmpty() && m_feed.folder() == m_launcher.runFolder();
}

// What is said of a job leads to its own run, whichever is shown.
void MainWindow::showJob(Page page) {
    if (!showsJob()) openRun(m_launcher.runFolder());
    showPage(page);
}

// The job's folder is read once: by the feed of the shown run while that is the job's.
void MainWindow::followJob() {
    const QString wanted = m_launcher.isRunning() && !showsJob() ? m_launcher.runFolder() : QString();
    if (m_jobFeed.folder() != wanted) m_jobFeed.open(wanted);
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
    m_stopAction->setEnabled(running || canBeStopped(m_store.data()));
    m_resumeAction->setEnabled(!running && whyNotResumed(m_store.data()).isEmpty());
}

void MainWindow::postResult(const JobResult& result) {
    const JobOutcome& outcome = result.outcome;
    const QString name = nameOf(m_launcher.runFolder());
    if (result.failed || outcome.status == JobStatus::Cancelled)
        tellEnd(result);
    else if (outcome.status == JobStatus::NotStarted)
        notStarted(gatesOf(outcome));
    else if (outcome.status == JobStatus::GateFailed)
        m_messages->post(kJob, MessageKind::Warning,
                         asSentence(tr("%1 finished, but a gate failed: %2").arg(name, gatesOf(outcome))),
                         {{tr("Show run"), [this] { showJob(Page::Run); }}});
    else
        m_messages->post(kJob, MessageKind::Success, accuracyOf(name, outcome),
                         {{tr("Analyze"), [this] { showJob(Page::Analyze); }}});
}

// Whether the job became a run: one that is refused at the door writes no event.
bool MainWindow::jobIsRun() const {
    return eventBytesOf(m_launcher.runFolder()) > m_launched.eventBytes;
}

// The page tells what the folder tells: where the disk was full, that is no end.
bool MainWindow::runPageTellsEnd() const {
    return page() == Page::Run && showsJob() && !m_launcher.isRunning() && m_store.data().ended() && jobIsRun();
}

// The Run page tells how the run it shows ended; what never became one, is not in sight, or could not be written into
// its folder, is told here.
void MainWindow::tellEnd(const JobResult& result) {
    const QString folder = m_launcher.runFolder(), name = nameOf(folder);
    if (runPageTellsEnd()) return;
    if (!jobIsRun() && result.failed) return m_messages->post(kJobEnd, MessageKind::Error, asSentence(result.error));
    if (!jobIsRun())
        return m_messages->post(kJobEnd, MessageKind::Info, tr("%1 was stopped before it began.").arg(name));
    if (result.failed)
        return m_messages->post(kJobEnd, MessageKind::Error, asSentence(tr("%1 failed: %2").arg(name, result.error)),
                                {{tr("Show log"), [this] { showJob(Page::Run); }}});
    m_messages->post(
        kJobEnd, MessageKind::Info, tr("%1 was stopped and can be resumed.").arg(name),
        {{tr("Resume"), [this, folder] { resume(folder, false); }}, {tr("Show run"), [this] { showJob(Page::Run); }}});
}

void MainWindow::jobFinished(const JobResult& result) {
    refreshRunButton();
    followJob();
    if (showsJob()) m_feed.catchUp();
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
