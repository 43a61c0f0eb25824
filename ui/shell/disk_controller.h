// What other programs do to the open file while it is edited here, and edits that a program left behind.
#pragma once

#include <QObject>

#include "document/recovery.h"
#include "shell/window_frame.h"

namespace qat::ui {

class FileController;

class DiskController : public QObject {
    Q_OBJECT
public:
    // `files` outlives it.
    DiskController(const WindowParts& parts, FileController* files);
    // Says what became of the file, and what can be done; withdraws that where all is well.
    void showState();
    // Whether the document's file holds what the window shows, written now if need be; else a message says why not.
    bool isWritten();
    void offerRecovery();

protected:
    // The file is looked at whenever the window becomes active.
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void offerReload();
    void reload();
    void showDifferences();
    void recover(const RecoveredEdit& edit);

    WindowParts m_parts;
    FileController* m_files;
    Recovery m_recovery;
};

}  // namespace qat::ui
