// Sidecars: one JSON file a process, named after its process id.
#include "document/recovery.h"

#include <signal.h>

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <QStandardPaths>
#include <algorithm>
#include <cerrno>

#include "document/document.h"

namespace qat::ui {
namespace {

constexpr int kEveryMs = 30000;
constexpr qint64 kLargest = 16 << 20;

bool processLives(qint64 id) {
    return id > 0 && (kill(static_cast<pid_t>(id), 0) == 0 || errno == EPERM);
}

}  // namespace

Recovery::Recovery(Document* document, const QString& folder, QObject* parent)
    : QObject(parent), m_document(document), m_folder(folder) {
    m_timer.setInterval(kEveryMs);
    connect(&m_timer, &QTimer::timeout, this, &Recovery::writeNow);
    connect(document, &Document::stateChanged, this, [this] {
        if (m_document->isModified()) return m_timer.isActive() ? void() : m_timer.start();
        m_timer.stop();
        QFile::remove(ownFile());
    });
}

Recovery::~Recovery() {
    QFile::remove(ownFile());
}

QString Recovery::defaultFolder() {
    return QStandardPaths::writableLocation(QStandardPaths::AppLocalDataLocation) + QStringLiteral("/recovery");
}

QString Recovery::ownFile() const {
    return QStringLiteral("%1/%2.json").arg(m_folder).arg(QCoreApplication::applicationPid());
}

void Recovery::writeNow() {
    if (!m_document->isModified() || !QDir().mkpath(m_folder)) return;
    const QJsonObject content{{QStringLiteral("path"), m_document->path()},
                              {QStringLiteral("title"), m_document->title()},
                              {QStringLiteral("time"), QDateTime::currentDateTime().toString(Qt::ISODate)},
                              {QStringLiteral("file_hash"), QString::fromLatin1(m_document->disk().hash())},
                              {QStringLiteral("text"), m_document->text()}};
    QSaveFile file(ownFile());
    if (!file.open(QIODevice::WriteOnly)) return;
    file.write(QJsonDocument(content).toJson(QJsonDocument::Compact));
    file.commit();
}

QList<RecoveredEdit> Recovery::leftBehind() const {
    QList<RecoveredEdit> edits;
    for (const QFileInfo& info : QDir(m_folder).entryInfoList({QStringLiteral("*.json")}, QDir::Files)) {
        if (processLives(info.completeBaseName().toLongLong()) || info.size() > kLargest) continue;
        QFile file(info.absoluteFilePath());
        if (!file.open(QIODevice::ReadOnly)) continue;
        const QJsonObject content = QJsonDocument::fromJson(file.readAll()).object();
        if (!content.value(QStringLiteral("text")).isString()) continue;
        edits.append({info.absoluteFilePath(), content.value(QStringLiteral("path")).toString(),
                      content.value(QStringLiteral("title")).toString(),
                      content.value(QStringLiteral("text")).toString(),
                      QDateTime::fromString(content.value(QStringLiteral("time")).toString(), Qt::ISODate),
                      content.value(QStringLiteral("file_hash")).toString().toLatin1()});
    }
    std::sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.time > b.time; });
    return edits;
}

void Recovery::discard(const RecoveredEdit& edit) {
    QFile::remove(edit.sidecar);
}

}  // namespace qat::ui
