// The file behind a document: what it held when it was last read or written here, and whether it still does.
#pragma once

#include <QByteArray>
#include <QDateTime>
#include <QFileSystemWatcher>
#include <QObject>
#include <QString>
#include <QTimer>

namespace qat::ui {

// Same: as it was read or written last, or there is no file yet. NoFile: something else stands there, a folder or a
// pipe, or it cannot be read.
enum class DiskState { Same, Changed, Gone, NoFile };

// The bytes of a regular file of at most `limit` bytes; `trouble` is "" or one sentence. Never waits for a pipe or
// device.
QByteArray readRegularFile(const QString& path, qint64 limit, QString& trouble);

// Follows one file. Content decides, by its hash; size and time only save reading it again.
class DiskFile : public QObject {
    Q_OBJECT
public:
    static constexpr qint64 kLargest = 4 << 20;  // a configuration is a few KB; a larger file is something else

    explicit DiskFile(QObject* parent = nullptr);
    // From now on this file, which holds these bytes; "" = none.
    void follow(const QString& path, const QByteArray& bytes);
    // Another content than that on the disk is the one to compare with, as hash() gave it.
    void expect(const QByteArray& hash);
    // Takes what the disk holds now for known.
    void accept();
    // Looks now. `closely`: reads the content even if size and time are those known.
    DiskState check(bool closely = false);
    DiskState state() const { return m_state; }
    // The file is gone, or something else stands there: whoever has the text has the only copy.
    bool isLost() const { return m_state == DiskState::Gone || m_state == DiskState::NoFile; }
    const QByteArray& hash() const { return m_known; }

Q_SIGNALS:
    void changed();  // state() is another

private:
    struct Stamp {
        qint64 size = -1;
        QDateTime time;
        bool operator==(const Stamp&) const = default;
    };
    static Stamp stampOf(const QString& path);
    DiskState look(bool closely);
    void watch();

    QString m_path;
    QByteArray m_known, m_seen;  // hashes: of what was read or written here, and of what was found last
    Stamp m_stamp;               // of m_seen
    DiskState m_state = DiskState::Same;
    QFileSystemWatcher m_watcher;
    QTimer m_pause;
};

}  // namespace qat::ui
