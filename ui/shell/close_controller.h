// Closing the window, which may have a job running or edits that are not saved.
#pragma once

#include <QObject>
#include <functional>

#include "shell/window_frame.h"

class QCloseEvent;

namespace qat::ui {

class FileController;
class JobController;
class WindowLayout;

// What to do with a running job when the window is closed.
enum class CloseChoice { KeepRunning, StopAndQuit, Cancel };

class CloseController : public QObject {
    Q_OBJECT
public:
    // All of them outlive it.
    CloseController(const WindowParts& parts, FileController* files, JobController* jobs, WindowLayout* layout);
    // Never waits: with a job running the event is refused, and the window closes itself once the lane is idle.
    void closeEvent(QCloseEvent* event);

    // Asks what is to become of the running job. Replaced by tests.
    std::function<CloseChoice()> askAboutJob;

private:
    CloseChoice askUser();
    void jobEnded();

    WindowParts m_parts;
    FileController* m_files;
    JobController* m_jobs;
    WindowLayout* m_layout;
    bool m_closeWhenIdle = false;
};

}  // namespace qat::ui
