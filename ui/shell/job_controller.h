// Running, resuming and stopping the pipeline from the window, and what is said of how it ended.
#pragma once

#include <QObject>
#include <utility>

#include "shell/job_launcher.h"
#include "shell/job_report.h"
#include "shell/window_frame.h"

namespace qat::ui {

class DiskController;
class RunViewer;

class JobController : public QObject {
    Q_OBJECT
public:
    // All of them outlive it.
    JobController(const WindowParts& parts, JobLauncher* launcher, RunViewer* viewer, DiskController* disk);

    // Saves if needed and starts the job; false with a message bar if it cannot. overrideGate: although the gate of
    // large models may be closed, which the run's summary then says.
    bool start(JobKind kind = JobKind::Pipeline, bool overrideGate = false);
    // Goes on with the run in the folder, or with the shown one, from its last checkpoint.
    bool resume(const QString& folder, bool overrideGate = false);
    bool resumeShown();
    // What was asked for once more, although its gate is closed.
    bool repeat(const JobRequest& request);
    // The job of this window, after its batch.
    void stop() { m_launcher->stop(StopLevel::FinishBatch); }
    void stopShown();
    // Stops the job in the folder: this window's own, or that of any process, which is asked through the folder.
    void stopIn(const QString& folder);
    void startOrStop() { m_launcher->isRunning() ? stop() : void(start()); }

    // The next run goes to the folder instead of a new one beside the configuration.
    void runInto(const QString& folder);
    void forgetRunFolder() { m_runOut.clear(); }
    // The command that runs the open configuration without a window, on the clipboard.
    void copyCommand();
    // What is said of a job leads to its own run, whichever is shown.
    void showJob(const QString& page);
    JobReport* report() { return &m_report; }
    JobLauncher* launcher() { return m_launcher; }

Q_SIGNALS:
    // The gate of large models kept the job from starting; everything is as it was before.
    void gateClosed(const QString& missing, const qat::JobRequest& request);
    // A job begins: what was offered about another one is over.
    void launching();
    void stopRefused(const QString& folder);
    // The job ended, and what there is to say of it was said.
    void ended();

private:
    bool saveForRun();
    bool launch(const JobRequest& request);
    QString newRunFolder();
    void refuseStop(const QString& folder, const QString& sentence);
    void jobFinished(const JobResult& result);
    void notStarted(const QString& missing);

    WindowParts m_parts;
    JobLauncher* m_launcher;
    RunViewer* m_viewer;
    DiskController* m_disk;
    QString m_runOut;  // chosen run folder, "" = a new one beside the configuration
    // The job that runs or ran last: what it was asked, and what there was before it.
    struct Launched {
        JobRequest request;
        QString runOut, shownBefore;
        bool madeFolder = false;
    };
    Launched m_launched;
    JobReport m_report;
};

}  // namespace qat::ui
