// Sentences about finished, failed and stopped jobs, and what can be done then.
#include "shell/job_report.h"

#include <QFileInfo>

#include "feed/trouble.h"
#include "pages/page_spec.h"
#include "shell/job_controller.h"
#include "shell/run_viewer.h"
#include "widgets/format.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

QString accuracyOf(const QString& name, const JobOutcome& outcome) {
    const auto reached = outcome.final ? outcome.final : outcome.ptq;
    if (!reached || !outcome.fp32) return JobController::tr("%1 finished.").arg(name);
    const Metric& score = reached->best();
    return JobController::tr("%1 finished: %2 is %3, %4 against FP32.")
        .arg(name, QString::fromStdString(score.label), formatScore(score.value, score.decimals),
             formatChange(score.value - outcome.fp32->score(), score.decimals));
}

// 0 without events. A job that was refused at the door leaves the number as it was.
qint64 eventBytesOf(const QString& folder) {
    return QFileInfo(folder + QStringLiteral("/events.jsonl")).size();
}

QString runName(const QString& folder) {
    return QFileInfo(folder).fileName();
}

}  // namespace

QString gatesOf(const JobOutcome& outcome) {
    QStringList gates;
    for (const std::string& gate : outcome.gates) gates.append(QString::fromStdString(gate));
    return gates.join(QLatin1Char(' '));
}

JobReport::JobReport(const WindowParts& parts, JobController* jobs, RunViewer* viewer)
    : m_parts(parts), m_jobs(jobs), m_viewer(viewer) {}

void JobReport::begin(const QString& folder) {
    m_parts.messages->withdraw(kJobEnd);
    m_eventBytes = eventBytesOf(folder);
}

void JobReport::tell(const JobResult& result) {
    const JobOutcome& outcome = result.outcome;
    const QString name = runName(m_jobs->launcher()->runFolder());
    if (result.failed || outcome.status == JobStatus::Cancelled)
        tellEnd(result);
    else if (outcome.status == JobStatus::GateFailed)
        m_parts.messages->post(
            kJob, MessageKind::Warning,
            asSentence(JobController::tr("%1 finished, but a gate failed: %2").arg(name, gatesOf(outcome))),
            {{JobController::tr("Show run"), [this] { m_jobs->showJob(pages::kRun); }}});
    else
        m_parts.messages->post(kJob, MessageKind::Success, accuracyOf(name, outcome),
                               {{JobController::tr("Analyze"), [this] { m_jobs->showJob(pages::kAnalyze); }}});
}

// Whether the job became a run: one that is refused at the door writes no event.
bool JobReport::jobIsRun() const {
    return eventBytesOf(m_jobs->launcher()->runFolder()) > m_eventBytes;
}

// The page tells what the folder tells: where the disk was full, that is no end.
bool JobReport::runPageTellsEnd() const {
    return m_parts.frame->page() == pages::kRun && m_viewer->showsJob() && !m_jobs->launcher()->isRunning() &&
           m_viewer->data().ended() && jobIsRun();
}

// The Run page tells how the run it shows ended; what never became one, is not in sight, or could not be written into
// its folder, is told here.
void JobReport::tellEnd(const JobResult& result) {
    const QString folder = m_jobs->launcher()->runFolder(), name = runName(folder);
    if (runPageTellsEnd()) return;
    if (!jobIsRun() && result.failed)
        return m_parts.messages->post(kJobEnd, MessageKind::Error, asSentence(result.error));
    if (!jobIsRun())
        return m_parts.messages->post(kJobEnd, MessageKind::Info,
                                      JobController::tr("%1 was stopped before it began.").arg(name));
    if (result.failed)
        return m_parts.messages->post(kJobEnd, MessageKind::Error,
                                      asSentence(JobController::tr("%1 failed: %2").arg(name, result.error)),
                                      {{JobController::tr("Show log"), [this] { m_jobs->showJob(pages::kRun); }}});
    m_parts.messages->post(kJobEnd, MessageKind::Info,
                           JobController::tr("%1 was stopped and can be resumed.").arg(name),
                           {{JobController::tr("Resume"), [this, folder] { m_jobs->resume(folder); }},
                            {JobController::tr("Show run"), [this] { m_jobs->showJob(pages::kRun); }}});
}

void JobReport::withdrawTold() {
    if (runPageTellsEnd()) m_parts.messages->withdraw(kJobEnd);
}

}  // namespace qat::ui
