// The events that a run tells, one struct each; their fields() are the one description of a line of events.jsonl.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include "base/detection.h"
#include "base/events.h"
#include "base/field.h"
#include "runs/metric_list.h"

namespace qat {

// A text that a file holds as null where it is empty.
struct TextOrNull {
    std::string text;
};

// First line of a sitting.
struct RunHeader {
    std::string runId, model, quantization, data;
    int epochs = 0;
    std::vector<std::string> stages;
    bool resumed = false;
    bool averaged = false;       // what training validates is the average of the weights
    std::string time = {};       // when it began, 2026-11-21T10:00:00+00:00
    std::string device = "cpu";  // that computes: cpu, cuda:0
    static constexpr std::string_view type = "run";
    static constexpr auto fields() {
        return std::tuple{Field{"run_id", &RunHeader::runId},    Field{"time", &RunHeader::time},
                          Field{"model", &RunHeader::model},     Field{"quantization", &RunHeader::quantization},
                          Field{"data", &RunHeader::data},       Field{"epochs", &RunHeader::epochs},
                          Field{"stages", &RunHeader::stages},   Field{"averaged", &RunHeader::averaged},
                          Field{"resumed", &RunHeader::resumed}, Field{"device", &RunHeader::device}};
    }
};

struct StageEvent {
    std::string stage;
    std::string state;              // kBegin or kEnd
    std::optional<double> seconds;  // of an end: how long it took; a begin has none
    static constexpr std::string_view kBegin = "begin", kEnd = "end";
    static constexpr std::string_view type = "stage";
    static constexpr auto fields() {
        return std::tuple{Field{"stage", &StageEvent::stage}, Field{"state", &StageEvent::state},
                          Field{"seconds", &StageEvent::seconds}};
    }
};

struct ProgressEvent {
    std::string stage;
    int64_t done = 0, total = 0;
    static constexpr std::string_view type = "progress";
    static constexpr auto fields() {
        return std::tuple{Field{"stage", &ProgressEvent::stage}, Field{"done", &ProgressEvent::done},
                          Field{"total", &ProgressEvent::total}};
    }
};

struct ScalarEvent {
    std::string series;
    double x = std::numeric_limits<double>::quiet_NaN();  // step or epoch
    double value = std::numeric_limits<double>::quiet_NaN();
    static constexpr std::string_view type = "scalar";
    static constexpr auto fields() {
        return std::tuple{Field{"series", &ScalarEvent::series}, Field{"x", &ScalarEvent::x},
                          Field{"value", &ScalarEvent::value}};
    }
};

// In place of a box that could not be read.
inline constexpr Box kNoBox = [] {
    Box box{};
    box.fill(std::numeric_limits<float>::quiet_NaN());
    return box;
}();

// Boxes in pixels of the original image.
struct FoundBox {
    int classIndex = 0;
    std::string name;  // of the class
    double score = 1;  // 0..1
    Box box = kNoBox;
    static constexpr auto fields() {
        return std::tuple{Field{"class", &FoundBox::classIndex}, Field{"name", &FoundBox::name},
                          Field{"score", &FoundBox::score}, Field{"box", &FoundBox::box}};
    }
};

struct LabelledBox {
    int classIndex = 0;
    std::string name;
    Box box = kNoBox;
    static constexpr auto fields() {
        return std::tuple{Field{"class", &LabelledBox::classIndex}, Field{"name", &LabelledBox::name},
                          Field{"box", &LabelledBox::box}};
    }
};

// An ImageRow with the names of its classes.
struct ImageEvent {
    std::string image;  // path: absolute, or relative to the run folder
    int width = 0, height = 0;
    std::string preview = {};  // relative to the run folder, may be empty
    std::string stage = {};    // ptq, qat or qc
    std::vector<FoundBox> fp32 = {}, quantized = {};
    std::vector<LabelledBox> labels = {};
    static constexpr std::string_view type = "image";
    static constexpr auto fields() {
        return std::tuple{Field{"image", &ImageEvent::image},         Field{"width", &ImageEvent::width},
                          Field{"height", &ImageEvent::height},       Field{"preview", &ImageEvent::preview},
                          Field{"stage", &ImageEvent::stage},         Field{"fp32", &ImageEvent::fp32},
                          Field{"quantized", &ImageEvent::quantized}, Field{"labels", &ImageEvent::labels}};
    }
};

struct LogEvent {
    LogLevel level = LogLevel::Info;
    std::string source, text;
    static constexpr std::string_view type = "log";
    static constexpr auto fields() {
        return std::tuple{Field{"level", &LogEvent::level}, Field{"source", &LogEvent::source},
                          Field{"text", &LogEvent::text}};
    }
};

// A written file and what a runtime made of it.
struct ExportEvent {
    std::string format, file;  // file: relative to the run folder
    int64_t bytes = 0;
    std::string result = {};                 // not_checked, passed or failed
    std::string runtime = {}, version = {};  // "" where none answered
    std::string sentence = {};
    std::vector<std::string> notes = {};  // what the format cannot express exactly
    static constexpr std::string_view type = "export";
    static constexpr auto fields() {
        return std::tuple{Field{"format", &ExportEvent::format},     Field{"file", &ExportEvent::file},
                          Field{"bytes", &ExportEvent::bytes},       Field{"result", &ExportEvent::result},
                          Field{"runtime", &ExportEvent::runtime},   Field{"version", &ExportEvent::version},
                          Field{"sentence", &ExportEvent::sentence}, Field{"notes", &ExportEvent::notes}};
    }
};

// Last line of a sitting.
struct EndEvent {
    std::string status;  // one of run_status (runs/words.h)
    TextOrNull error;
    static constexpr std::string_view type = "end";
    static constexpr auto fields() {
        return std::tuple{Field{"status", &EndEvent::status}, Field{"error", &EndEvent::error}};
    }
};

// monostate: of a type that this version does not know.
using RunEvent = std::variant<std::monostate, RunHeader, MetricList, StageEvent, ProgressEvent, ScalarEvent, LayerRow,
                              ImageEvent, LogEvent, ExportEvent, EndEvent>;

struct TimedEvent {
    double t = 0;  // seconds since the sitting began
    RunEvent event;
};

}  // namespace qat
