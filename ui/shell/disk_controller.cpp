// Messages about the file on the disk, and the way back to unsaved edits.
#include "shell/disk_controller.h"

#include <QEvent>
#include <QLocale>
#include <QMainWindow>

#include "document/document.h"
#include "shell/file_controller.h"
#include "shell/text_difference.h"
#include "widgets/message_bar.h"

namespace qat::ui {
namespace {

const auto kDisk = QStringLiteral("disk");

}  // namespace

DiskController::DiskController(const WindowParts& parts, FileController* files)
    : m_parts(parts), m_files(files), m_recovery(parts.document, Recovery::defaultFolder()) {
    connect(&parts.document->disk(), &DiskFile::changed, this, &DiskController::showState);
    connect(files, &FileController::changedOnDisk, this, &DiskController::showState);
    parts.window->installEventFilter(this);
}

bool DiskController::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::ActivationChange && m_parts.window->isActiveWindow()) m_parts.document->disk().check();
    return QObject::eventFilter(watched, event);
}

void DiskController::showState() {
    m_parts.messages->withdraw(kDisk);
    const QString name = m_parts.document->title();
    switch (m_parts.document->disk().state()) {
        case DiskState::Same:
            return;
        case DiskState::Changed:
            return offerReload();
        case DiskState::Gone:
            return m_parts.messages->post(
                kDisk, MessageKind::Warning,
                tr("%1 is no longer there: it was deleted or renamed by another program. What is "
                   "shown here is the only copy.")
                    .arg(name),
                {{tr("Write it again"), [this] { m_files->save(); }}, {tr("Save as…"), [this] { m_files->saveAs(); }}});
        case DiskState::NoFile:
            return m_parts.messages->post(
                kDisk, MessageKind::Warning,
                tr("%1 is no longer a file that can be read: another program put something else in "
                   "its place.")
                    .arg(name),
                {{tr("Save as…"), [this] { m_files->saveAs(); }}});
    }
}

void DiskController::offerReload() {
    const QString sentence = m_parts.document->isModified()
                                 ? tr("%1 was changed by another program, and there are edits here that are not saved.")
                                 : tr("%1 was changed by another program. Shown here is what it was before.");
    m_parts.messages->post(kDisk, MessageKind::Warning, sentence.arg(m_parts.document->title()),
                           {{tr("Reload"), [this] { reload(); }},
                            {tr("Keep mine"), [this] { m_parts.document->keepMine(); }},
                            {tr("Differences"), [this] { showDifferences(); }}});
}

void DiskController::reload() {
    const QString trouble = m_parts.document->reload();
    if (!trouble.isEmpty()) m_parts.messages->post(kDisk, MessageKind::Error, trouble);
}

// The offer stays: looking decides nothing.
void DiskController::showDifferences() {
    QString trouble;
    ConfigFile file = readConfigFile(m_parts.document->path(), trouble);
    file.text.replace(QStringLiteral("\r\n"), QStringLiteral("\n"));
    if (trouble.isEmpty())
        showTextDifference(*m_parts.hub, m_parts.document->title(), file.text, m_parts.document->text(),
                           m_parts.window);
    else
        m_parts.messages->post(QStringLiteral("files"), MessageKind::Error, trouble);
    showState();
}

bool DiskController::isWritten() {
    const DiskState state = m_parts.document->disk().check(true);
    if (state == DiskState::Changed || state == DiskState::NoFile) {
        showState();
        return false;
    }
    return (state == DiskState::Same && !m_parts.document->isModified()) || m_files->save();
}

void DiskController::offerRecovery() {
    const QList<RecoveredEdit> edits = m_recovery.leftBehind();
    if (edits.isEmpty()) return;
    const RecoveredEdit edit = edits.first();
    m_parts.messages->post(
        QStringLiteral("recovery"), MessageKind::Info,
        tr("Unsaved edits to %1 from %2 were kept when the program ended.")
            .arg(edit.title, QLocale().toString(edit.time.time(), QLocale::ShortFormat)),
        {{tr("Recover"), [this, edit] { recover(edit); }}, {tr("Discard"), [edit] { Recovery::discard(edit); }}});
}

// The edits come back onto the file they were made to; if that has changed since, saving asks as for any other change.
void DiskController::recover(const RecoveredEdit& edit) {
    if (!m_files->mayDiscard()) return offerRecovery();
    if (edit.path.isEmpty() || !m_parts.document->open(edit.path).isEmpty()) m_parts.document->create({}, edit.title);
    m_parts.document->setText(edit.text, tr("recovered edits"), nullptr);
    if (!edit.fileHash.isEmpty() && !m_parts.document->path().isEmpty()) m_parts.document->disk().expect(edit.fileHash);
    Recovery::discard(edit);
    m_files->showNewDocument();
}

}  // namespace qat::ui
