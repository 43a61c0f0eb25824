// The offer comes back until it is taken, closed, or about something else.
#include "shell/gate_controller.h"

#include <QMainWindow>
#include <QMessageBox>
#include <QPushButton>

#include "shell/job_controller.h"
#include "widgets/message_bar.h"

namespace qat::ui {

GateController::GateController(const WindowParts& parts, JobController* jobs) : m_parts(parts), m_jobs(jobs) {
    ask = [this](const QString& missing) { return askUser(missing); };
    connect(jobs, &JobController::gateClosed, this, &GateController::offer);
    connect(jobs, &JobController::launching, this, &GateController::withdraw);
}

void GateController::offer(const QString& missing, const JobRequest& request) {
    const auto runAnyway = [this, missing, request] {
        ask(missing) ? void(m_jobs->repeat(request)) : offer(missing, request);
    };
    m_parts.messages->post(
        kGateMessage, MessageKind::Warning, tr("The run was not started, because the gate is closed: %1.").arg(missing),
        {{tr("Run anyway…"), runAnyway}, {tr("Gate settings"), [this] { Q_EMIT settingsRequested(); }}});
}

void GateController::withdraw() {
    m_parts.messages->withdraw(kGateMessage);
}

bool GateController::askUser(const QString& missing) {
    QMessageBox box(QMessageBox::NoIcon, tr("The gate is closed"),
                    tr("Train a large model without proof on small ones?"), QMessageBox::NoButton, m_parts.window);
    box.setInformativeText(
        tr("%1.\n\nA method that fails on small models wastes much more time on large ones. The summary of a run "
           "started anyway says that its gate was overridden.")
            .arg(missing));
    QAbstractButton* run = box.addButton(tr("Run anyway"), QMessageBox::DestructiveRole);
    QPushButton* cancel = box.addButton(tr("Cancel"), QMessageBox::RejectRole);
    box.setDefaultButton(cancel);
    box.exec();
    return box.clickedButton() == run;
}

}  // namespace qat::ui
