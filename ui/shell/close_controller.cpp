// The window may be hidden before the program ends, when its job goes on without it.
#include "shell/close_controller.h"

#include <QApplication>
#include <QCloseEvent>
#include <QFileInfo>
#include <QMainWindow>
#include <QMessageBox>
#include <QPushButton>

#include "shell/file_controller.h"
#include "shell/job_controller.h"
#include "shell/window_layout.h"

namespace qat::ui {

CloseController::CloseController(const WindowParts& parts, FileController* files, JobController* jobs,
                                 WindowLayout* layout)
    : m_parts(parts), m_files(files), m_jobs(jobs), m_layout(layout) {
    askAboutJob = [this] { return askUser(); };
    connect(jobs, &JobController::ended, this, &CloseController::jobEnded);
}

CloseChoice CloseController::askUser() {
    QMessageBox box(QMessageBox::NoIcon, tr("A run is going on"),
                    tr("The run %1 is not finished.").arg(QFileInfo(m_jobs->launcher()->runFolder()).fileName()),
                    QMessageBox::NoButton, m_parts.window);
    box.setInformativeText(tr("It can go on without a window, or stop after its batch and be resumed later."));
    QAbstractButton* keep = box.addButton(tr("Keep running"), QMessageBox::AcceptRole);
    QAbstractButton* stop = box.addButton(tr("Stop and quit"), QMessageBox::DestructiveRole);
    box.addButton(tr("Cancel"), QMessageBox::RejectRole);
    box.exec();
    if (box.clickedButton() == keep) return CloseChoice::KeepRunning;
    return box.clickedButton() == stop ? CloseChoice::StopAndQuit : CloseChoice::Cancel;
}

void CloseController::closeEvent(QCloseEvent* event) {
    const JobLauncher& launcher = *m_jobs->launcher();
    if (!launcher.isRunning()) {
        if (!m_closeWhenIdle && !m_files->mayDiscard()) return event->ignore();
        m_layout->save();
        return event->accept();
    }
    event->ignore();
    if (m_closeWhenIdle) return;
    const CloseChoice choice = askAboutJob();
    if (choice == CloseChoice::Cancel) return;
    if (!launcher.isRunning())
        return void(QMetaObject::invokeMethod(m_parts.window, &QWidget::close, Qt::QueuedConnection));
    if (!m_files->mayDiscard()) return;
    m_closeWhenIdle = true;
    if (choice == CloseChoice::StopAndQuit) return m_jobs->stop();
    m_layout->save();
    QApplication::setQuitOnLastWindowClosed(false);
    m_parts.window->hide();
}

void CloseController::jobEnded() {
    if (!m_closeWhenIdle) return;
    const bool hidden = m_parts.window->isHidden();
    m_parts.window->close();
    if (hidden) QCoreApplication::quit();  // no window was left whose closing could end the program
}

}  // namespace qat::ui
