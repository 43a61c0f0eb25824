// A run that the gate of large models kept from starting: what is missing, and how to run it nevertheless.
#include <QDir>
#include <QMessageBox>
#include <QPushButton>

#include "configure/configure_page.h"
#include "configure/form_panel.h"
#include "exporting/export_panel.h"
#include "shell/main_window.h"
#include "widgets/message_bar.h"

namespace qat::ui {

// Nothing ran, so everything is as before the start: no folder, the run that was shown, the chosen place.
void MainWindow::notStarted(const QString& missing) {
    const JobRequest& request = m_launched.request;
    if (m_launched.madeFolder) QDir().rmdir(QString::fromStdString(request.out.string()));
    if (!request.resume) {
        m_feed.open(m_launched.shownBefore);
        followJob();
        m_export->setSource(m_launched.shownBefore);
        if (m_runOut.isEmpty()) m_runOut = m_launched.runOut;
        showPage(pages::kConfigure);
    }
    offerOverride(missing);
}

// What runs then is the configuration as it is at that time, not as it was when the gate was asked.
void MainWindow::offerOverride(const QString& missing) {
    const auto runAnyway = [this, missing, request = m_launched.request] {
        if (!askAboutGate(missing)) return offerOverride(missing);
        request.resume ? resume(QString::fromStdString(request.out.string()), true) : startRun(request.kind, true);
    };
    m_messages->post(kGateMessage, MessageKind::Warning,
                     tr("The run was not started, because the gate is closed: %1.").arg(missing),
                     {{tr("Run anyway…"), runAnyway}, {tr("Gate settings"), [this] { showGateSettings(); }}});
}

void MainWindow::showGateSettings() {
    showPage(pages::kConfigure);
    m_configure->form()->showSection(QStringLiteral("gate"));
}

bool MainWindow::askUserAboutGate(const QString& missing) {
    QMessageBox box(QMessageBox::NoIcon, tr("The gate is closed"),
                    tr("Train a large model without proof on small ones?"), QMessageBox::NoButton, this);
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
