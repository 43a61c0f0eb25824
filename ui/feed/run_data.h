// Everything one run folder has told so far, as plain values: what the pages draw and the feed fills.
#pragma once

#include <QDateTime>
#include <QHash>
#include <QRectF>
#include <QString>
#include <QStringList>
#include <QVector>
#include <deque>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "session/run_lock.h"

namespace qat::ui {

// Bits of RunStore::changed().
enum RunChange : unsigned {
    kRunIdentity = 1,
    kRunStages = 2,
    kRunProgress = 4,
    kRunScalars = 8,
    kRunLayers = 16,
    kRunImages = 32,
    kRunLog = 64,
    kRunSummary = 128,
    kRunLayerInfo = 256,
    kRunStatus = 512,
    kRunEverything = 1023
};

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

struct RunIdentity {
    QString id, model, quantization, data;
    QDateTime started;  // of the first "run" line
    int epochs = 0;
    QStringList stages;
    int resumes = 0;
    bool averaged = false;  // mAP50-95 is that of the averaged weights
};

enum class StageState { Pending, Running, Done };

struct RunStage {
    QString name;  // load, calibrate, search, repair, evaluate_fp32, evaluate_ptq, analyze, train, reestimate, qc,
                   // evaluate, export
    StageState state = StageState::Pending;
    double beganAt = 0;  // run time, seconds
    double seconds = 0;  // once done
    qint64 done = 0, total = 0;
};

// A curve in the order it was written. `starts` holds the index of the first point of every piece: x never goes
// backwards inside a piece, so a resumed run does not draw a zig-zag. A value that was not finite is NaN.
struct RunSeries {
    struct Point {
        double x = 0, value = 0, t = 0;
    };
    std::vector<Point> points;
    std::vector<size_t> starts;

    void add(double x, double value, double t);
    std::optional<double> last() const;  // newest finite value
    std::optional<Point> best() const;   // highest finite value
};

enum class LayerTable { Error, Sensitivity, Oscillation, Repair, Quantizer, Correction };

struct LayerKey {
    LayerTable table = LayerTable::Error;
    int bits = 0;
    QString stage;  // "" when the row names none
    QString layer;
    int epoch = 0;
    bool operator<(const LayerKey& other) const {
        return std::tie(table, bits, stage, layer, epoch) <
               std::tie(other.table, other.bits, other.stage, other.layer, other.epoch);
    }
};

using LayerMetrics =
    QHash<QString, double>;  // mse, sqnr_db, cosine, abs_error, rel_error, score, share, gamma_min, ...

// One row of layers.json: what the layer is and what the plan does to it.
struct RunLayer {
    QString name, op, observer, weightOrigin, activationOrigin, scaleGroup;
    QStringList aliases;
    QVector<qint64> weightShape, outputShape;  // O, I/groups, kh, kw; N, C, H, W
    qint64 parameters = 0, macs = 0;
    int weightBits = 0, activationBits = 0;  // 0 = not quantized
};

struct RunBox {
    QRectF box;  // pixels of the original image
    double score = 1;
    int classIndex = 0;
    QString name;
};

struct RunImage {
    QString path;     // as written: absolute, or relative to the run folder
    QString preview;  // relative to the run folder, may be empty
    QString stage;    // "ptq", "qat" or ""
    int width = 0, height = 0;
    QVector<RunBox> fp32, quantized, labels;
};

enum class LogSeverity { Info, Warning, Error };

struct RunLogLine {
    double t = 0;    // run time, seconds
    QDateTime time;  // wall clock; invalid when the run line gave none
    LogSeverity severity = LogSeverity::Info;
    QString source, text;
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
    QString overriddenGate;  // what the gate missed that the run was started in spite of; "" if it was not
    std::optional<double> best, final;
    bool collapsed = false;
    double collapseRatio = 0.5;
    QVector<RunExport> exports;
};

// Newest log lines; older ones are dropped and counted, so that an endless run keeps a bounded log.
struct RunLog {
    static constexpr size_t kCapacity = 50000;
    std::deque<RunLogLine> lines;
    qint64 dropped = 0;

    void add(RunLogLine line);
};

struct RunData {
    QString folder;
    RunStatus status = RunStatus::Empty;
    QString trouble;                    // one sentence about an error, "" if none
    RunHolder holder;                   // who works in the folder
    std::map<QString, QString> damage;  // by file of the folder: one sentence about what cannot be read in it
    RunIdentity run;
    std::vector<RunStage> stages;
    std::map<QString, RunSeries> series;
    std::map<LayerKey, LayerMetrics> layerRows;
    QStringList layerNames;    // order of first mention
    QVector<RunLayer> layers;  // layers.json, execution order
    std::vector<RunImage> images;
    RunLog log;
    RunSummary summary;
    double now = 0;           // run time of the newest event, seconds; goes on over a resume
    qint64 lines = 0;         // of events.jsonl, blank ones too
    qint64 events = 0;        // lines understood
    qint64 corruptLines = 0;  // lines that were not JSON objects
    qint64 firstCorruptLine = 0;
    bool ended = false;

    const RunSeries* find(const QString& name) const;
    std::optional<double> value(const QString& name) const;  // newest finite value of a series
    const RunStage* stage(const QString& name) const;
    const RunStage* currentStage() const;
    RunStage& stageNamed(const QString& name);
    // Execution order from layers.json, then the layers only events have named.
    QStringList orderedLayers() const;
    const RunLayer* layer(const QString& name) const;
    // Newest epoch's row; nullptr when there is none.
    const LayerMetrics* latest(LayerTable table, int bits, const QString& stage, const QString& layer) const;
    // Widths (ascending) and stages present in a table.
    QVector<int> bitsOf(LayerTable table) const;
    QStringList stagesOf(LayerTable table) const;
    // Seconds until the running stage is done, from the rate of its newest progress; nothing while unknown.
    std::optional<double> remainingSeconds() const;
    void noteProgress(RunStage& stage, qint64 done, qint64 total);
    // First run line, or the run continued: later `t` count on from here.
    void beginPiece(const QDateTime& time);
    double runTime(double t) const { return m_offset + t; }
    QDateTime wallClock(double t) const;
    void noteLayer(const QString& name);
    void putImage(RunImage image);

private:
    struct ProgressMark {
        double t;
        qint64 done;
    };
    std::deque<ProgressMark> m_marks;  // of the running stage, at most a minute back
    QString m_marksStage;
    double m_offset = 0;
    QDateTime m_pieceStart;
    QHash<QString, int> m_knownLayers, m_imageIndex;
};

// "train" -> "QAT", "evaluate_ptq" -> "Evaluate PTQ"; an unknown stage reads as written.
QString stageTitle(const QString& stage);

}  // namespace qat::ui
