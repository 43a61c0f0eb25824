// What is said of how a job ended, unless the page in front tells it.
#pragma once

#include "shell/job_launcher.h"
#include "shell/window_frame.h"

namespace qat::ui {

class JobController;
class RunViewer;

// Keys of messages: why a job was not started, and how it succeeded; that it failed or was stopped.
inline const auto kJob = QStringLiteral("job");
inline const auto kJobEnd = QStringLiteral("job end");

// What the gates of a job say, in one line.
QString gatesOf(const JobOutcome& outcome);

class JobReport {
public:
    JobReport(const WindowParts& parts, JobController* jobs, RunViewer* viewer);
    // A job is to be started in the folder: what was said of the one before is over.
    void begin(const QString& folder);
    void tell(const JobResult& result);
    // What the Run page tells of the end needs no message.
    void withdrawTold();

private:
    void tellEnd(const JobResult& result);
    bool jobIsRun() const;
    bool runPageTellsEnd() const;

    WindowParts m_parts;
    JobController* m_jobs;
    RunViewer* m_viewer;
    qint64 m_eventBytes = 0;  // that the folder's events had before
};

}  // namespace qat::ui
