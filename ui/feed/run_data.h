// One run as the window shows it: what its events told (runs/run_record.h), its other files, and its state on disk.
#pragma once

#include <QDateTime>
#include <QString>
#include <QStringList>
#include <QVector>
#include <map>
#include <optional>
#include <vector>

#include "runs/layer_info.h"
#include "runs/run_record.h"
#include "session/run_lock.h"

namespace qat::ui {

enum class RunStatus {
    Empty,    // no folder, or nothing in it
    Loading,  // first read is under way
    Running,  // no end line, and a job holds the folder
    Killed,   // no end line, and the job that held the folder is gone
    Silent,   // no end line, nothing written for a while, and no lock that could tell more: an earlier version's run
    Completed,
    Failed,
    Incomplete,  // stopped on request
    Gone         // the folder was removed while we watched
};

// A file that was exported, and what a runtime made of it.
struct RunExport {
    QString format, file;  // file: relative to the run folder
    qint64 bytes = 0;      // 0 if not told
    QString result;        // not_checked, passed or failed
    QString runtime;       // name and version, "" where none answered
    QString sentence;
    QStringList notes;  // what the format could not express
};

// From run_summary.json.
struct RunSummary {
    bool present = false;
    QString runId, model, mode, method, status, error;
    QString measured;        // head, input and post-processing of its figures; "" where it does not say
    QString overriddenGate;  // what the gate missed that the run was started in spite of; "" if it was not
    std::optional<double> best, final;
    bool collapsed = false;
    double collapseRatio = 0.5;
    QVector<RunExport> exports;
};

struct RunData : RunRecord {
    QString folder;
    RunStatus status = RunStatus::Empty;
    QString trouble;                    // one sentence about an error, "" if none
    RunHolder holder;                   // who works in the folder
    std::map<QString, QString> damage;  // by file of the folder: one sentence about what cannot be read in it
    std::vector<LayerInfo> layers;      // layers.json, execution order
    RunSummary summary;

    // Execution order from layers.json, then the layers only events have named.
    std::vector<std::string> orderedLayers() const;
    const LayerInfo* layer(std::string_view name) const;
};

// Words of a run are UTF-8.
inline QString qtext(std::string_view text) {
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

// "2026-11-21T10:00:00+00:00"; invalid where the run told none.
QDateTime timeOf(const std::string& told);
// From which scores on findings are best believed, where F1 is best; none of older runs, and of networks whose scores
// are no choice to make. stage: of the quantized network's pictures ("ptq": as calibrated); "": the newest.
struct RecommendedConfidences {
    std::optional<double> fp32, quantized;
    bool operator==(const RecommendedConfidences&) const = default;
};
RecommendedConfidences recommendedConfidences(const RunData& data, std::string_view stage = {});

// When a line was written; invalid where its run line gave no time.
QDateTime wallClock(const RunRecord& run, const LogLine& line);

// "train" -> "QAT", "evaluate_ptq" -> "Evaluate PTQ"; an unknown stage reads as written.
QString stageTitle(std::string_view stage);

}  // namespace qat::ui
