// Keeps the second feed on the job's folder only while nobody else reads it.
#include "shell/run_viewer.h"

#include <QEvent>

namespace qat::ui {

RunViewer::RunViewer(const JobLauncher* launcher) : m_launcher(launcher), m_shown(&m_store), m_job(&m_jobStore) {}

void RunViewer::open(const QString& folder) {
    m_shown.open(folder);
    followJob();
}

bool RunViewer::showsJob() const {
    return !m_launcher->runFolder().isEmpty() && m_shown.folder() == m_launcher->runFolder();
}

void RunViewer::followJob() {
    const QString wanted = m_launcher->isRunning() && !showsJob() ? m_launcher->runFolder() : QString();
    if (m_job.folder() != wanted) m_job.open(wanted);
}

bool RunViewer::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::Show) setWindowVisible(true);
    if (event->type() == QEvent::Hide) setWindowVisible(false);
    return QObject::eventFilter(watched, event);
}

void RunViewer::setWindowVisible(bool visible) {
    m_shown.setWindowVisible(visible);
    m_job.setWindowVisible(visible);
}

}  // namespace qat::ui
