// What other programs do to the open file while it is edited here, and edits that a program left behind.
#include <QDir>
#include <QEvent>
#include <QFileInfo>
#include <QLocale>

#include "shell/main_window.h"
#include "shell/text_difference.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

const auto kDisk = QStringLiteral("disk");

}  // namespace

void MainWindow::changeEvent(QEvent* event) {
    QMainWindow::changeEvent(event);
    if (event->type() == QEvent::ActivationChange && isActiveWindow()) m_document.checkDisk();
}

void MainWindow::showDiskState() {
    m_messages->withdraw(kDisk);
    const QString name = m_document.title();
    switch (m_document.diskState()) {
        case DiskState::Same:
            return;
        case DiskState::Changed:
            return offerReload();
        case DiskState::Gone:
            return m_messages->post(
                kDisk, MessageKind::Warning,
                tr("%1 is no longer there: it was deleted or renamed by another program. What is "
                   "shown here is the only copy.")
                    .arg(name),
                {{tr("Write it again"), [this] { save(); }}, {tr("Save as…"), [this] { saveAs(); }}});
        case DiskState::NoFile:
            return m_messages->post(kDisk, MessageKind::Warning,
                                    tr("%1 is no longer a file that can be read: another program put something else in "
                                       "its place.")
                                        .arg(name),
                                    {{tr("Save as…"), [this] { saveAs(); }}});
    }
}

void MainWindow::offerReload() {
    const QString sentence = m_document.isModified()
                                 ? tr("%1 was changed by another program, and there are edits here that are not saved.")
                                 : tr("%1 was changed by another program. Shown here is what it was before.");
    m_messages->post(kDisk, MessageKind::Warning, sentence.arg(m_document.title()),
                     {{tr("Reload"), [this] { reload(); }},
                      {tr("Keep mine"), [this] { m_document.keepMine(); }},
                      {tr("Differences"), [this] { showDifferences(); }}});
}

void MainWindow::reload() {
    const QString trouble = m_document.reload();
    if (!trouble.isEmpty()) m_messages->post(kDisk, MessageKind::Error, trouble);
}

// The offer stays: looking decides nothing.
void MainWindow::showDifferences() {
    QString trouble;
    ConfigFile file = readConfigFile(m_document.path(), trouble);
    file.text.replace(QStringLiteral("\r\n"), QStringLiteral("\n"));
    if (trouble.isEmpty())
        showTextDifference(*m_hub, m_document.title(), file.text, m_document.text(), this);
    else
        m_messages->post(QStringLiteral("files"), MessageKind::Error, trouble);
    showDiskState();
}

// Whether the document's file holds what the window shows, written now if need be; else a message says why not.
bool MainWindow::isWritten() {
    const DiskState state = m_document.checkDisk(true);
    if (state == DiskState::Changed || state == DiskState::NoFile) {
        showDiskState();
        return false;
    }
    return (state == DiskState::Same && !m_document.isModified()) || save();
}

void MainWindow::offerRecovery() {
    const QList<RecoveredEdit> edits = m_recovery.leftBehind();
    if (edits.isEmpty()) return;
    const RecoveredEdit edit = edits.first();
    m_messages->post(
        QStringLiteral("recovery"), MessageKind::Info,
        tr("Unsaved edits to %1 from %2 were kept when the program ended.")
            .arg(edit.title, QLocale().toString(edit.time.time(), QLocale::ShortFormat)),
        {{tr("Recover"), [this, edit] { recover(edit); }}, {tr("Discard"), [edit] { Recovery::discard(edit); }}});
}

// The edits come back onto the file they were made to; if that has changed since, saving asks as for any other change.
void MainWindow::recover(const RecoveredEdit& edit) {
    if (!mayDiscard()) return offerRecovery();
    if (edit.path.isEmpty() || !m_document.open(edit.path).isEmpty()) m_document.create({}, edit.title);
    m_document.setText(edit.text, tr("recovered edits"), nullptr);
    if (!edit.fileHash.isEmpty() && !m_document.path().isEmpty()) m_document.expectFile(edit.fileHash);
    Recovery::discard(edit);
    showNewDocument();
}

}  // namespace qat::ui
