// Starts the core's pipeline on a thread of its own; the views learn of its progress from the run folder alone.
#pragma once

#include <QObject>
#include <QString>
#include <QThreadPool>
#include <memory>

#include "base/cancel.h"
#include "session/session.h"

namespace qat::ui {

// How a job ended. error is one sentence, "" unless it failed.
struct JobResult {
    bool failed = false;
    QString error;
    JobOutcome outcome;
};

// One heavy job at a time, so that jobs do not oversubscribe the cores.
class JobLauncher : public QObject {
    Q_OBJECT
public:
    explicit JobLauncher(QObject* parent = nullptr);
    ~JobLauncher() override;  // asks a running job to stop and waits for it

    bool isRunning() const { return m_cancel != nullptr; }
    bool isStopping() const { return m_cancel && m_cancel->requested(); }
    const QString& runFolder() const { return m_folder; }  // of the running or the last job
    // False (and nothing happens) while a job runs.
    bool start(const JobRequest& request);
    // Finish the batch and checkpoint; Abandon leaves sooner and loses what came after the last checkpoint.
    void stop(StopLevel level);

Q_SIGNALS:
    void started(const QString& runFolder);
    void stopping();
    void finished(const qat::ui::JobResult& result);

private:
    std::shared_ptr<CancelToken> m_cancel;  // set while running
    QString m_folder;
    QThreadPool m_pool;
};

}  // namespace qat::ui
