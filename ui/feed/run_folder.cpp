// Readers for the small files of a run folder; damaged files are passed over, never fatal.
#include "feed/run_folder.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>
#include <cmath>
#include <limits>

#include "feed/event_line.h"
#include "feed/event_tail.h"
#include "feed/regular_file.h"
#include "feed/run_status.h"

namespace qat::ui {
namespace {

constexpr qint64 kLargestSideFile = 64 * 1024 * 1024;

constexpr int kKnownSummary = 1;  // major version of run_summary.json

QString text(const char* source) {
    return QCoreApplication::translate("RunFolder", source);
}

// Notes or withdraws (what == "") the damage of a file.
void tellDamage(RunData& data, const QString& path, const QString& what) {
    const QString name = QFileInfo(path).fileName();
    if (what.isEmpty())
        data.damage.erase(name);
    else
        data.damage[name] = text("%1 cannot be read: %2.").arg(name, what);
}

// Nothing if the file is missing or cannot be read, which is then told.
std::optional<QByteArray> contents(RunData& data, const QString& path) {
    QFile file;
    QString trouble;
    const bool opened = openRegular(file, path, &trouble);
    const bool large = opened && file.size() > kLargestSideFile;
    tellDamage(data, path, large ? text("it is larger than this program reads") : trouble);
    if (!opened || large) return std::nullopt;
    return file.readAll();
}

QJsonDocument json(RunData& data, const QString& path) {
    const std::optional<QByteArray> bytes = contents(data, path);
    if (!bytes) return {};
    QJsonParseError error{};
    const QJsonDocument document = QJsonDocument::fromJson(*bytes, &error);
    if (error.error != QJsonParseError::NoError)
        tellDamage(data, path, text("it is not JSON from byte %1 on").arg(error.offset));
    return document;
}

void tellVersion(RunData& data, const QString& version) {
    const int major = version.section(QLatin1Char('.'), 0, 0).toInt();
    data.damage.erase(kNewerVersion);
    if (major <= kKnownSummary) return;
    data.damage[kNewerVersion] =
        text(
            "This run was written by a newer version of the program (its summary has version %1, %2 is known here): "
            "figures may be missing or mean something else.")
            .arg(version, QString::number(kKnownSummary));
}

// one2one head, 640x640, the 300 best scores, without non-maximum suppression
QString measuredText(const QJsonObject& measured) {
    QStringList parts;
    if (const QString head = measured["head"].toString(); !head.isEmpty()) parts << text("%1 head").arg(head);
    for (const char* key : {"input", "post_processing", "not_scored"})
        if (const QString said = measured[QLatin1String(key)].toString(); !said.isEmpty()) parts << said;
    return parts.join(QStringLiteral(", "));
}

std::optional<double> optionalNumber(const QJsonValue& value) {
    return value.isDouble() ? std::optional(value.toDouble()) : std::nullopt;
}

}  // namespace

RunExport exportFrom(const QJsonObject& object) {
    RunExport file;
    file.format = object["format"].toString();
    file.file = object["file"].toString();
    file.bytes = std::max<qint64>(object["bytes"].toInteger(), 0);
    file.result = object["result"].toString();
    file.runtime = (object["runtime"].toString() + QLatin1Char(' ') + object["version"].toString()).trimmed();
    file.sentence = object["sentence"].toString();
    for (const QJsonValue& note : object["notes"].toArray()) file.notes.push_back(note.toString());
    return file;
}

unsigned readRunSummary(RunData& data, const QString& path) {
    const QJsonDocument document = json(data, path);
    const QJsonObject object = document.object();
    if (!document.isNull() && object.isEmpty()) tellDamage(data, path, text("it is no JSON object"));
    if (object.isEmpty()) return kRunStatus;
    tellVersion(data, object["schema_version"].toVariant().toString());
    data.summary = {};
    RunSummary& summary = data.summary;
    summary.present = true;
    summary.runId = object["run_id"].toString();
    summary.model = object["model"]["variant"].toString();
    summary.mode = object["quantization"]["mode"].toString();
    summary.method = object["method"]["variant"].toString();
    summary.status = object["status"].toString();
    summary.error = object["error"].toString();
    summary.overriddenGate = object["overridden_gate"].toString();
    summary.measured = measuredText(object["metrics"]["measured"].toObject());
    // A run that stopped before it measured anything says 0, for want of a value.
    const QJsonValue metrics = object["metrics"], history = metrics["history"];
    const bool nothingMeasured = history.isArray() && history.toArray().isEmpty() && !metrics["ptq"].isObject();
    summary.best = nothingMeasured ? std::nullopt : optionalNumber(metrics["best_value"]);
    summary.final = nothingMeasured ? std::nullopt : optionalNumber(metrics["final_value"]);
    const QJsonDocument judgedBy(metrics["judged_by"].toObject());
    if (auto list = readMetricList(judgedBy.toJson().toStdString())) data.metrics = std::move(*list);
    summary.collapsed = object["stability"]["collapsed"].toBool();
    const double ratio = object["stability"]["collapse_threshold_ratio"].toDouble(0.5);
    summary.collapseRatio = ratio > 0 && ratio < 1 ? ratio : 0.5;
    if (data.run.runId.empty()) data.run.runId = summary.runId.toStdString();
    if (data.run.model.empty()) data.run.model = summary.model.toStdString();
    if (data.run.quantization.empty()) data.run.quantization = summary.mode.toStdString();
    if (data.started.empty()) data.started = object["created_at"].toString().toStdString();
    if (data.run.epochs == 0) data.run.epochs = object["training"]["epochs"].toInt();
    for (const QJsonValue& check : object["artifacts"]["export_checks"].toArray())
        summary.exports.push_back(exportFrom(check.toObject()));
    return kRunSummary | kRunStatus;
}

unsigned readLayerList(RunData& data, const QString& path) {
    const std::optional<QByteArray> bytes = contents(data, path);
    if (!bytes) return kRunStatus;
    ReadLayers read = readLayers({bytes->data(), static_cast<size_t>(bytes->size())});
    if (read.damagedFrom > 0) tellDamage(data, path, text("it is not JSON from byte %1 on").arg(read.damagedFrom));
    if (!read.isList) tellDamage(data, path, text("it is no list of layers"));
    if (read.nameless > 0)
        tellDamage(
            data, path,
            text("%1 of its %2 entries are no layers").arg(read.nameless).arg(read.nameless + read.layers.size()));
    if (read.damagedFrom > 0) return kRunStatus;
    if (!read.layers.empty()) data.layers = std::move(read.layers);
    return kRunLayerInfo | kRunStatus;
}

unsigned readResultsCsv(RunData& data, const QString& path) {
    const QList<QByteArray> lines = contents(data, path).value_or(QByteArray()).split('\n');
    if (lines.size() < 2) return 0;
    const QList<QByteArray> heads = lines.front().split(',');
    std::vector<std::string> columns;
    for (const QByteArray& head : heads) columns.push_back(head.trimmed().toStdString());
    const qsizetype epochColumn = std::ranges::find(columns, "epoch") - columns.begin();
    if (epochColumn == heads.size()) return 0;
    for (qsizetype row = 1; row < lines.size(); ++row) {
        const QList<QByteArray> fields = lines[row].split(',');
        if (fields.size() != heads.size()) continue;
        bool isNumber = false;
        const double epoch = fields[epochColumn].trimmed().toDouble(&isNumber);
        if (!isNumber || !std::isfinite(epoch)) continue;
        for (qsizetype column = 0; column < heads.size(); ++column) {
            const std::string& name = columns[static_cast<size_t>(column)];
            if (column == epochColumn || name == "time") continue;
            const double value = fields[column].trimmed().toDouble(&isNumber);
            data.series[name].add(epoch, isNumber ? value : std::numeric_limits<double>::quiet_NaN(), epoch);
        }
    }
    return kRunScalars;
}

RunData unreadRun(const QString& folder, const QString& trouble) {
    RunData data;
    data.folder = folder;
    data.damage[QFileInfo(folder).fileName()] = trouble;
    return data;
}

RunData readRunFolder(const QString& folder, EventTail& tail) {
    RunData data;
    data.folder = folder;
    const QDir dir(folder);
    tail = EventTail(dir.filePath(qtext(run_files::kEvents)));
    const auto take = [&data](const QByteArray& line) { applyEventLine(data, line); };
    QString why;
    // Whole file at once; only what is written meanwhile is left for the timer.
    const EventTail::Bounds all{std::numeric_limits<int>::max(), std::numeric_limits<qint64>::max()};
    const EventTail::State state = tail.read(all, take);
    if (QFile events; !openRegular(events, tail.path(), &why)) tellDamage(data, tail.path(), why);
    if (state == EventTail::State::Missing) readResultsCsv(data, dir.filePath(qtext(run_files::kResults)));
    readRunSummary(data, dir.filePath(qtext(run_files::kSummary)));
    readLayerList(data, dir.filePath(qtext(run_files::kLayers)));
    settleStatus(data);
    if (!dir.exists()) {
        data.status = RunStatus::Gone;
        data.trouble = QCoreApplication::translate("RunFeed", "There is no folder %1.").arg(folder);
    }
    return data;
}

}  // namespace qat::ui
