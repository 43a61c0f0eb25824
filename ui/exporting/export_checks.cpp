// One JSON list beside the files, with the time and size of each as it was checked.
#include "exporting/export_checks.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

#include "feed/regular_file.h"
#include "feed/run_folder.h"

namespace qat::ui {
namespace {

const auto kFile = QStringLiteral("export_checks.json");
constexpr qint64 kMostBytes = 1 << 20;

QJsonArray readChecks(const QString& out) {
    QFile file;
    if (!openRegular(file, QDir(out).filePath(kFile)) || file.size() > kMostBytes) return {};
    return QJsonDocument::fromJson(file.readAll()).array();
}

QJsonObject toJson(const RunExport& file, const QFileInfo& written) {
    return {{"format", file.format},     {"file", file.file},
            {"bytes", written.size()},   {"modified", written.lastModified().toMSecsSinceEpoch()},
            {"result", file.result},     {"runtime", file.runtime},
            {"sentence", file.sentence}, {"notes", QJsonArray::fromStringList(file.notes)}};
}

RunExport changedSince(RunExport file) {
    file.result = QStringLiteral("not_checked");
    file.runtime.clear();
    file.sentence = QCoreApplication::translate("ExportChecks", "It was written again after its check.");
    return file;
}

void addFromSummary(QHash<QString, RunExport>& checks, const QDir& run, const QDir& out) {
    RunData data;
    const QFileInfo summary(run.filePath(qtext(run_files::kSummary)));
    readRunSummary(data, summary.filePath());
    for (const RunExport& told : data.summary.exports) {
        const QFileInfo file(run.filePath(told.file));
        if (QDir::cleanPath(file.absolutePath()) != QDir::cleanPath(out.absolutePath())) continue;
        const bool sameSize = told.bytes == 0 || file.size() == told.bytes;  // earlier versions tell none
        const bool holds = sameSize && file.lastModified() <= summary.lastModified();
        checks.insert(file.fileName(), holds ? told : changedSince(told));
    }
}

}  // namespace

QHash<QString, RunExport> storedChecks(const QString& source, const QString& out) {
    QHash<QString, RunExport> checks;
    addFromSummary(checks, QDir(source), QDir(out));
    for (const QJsonValue& row : readChecks(out)) {
        const QJsonObject object = row.toObject();
        const RunExport stored = exportFrom(object);
        const QFileInfo file(QDir(out).filePath(stored.file));
        const bool holds =
            file.size() == stored.bytes && file.lastModified().toMSecsSinceEpoch() == object["modified"].toInteger();
        if (holds || !checks.contains(stored.file)) checks[stored.file] = holds ? stored : changedSince(stored);
    }
    return checks;
}

QString storeChecks(const QString& out, const QVector<RunExport>& files) {
    QJsonArray rows;
    for (const QJsonValue& row : readChecks(out)) {
        const QString name = row.toObject()["file"].toString();
        const bool replaced =
            std::any_of(files.begin(), files.end(), [&](const RunExport& f) { return f.file == name; });
        if (!replaced && QFileInfo::exists(QDir(out).filePath(name))) rows.append(row);
    }
    for (const RunExport& file : files) rows.append(toJson(file, QFileInfo(QDir(out).filePath(file.file))));
    QSaveFile target(QDir(out).filePath(kFile));
    const bool kept =
        target.open(QIODevice::WriteOnly) && target.write(QJsonDocument(rows).toJson()) >= 0 && target.commit();
    return kept ? QString()
                : QCoreApplication::translate("ExportChecks", "The result of the check cannot be kept in %1: %2.")
                      .arg(target.fileName(), target.errorString());
}

bool isCheckFile(const QString& name) {
    return name == kFile;
}

}  // namespace qat::ui
