// Everything that the events of a run have told so far, taken in line by line: what reports and the window read.
#pragma once

#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "runs/event.h"
#include "runs/run_log.h"
#include "runs/run_series.h"
#include "runs/words.h"

namespace qat {

// What a line touched, as bits.
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
    kRunExports = 1024,
    kRunDamage = 2048,  // the line was no JSON object
    kRunEverything = 4095
};

enum class StageState { Pending, Running, Done };

struct RunStage {
    std::string name;  // one of stages (runs/words.h)
    StageState state = StageState::Pending;
    double beganAt = 0;     // run time, seconds
    double seconds = 0;     // of the last time it ended
    double allSeconds = 0;  // of all sittings
    int64_t done = 0, total = 0;
};

// Which row: of a table, about a layer (or value), at a width, of a model and an epoch.
struct LayerKey {
    std::string table;
    int bits = 0;
    std::string stage;  // "" when the row names none
    std::string layer;
    int epoch = 0;
    bool operator<(const LayerKey& other) const {
        return std::tie(table, bits, stage, layer, epoch) <
               std::tie(other.table, other.bits, other.stage, other.layer, other.epoch);
    }
};

struct LayerMetrics {
    std::map<std::string, double, std::less<>> values;  // NaN where it was not finite
    int64_t line = 0;                                   // of events.jsonl, the newest that told the row

    bool contains(std::string_view metric) const { return values.contains(metric); }
    // NaN where there is none.
    double value(std::string_view metric) const {
        const auto found = values.find(metric);
        return found == values.end() ? std::nan("") : found->second;
    }
};

// From one run line to the next.
struct Sitting {
    std::string time;   // when it began, as written
    double offset = 0;  // run time then
};

struct RunRecord {
    RunHeader run;                                 // what the newest run line said, and what it left out as told before
    MetricList metrics = listOfEarlierVersions();  // what it is judged by; always a sound list
    std::string started;                           // time of the first run line
    std::vector<Sitting> sittings;
    int resumes = 0;
    std::vector<RunStage> stages;
    std::map<std::string, RunSeries, std::less<>> series;
    std::map<LayerKey, LayerMetrics> layerRows;
    std::vector<std::string> layerNames;  // in the order of first mention
    std::vector<ImageEvent> images;       // one an image and stage, boxes of finite corners
    std::vector<ExportEvent> exports;     // one a file
    bool keepsImages = true;              // false: images are passed over
    RunLog log;
    std::optional<EndEvent> end;  // nothing while the newest sitting goes on, or before any
    double now = 0;               // run time of the newest event, seconds; goes on over a resume
    int64_t lines = 0;            // of events.jsonl, blank ones too
    int64_t events = 0;           // lines understood
    int64_t corruptLines = 0;     // lines that were not JSON objects
    int64_t firstCorruptLine = 0;

    // Takes in the next line of events.jsonl, without its end, and returns the RunChange bits it touched. A type we do
    // not know is passed over. Never throws for what the line holds.
    unsigned apply(std::string_view line);

    bool ended() const { return end.has_value(); }
    double seconds() const;  // of all stages
    const RunSeries* find(std::string_view name) const;
    std::optional<double> value(std::string_view name) const;  // newest finite value of a series
    // The primary metric by epoch; nullptr before there is any.
    const RunSeries* scores() const { return find(series::ofEpochs(metrics.primary().key)); }
    // The primary metric of a model (series::kFp32 ...), if it was measured.
    std::optional<double> score(std::string_view model) const {
        return value(series::accuracy(model, metrics.primary().label));
    }
    // X of every series train/X_loss, alphabetically.
    std::vector<std::string> lossTerms() const;
    const RunStage* stage(std::string_view name) const;
    const RunStage* currentStage() const;
    RunStage& stageNamed(std::string_view name);  // added if it is new
    // Newest epoch's row; nullptr when there is none.
    const LayerMetrics* latest(std::string_view table, int bits, std::string_view stage, std::string_view layer) const;
    // Widths present in a table, ascending.
    std::vector<int> bitsOf(std::string_view table) const;
    // Seconds until the running stage is done, from the rate of its newest progress; nothing while unknown.
    std::optional<double> remainingSeconds() const;

private:
    unsigned take(const RunHeader& event, double t);
    unsigned take(MetricList event, double t);
    unsigned take(const StageEvent& event, double t);
    unsigned take(const ProgressEvent& event, double t);
    unsigned take(const ScalarEvent& event, double t);
    unsigned take(const LayerRow& event, double t);
    unsigned take(ImageEvent event, double t);
    unsigned take(const LogEvent& event, double t);
    unsigned take(const ExportEvent& event, double t);
    unsigned take(const EndEvent& event, double t);
    void keepStoppedOpen();

    struct ProgressMark {
        double t;
        int64_t done;
    };
    std::deque<ProgressMark> m_marks;  // of the running stage, at most a minute back
    std::string m_marksStage;
    std::unordered_map<std::string, size_t> m_knownLayers, m_imageIndex;
};

}  // namespace qat
