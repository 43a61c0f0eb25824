// Copies of unsaved edits outside the user's file, so that a crash costs at most half a minute.
#pragma once

#include <QDateTime>
#include <QList>
#include <QObject>
#include <QString>
#include <QTimer>

namespace qat::ui {

class Document;

// What an earlier run of the program left behind.
struct RecoveredEdit {
    QString sidecar;  // file that holds it
    QString path;     // of the configuration, "" = it was never saved
    QString title;
    QString text;
    QDateTime time;
    QByteArray fileHash;  // of the file that was edited (Document::fileHash)
};

// Writes the document's text to a sidecar in `folder` every 30 s while it is modified; removes it once it is not.
class Recovery : public QObject {
    Q_OBJECT
public:
    Recovery(Document* document, const QString& folder, QObject* parent = nullptr);
    ~Recovery() override;  // an orderly end leaves nothing behind
    static QString defaultFolder();
    // Sidecars of programs that no longer run, newest first. Files that are not ours are passed over.
    QList<RecoveredEdit> leftBehind() const;
    static void discard(const RecoveredEdit& edit);
    // At once instead of on the timer.
    void writeNow();

private:
    QString ownFile() const;

    Document* m_document;
    QString m_folder;
    QTimer m_timer;
};

}  // namespace qat::ui
