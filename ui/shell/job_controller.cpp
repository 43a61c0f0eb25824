// A job is a request to the launcher; how it went is read from its run folder and its result.
#include "shell/job_controller.h"

#include <QApplication>
#include <QClipboard>
#include <QDir>
#include <QFileInfo>
#include <QMainWindow>
#include <QStandardPaths>

#include "document/document.h"
#include "document/recent_files.h"
#include "feed/run_status.h"
#include "feed/trouble.h"
#include "pages/page_spec.h"
#include "session/run_lock.h"
#include "shell/disk_controller.h"
#include "shell/run_viewer.h"
#include "widgets/format.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

// A name in the folder that no file has yet: name.yaml, name-2.yaml, ...
QString freeName(const QString& folder, const QString& name) {
    const QFileInfo info(name);
    QString path = folder + QLatin1Char('/') + name;
    for (int i = 2; QFileInfo::exists(path); ++i)
        path = QStringLiteral("%1/%2-%3.%4").arg(folder, info.completeBaseName()).arg(i).arg(info.suffix());
    return path;
}

QString nameOf(const QString& folder) {
    return QFileInfo(folder).fileName();
}

QString shellQuoted(QString word) {
    return QLatin1Char('\'') + word.replace(QLatin1Char('\''), QLatin1String("'\\''")) + QLatin1Char('\'');
}

}  // namespace

JobController::JobController(const WindowParts& parts, JobLauncher* launcher, RunViewer* viewer, DiskController* disk)
    : m_parts(parts), m_launcher(launcher), m_viewer(viewer), m_disk(disk), m_report(parts, this, viewer) {
    connect(launcher, &JobLauncher::finished, this, &JobController::jobFinished);
}

// A job reads its configuration from a file. One that was never saved goes to the user's Qatelier folder.
bool JobController::saveForRun() {
    if (!m_parts.document->path().isEmpty()) return m_disk->isWritten();
    const QString folder =
        QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation) + QStringLiteral("/Qatelier");
    QDir().mkpath(folder);
    const QString path = freeName(folder, m_parts.document->title());
    const QString trouble = m_parts.document->save(path);
    if (!trouble.isEmpty()) {
        m_parts.messages->post(kJob, MessageKind::Error, trouble);
        return false;
    }
    m_parts.recent->add(path, false);
    m_parts.messages->post(QStringLiteral("saved"), MessageKind::Info,
                           tr("Saved as %1.").arg(QDir::toNativeSeparators(path)));
    return true;
}

QString JobController::newRunFolder() {
    if (!m_runOut.isEmpty()) return m_runOut;
    const Config& config = m_parts.document->reader().now()->config.config;
    const QString file = m_parts.document->folder() + QLatin1Char('/') + m_parts.document->title();
    return QString::fromStdString(qat::newRunFolder(config, file.toStdString()).string());
}

bool JobController::start(JobKind kind, bool overrideGate) {
    m_parts.messages->withdraw(kJob);
    if (m_launcher->isRunning()) return false;
    if (!m_parts.document->isOpen()) {
        m_parts.messages->post(kJob, MessageKind::Info, tr("Open a configuration or choose a preset first."));
        m_parts.frame->showPage(pages::kWelcome);
        return false;
    }
    if (!m_parts.document->reader().now()->config.valid()) {
        m_parts.messages->post(kJob, MessageKind::Error,
                               tr("The configuration has errors; they are marked in the text."));
        m_parts.frame->showPage(pages::kConfigure);
        return false;
    }
    if (!saveForRun()) return false;
    JobRequest request;
    request.config = m_parts.document->path().toStdString();
    request.out = newRunFolder().toStdString();
    request.kind = kind;
    request.overrideGate = overrideGate;
    m_launched.runOut = std::exchange(m_runOut, {});
    return launch(request);
}

bool JobController::resumeShown() {
    return resume(m_viewer->data().folder);
}

bool JobController::repeat(const JobRequest& request) {
    return request.resume ? resume(QString::fromStdString(request.out.string()), true) : start(request.kind, true);
}

