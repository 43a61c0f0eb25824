// Reads the event types of the run folder; every field may be missing or of the wrong kind.
#include "feed/event_line.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>
#include <cmath>
#include <limits>

namespace qat::ui {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double number(const QJsonValue& value) {
    return value.isDouble() ? value.toDouble() : kNan;
}

qint64 count(const QJsonValue& value) {
    constexpr double kLargest = 9e15;
    const double read = value.toDouble();
    return read >= 0 && read <= kLargest ? static_cast<qint64>(read) : 0;
}

unsigned applyRun(RunData& data, const QJsonObject& event) {
    const QDateTime time = QDateTime::fromString(event["time"].toString(), Qt::ISODate);
    data.beginPiece(time);
    RunIdentity& run = data.run;
    if (event["resumed"].toBool() && !run.id.isEmpty()) ++run.resumes;
    if (!run.started.isValid()) run.started = time;
    run.id = event["run_id"].toString(run.id);
    run.model = event["model"].toString(run.model);
    run.quantization = event["quantization"].toString(run.quantization);
    run.data = event["data"].toString(run.data);
    run.averaged = event["averaged"].toBool(run.averaged);
    run.epochs = static_cast<int>(std::min<qint64>(count(event["epochs"]), 1000000));
    const QJsonArray stages = event["stages"].toArray();
    if (!stages.isEmpty()) run.stages.clear();
    for (const QJsonValue& stage : stages) {
        run.stages.push_back(stage.toString());
        data.stageNamed(stage.toString());
    }
    for (RunStage& stage : data.stages)  // the killed piece never said that its stage was over
        if (stage.state == StageState::Running) stage.state = StageState::Pending;
    data.ended = false;
    data.status = RunStatus::Running;
    data.trouble.clear();
    return kRunIdentity | kRunStages | kRunStatus;
}

unsigned applyStage(RunData& data, const QJsonObject& event) {
    RunStage& stage = data.stageNamed(event["stage"].toString());
    if (event["state"].toString() == QLatin1String("end")) {
        stage.state = StageState::Done;
        stage.seconds = event["seconds"].toDouble(data.now - stage.beganAt);
    } else {
        stage.state = StageState::Running;
        stage.beganAt = data.now;
        stage.done = stage.total = 0;
    }
    return kRunStages | kRunProgress;
}

unsigned applyLayer(RunData& data, const QJsonObject& event) {
    static const QHash<QString, LayerTable> tables{{"error", LayerTable::Error},
                                                   {"sensitivity", LayerTable::Sensitivity},
                                                   {"oscillation", LayerTable::Oscillation},
                                                   {"repair", LayerTable::Repair},
                                                   {"quantizer", LayerTable::Quantizer},
                                                   {"correction", LayerTable::Correction}};
    const auto table = tables.constFind(event["table"].toString());
    const QString layer = event["layer"].toString();
    if (table == tables.constEnd() || layer.isEmpty()) return 0;
    if (*table != LayerTable::Quantizer) data.noteLayer(layer);  // its rows are of values, not of layers
    LayerKey key{*table, event["bits"].toInt(), event["stage"].toString(), layer, event["epoch"].toInt()};
    LayerMetrics& metrics = data.layerRows[key];
    metrics.clear();
    const QJsonObject values = event["metrics"].toObject();
    for (auto value = values.begin(); value != values.end(); ++value) metrics.insert(value.key(), number(*value));
    return kRunLayers;
}

QVector<RunBox> boxes(const QJsonValue& list) {
    QVector<RunBox> read;
    for (const QJsonValue& item : list.toArray()) {
        const QJsonArray corners = item["box"].toArray();
        if (corners.size() != 4) continue;
        const double x1 = number(corners[0]), y1 = number(corners[1]), x2 = number(corners[2]), y2 = number(corners[3]);
        if (!std::isfinite(x1 + y1 + x2 + y2)) continue;
        RunBox box;
        box.box = QRectF(QPointF(x1, y1), QPointF(x2, y2)).normalized();
        box.score = item["score"].toDouble(1.0);
        box.classIndex = item["class"].toInt();
        box.name = item["name"].toString();
        if (box.name.isEmpty()) box.name = QString::number(box.classIndex);
        read.push_back(box);
    }
    return read;
}

unsigned applyImage(RunData& data, const QJsonObject& event) {
    RunImage image;
    image.path = event["image"].toString();
    if (image.path.isEmpty()) return 0;
    image.preview = event["preview"].toString();
    image.stage = event["stage"].toString();
    image.width = event["width"].toInt();
    image.height = event["height"].toInt();
    image.fp32 = boxes(event["fp32"]);
    image.quantized = boxes(event["quantized"]);
    image.labels = boxes(event["labels"]);
    data.putImage(std::move(image));
    return kRunImages;
}

unsigned applyLog(RunData& data, const QJsonObject& event, double t) {
    const QString level = event["level"].toString();
    if (level == QLatin1String("debug")) return 0;
    RunLogLine line;
    line.t = data.now;
    line.time = data.wallClock(t);
    line.severity = level == QLatin1String("error")     ? LogSeverity::Error
                    : level == QLatin1String("warning") ? LogSeverity::Warning
                                                        : LogSeverity::Info;
    line.source = event["source"].toString();
    line.text = event["text"].toString();
    data.log.add(std::move(line));
    return kRunLog;
}

// A stage that was told to stop says its end as a finished one does, but before its work is done.
void reopenStopped(RunData& data) {
    const auto last = std::find_if(data.stages.rbegin(), data.stages.rend(),
                                   [](const RunStage& stage) { return stage.state != StageState::Pending; });
    if (last != data.stages.rend() && last->done < last->total) last->state = StageState::Pending;
}

unsigned applyEnd(RunData& data, const QJsonObject& event) {
    const QString status = event["status"].toString();
    data.ended = true;
    data.trouble = event["error"].toString();
    data.status = status == QLatin1String("completed-success")  ? RunStatus::Completed
                  : status == QLatin1String("completed-failed") ? RunStatus::Failed
                                                                : RunStatus::Incomplete;
    if (data.status == RunStatus::Incomplete) reopenStopped(data);
    for (RunStage& stage : data.stages)
        if (stage.state == StageState::Running) stage.state = StageState::Pending;
    return kRunStatus | kRunStages | kRunSummary;
}

// Told once in the log, and by how many lines in what is damaged.
unsigned noteCorrupt(RunData& data) {
    if (data.corruptLines++ == 0) data.firstCorruptLine = data.lines;
    data.damage[QStringLiteral("events.jsonl")] =
        data.corruptLines == 1
            ? QCoreApplication::translate("RunFeed", "Line %1 of events.jsonl is no JSON: what it told is missing.")
                  .arg(data.firstCorruptLine)
            : QCoreApplication::translate(
                  "RunFeed", "%1 lines of events.jsonl are no JSON, the first is line %2: what they told is missing.")
                  .arg(data.corruptLines)
                  .arg(data.firstCorruptLine);
    if (data.corruptLines > 1) return kRunStatus;
    RunLogLine line;
    line.t = data.now;
    line.severity = LogSeverity::Warning;
    line.source = QStringLiteral("feed");
    line.text =
        QCoreApplication::translate("RunFeed", "events.jsonl holds a line that is not JSON; it was passed over.");
    data.log.add(std::move(line));
    return kRunLog | kRunStatus;
}

unsigned applyProgress(RunData& data, const QJsonObject& event) {
    RunStage& stage = data.stageNamed(event["stage"].toString());
    data.noteProgress(stage, count(event["done"]), count(event["total"]));
    return kRunProgress;
}

unsigned applyScalar(RunData& data, const QJsonObject& event) {
    const QString name = event["series"].toString();
    const double x = number(event["x"]);
    if (name.isEmpty() || !std::isfinite(x)) return 0;
    data.series[name].add(x, number(event["value"]), data.now);
    return kRunScalars;
}

}  // namespace

unsigned applyEventLine(RunData& data, const QByteArray& line) {
    ++data.lines;
    if (line.trimmed().isEmpty()) return 0;
    QJsonParseError error{};
    const QJsonDocument document = QJsonDocument::fromJson(line, &error);
    if (error.error != QJsonParseError::NoError || !document.isObject()) return noteCorrupt(data);
    const QJsonObject event = document.object();
    const QString type = event["type"].toString();
    const double t = event["t"].toDouble();
    ++data.events;
    if (type == QLatin1String("run")) return applyRun(data, event);
    data.now = std::max(data.now, data.runTime(t));
    if (type == QLatin1String("scalar")) return applyScalar(data, event);
    if (type == QLatin1String("progress")) return applyProgress(data, event);
    if (type == QLatin1String("layer")) return applyLayer(data, event);
    if (type == QLatin1String("image")) return applyImage(data, event);
    if (type == QLatin1String("log")) return applyLog(data, event, t);
    if (type == QLatin1String("stage")) return applyStage(data, event);
    if (type == QLatin1String("end")) return applyEnd(data, event);
    return 0;
}

}  // namespace qat::ui
