// The run that the pages show, and that of the running job while it is another.
#pragma once

#include <QObject>

#include "feed/run_feed.h"
#include "feed/run_store.h"
#include "shell/job_launcher.h"

namespace qat::ui {

// A folder is read once: the job's by the feed of the shown run while that is the job's.
class RunViewer : public QObject {
    Q_OBJECT
public:
    // The launcher outlives it.
    explicit RunViewer(const JobLauncher* launcher);

    void open(const QString& folder);  // "" = none
    const QString& folder() const { return m_shown.folder(); }
    const RunData& data() const { return m_store.data(); }
    RunStore* store() { return &m_store; }
    RunStore* jobStore() { return &m_jobStore; }
    // Whether the shown run is that of the running or last job.
    bool showsJob() const;
    // After the job began or ended.
    void followJob();
    // Reads what the shown run has written since the last look.
    void catchUp() { m_shown.catchUp(); }
    // Reads less often while the window is hidden.
    void followWindow(QObject* window) { window->installEventFilter(this); }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void setWindowVisible(bool visible);

    const JobLauncher* m_launcher;
    RunStore m_store, m_jobStore;
    RunFeed m_shown, m_job;
};

}  // namespace qat::ui