void JobController::stopShown() {
    stopIn(m_viewer->data().folder);
}

void JobController::runInto(const QString& folder) {
    m_runOut = folder;
    m_parts.messages->post(QStringLiteral("out"), MessageKind::Info, tr("The next run goes to %1.").arg(folder));
}

bool JobController::resume(const QString& folder, bool overrideGate) {
    if (folder.isEmpty()) return false;
    m_parts.messages->withdraw(kJob);
    const auto refuse = [this](const QString& sentence) {
        m_parts.messages->post(kJob, MessageKind::Info, sentence);
        return false;
    };
    if (m_launcher->isRunning()) return refuse(tr("A run is going on. This one can be resumed when it has ended."));
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

bool JobController::launch(const JobRequest& request) {
    Q_EMIT launching();
    const QString out = QString::fromStdString(request.out.string());
    m_launched.request = request;
    m_launched.shownBefore = m_viewer->folder();
    m_report.begin(out);
    m_launched.madeFolder = !QFileInfo::exists(out);
    if (!QDir().mkpath(out)) {
        m_parts.messages->post(kJob, MessageKind::Error, tr("The run folder %1 cannot be made.").arg(out));
        return false;
    }
    m_launcher->start(request);
    m_parts.frame->openRun(m_launcher->runFolder());
    return true;
}

void JobController::stopIn(const QString& folder) {
    if (m_launcher->isRunning() && QDir::cleanPath(folder) == m_launcher->runFolder()) return stop();
    if (!works(holderOf(folder)))
        return refuseStop(folder, tr("%1 cannot be asked to stop: no process holds its folder.").arg(nameOf(folder)));
    const QString trouble = troubleOf([&] { requestStop(QFile::encodeName(folder).toStdString()); });
    if (!trouble.isEmpty()) return refuseStop(folder, asSentence(trouble));
    m_parts.messages->post(
        kJob, MessageKind::Info,
        tr("%1 was asked to stop: it finishes its batch, writes a checkpoint and ends.").arg(nameOf(folder)));
}

// Pages show that a run is stopping as soon as its button is pressed.
void JobController::refuseStop(const QString& folder, const QString& sentence) {
    m_parts.messages->post(kJob, MessageKind::Error, sentence);
    Q_EMIT stopRefused(folder);
}

// What is said of a job leads to its own run, whichever is shown.
void JobController::showJob(const QString& page) {
    if (!m_viewer->showsJob()) m_parts.frame->openRun(m_launcher->runFolder());
    m_parts.frame->showPage(page);
}

// Nothing ran, so everything is as before the start: no folder, the run that was shown, the chosen place.
void JobController::notStarted(const QString& missing) {
    const JobRequest& request = m_launched.request;
    if (m_launched.madeFolder) QDir().rmdir(QString::fromStdString(request.out.string()));
    if (!request.resume) {
        m_parts.frame->followRun(m_launched.shownBefore);
        if (m_runOut.isEmpty()) m_runOut = m_launched.runOut;
        m_parts.frame->showPage(pages::kConfigure);
    }
    Q_EMIT gateClosed(missing, request);
}

void JobController::jobFinished(const JobResult& result) {
    m_viewer->followJob();
    if (m_viewer->showsJob()) m_viewer->catchUp();
    if (!result.failed && result.outcome.status == JobStatus::NotStarted)
        notStarted(gatesOf(result.outcome));
    else
        m_report.tell(result);
    if (result.outcome.status != JobStatus::NotStarted) m_parts.recent->add(m_launcher->runFolder(), true);
    if (!m_parts.window->isActiveWindow()) QApplication::alert(m_parts.window);
    Q_EMIT ended();
}

void JobController::copyCommand() {
    const QString config = m_parts.document->path().isEmpty() ? m_parts.document->title() : m_parts.document->path();
    QApplication::clipboard()->setText(
        QStringLiteral("qatelier-cli run %1 --out %2").arg(shellQuoted(config), shellQuoted(newRunFolder())));
}

}  // namespace qat::ui
