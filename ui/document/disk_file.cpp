// Hashing, and watching file and folder: an editor that replaces the file is seen through its folder only.
#include "document/disk_file.h"

#include <QCryptographicHash>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <utility>

#include "feed/regular_file.h"

namespace qat::ui {
namespace {

constexpr int kPauseMs = 150;  // writers change a file in several steps

QByteArray hashOf(const QByteArray& bytes) {
    return QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex();
}

}  // namespace

QByteArray readRegularFile(const QString& path, qint64 limit, QString& trouble) {
    const QString shown = QDir::toNativeSeparators(path);
    QFile file;
    QString reason;
    trouble.clear();
    if (QFileInfo(path).isDir())
        trouble = DiskFile::tr("%1 is a folder.").arg(shown);
    else if (!openRegular(file, path, &reason))
        trouble = DiskFile::tr("%1 cannot be read: %2.")
                      .arg(shown, reason.isEmpty() ? DiskFile::tr("it does not exist") : reason);
    else if (file.size() > limit)
        trouble = DiskFile::tr("%1 is larger than %2 MB.").arg(shown).arg(limit >> 20);
    return trouble.isEmpty() ? file.read(limit) : QByteArray();
}

DiskFile::DiskFile(QObject* parent) : QObject(parent) {
    m_pause.setSingleShot(true);
    m_pause.setInterval(kPauseMs);
    connect(&m_pause, &QTimer::timeout, this, [this] { check(); });
    connect(&m_watcher, &QFileSystemWatcher::fileChanged, &m_pause, qOverload<>(&QTimer::start));
    connect(&m_watcher, &QFileSystemWatcher::directoryChanged, &m_pause, qOverload<>(&QTimer::start));
}

void DiskFile::follow(const QString& path, const QByteArray& bytes) {
    const QStringList before = m_watcher.files() + m_watcher.directories();
    if (!before.isEmpty()) m_watcher.removePaths(before);
    m_path = path;
    m_known = m_seen = hashOf(bytes);
    m_stamp = {};  // of the next look: the file may have changed since it was read
    if (!m_path.isEmpty()) watch();
    if (std::exchange(m_state, DiskState::Same) != DiskState::Same) Q_EMIT changed();
}

void DiskFile::expect(const QByteArray& hash) {
    m_known = hash;
    check(true);
}

void DiskFile::accept() {
    check(true);
    m_known = m_seen;
    check();
}

DiskState DiskFile::check(bool closely) {
    if (m_path.isEmpty()) return DiskState::Same;
    watch();
    const DiskState now = look(closely);
    if (std::exchange(m_state, now) != now) Q_EMIT changed();
    return now;
}

DiskFile::Stamp DiskFile::stampOf(const QString& path) {
    const QFileInfo info(path);
    return {info.size(), info.lastModified()};
}

DiskState DiskFile::look(bool closely) {
    const QFileInfo info(m_path);
    if (!info.exists() && !info.isSymLink()) return DiskState::Gone;
    const Stamp stamp = stampOf(m_path);
    if (closely || !info.isFile() || !(stamp == m_stamp)) {
        QString trouble;
        const QByteArray bytes = readRegularFile(m_path, kLargest, trouble);
        if (!trouble.isEmpty() && (!info.isFile() || !info.isReadable())) return DiskState::NoFile;
        m_seen = trouble.isEmpty() ? hashOf(bytes) : QByteArray("larger");
        m_stamp = stamp;
    }
    return m_seen == m_known ? DiskState::Same : DiskState::Changed;
}

// A file that was replaced is another one, which has to be watched anew.
void DiskFile::watch() {
    const QString folder = QFileInfo(m_path).absolutePath();
    if (!m_watcher.files().contains(m_path) && QFileInfo(m_path).isFile()) m_watcher.addPath(m_path);
    if (!m_watcher.directories().contains(folder) && QFileInfo::exists(folder)) m_watcher.addPath(folder);
}

}  // namespace qat::ui
