// Event lines.
#include "session/event_log.h"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "session/clock.h"

namespace qat {

using nlohmann::ordered_json;

struct EventLog::Line {
    ordered_json json;
};

namespace {

constexpr double kProgressInterval = 0.2;  // seconds between progress lines of one stage

ordered_json number(double value) {
    return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

ordered_json boxJson(const Box& box) {
    return {box[0], box[1], box[2], box[3]};
}

std::string nameOf(const std::vector<std::string>& names, int32_t index) {
    return index >= 0 && static_cast<size_t>(index) < names.size() ? names[static_cast<size_t>(index)]
                                                                   : std::to_string(index);
}

ordered_json detectionsJson(const std::vector<Detection>& detections, const std::vector<std::string>& names) {
    ordered_json list = ordered_json::array();
    for (const Detection& d : detections)
        list.push_back({{"class", d.classIndex},
                        {"name", nameOf(names, d.classIndex)},
                        {"score", number(d.score)},
                        {"box", boxJson(d.box)}});
    return list;
}

// A run that was killed may have left half a line: readers skip it, but it must not swallow the next one.
void cutHalfLine(const std::filesystem::path& path) {
    const std::string text = readFile(path);
    if (text.empty() || text.back() == '\n') return;
    const size_t end = text.rfind('\n');
    std::filesystem::resize_file(path, end == std::string::npos ? 0 : end + 1);
}

}  // namespace

EventLog::EventLog(const std::filesystem::path& folder, EventSink& next)
    : m_path(folder / "events.jsonl"),
      m_file(openToAppend(m_path)),
      m_next(next),
      m_tensorboard(folder / "tensorboard") {
    cutHalfLine(m_path);
}

double EventLog::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count();
}

void EventLog::write(const Line& line) {
    const std::string text = jsonText(line.json) + "\n";
    const bool written =
        std::fwrite(text.data(), 1, text.size(), m_file.get()) == text.size() && std::fflush(m_file.get()) == 0;
    if (!written && m_error == 0) m_error = errno ? errno : EIO;
}

void EventLog::check() const {
    require(m_error == 0, ErrorKind::Io, "cannot write ", m_path.string(), ": ", std::strerror(m_error));
}

void EventLog::begin(const RunHeader& h) {
    write({{{"t", seconds()},
            {"type", "run"},
            {"run_id", h.runId},
            {"time", isoTime()},
            {"model", h.model},
            {"quantization", h.quantization},
            {"data", h.data},
            {"epochs", h.epochs},
            {"stages", h.stages},
            {"averaged", h.averaged},
            {"resumed", h.resumed}}});
}

void EventLog::exported(const ExportedFile& file) {
    write({{{"t", seconds()},
            {"type", "export"},
            {"format", file.format},
            {"file", file.path.generic_string()},
            {"bytes", file.bytes},
            {"result", checkResultName(file.check.result)},
            {"runtime", file.check.runtime},
            {"version", file.check.version},
            {"sentence", file.check.sentence},
            {"notes", file.notes}}});
}

void EventLog::end(const std::string& status, const std::string& error) {
    write({{{"t", seconds()},
            {"type", "end"},
            {"status", status},
            {"error", error.empty() ? ordered_json(nullptr) : ordered_json(error)}}});
}

void EventLog::stageBegun(std::string_view stage) {
    write({{{"t", seconds()}, {"type", "stage"}, {"stage", stage}, {"state", "begin"}}});
    m_next.stageBegun(stage);
}

void EventLog::stageEnded(std::string_view stage, double duration) {
    write({{{"t", seconds()}, {"type", "stage"}, {"stage", stage}, {"state", "end"}, {"seconds", duration}}});
    m_next.stageEnded(stage, duration);
}

void EventLog::progress(std::string_view stage, int64_t done, int64_t total) {
    m_next.progress(stage, done, total);
    const double now = seconds();
    const auto last = m_lastProgress.find(stage);
    if (last != m_lastProgress.end() && now - last->second < kProgressInterval && done < total) return;
    m_lastProgress.insert_or_assign(std::string(stage), now);
    write({{{"t", now}, {"type", "progress"}, {"stage", stage}, {"done", done}, {"total", total}}});
}

void EventLog::scalar(std::string_view series, double x, double value) {
    write({{{"t", seconds()}, {"type", "scalar"}, {"series", series}, {"x", number(x)}, {"value", number(value)}}});
    if (std::isfinite(x) && !m_tensorboard.scalar(series, std::llround(x), value) && m_error == 0)
        m_error = errno ? errno : EIO;
    m_next.scalar(series, x, value);
}

void EventLog::layer(const LayerRow& row) {
    ordered_json metrics = ordered_json::object();
    for (const auto& [name, value] : row.metrics) metrics[name] = number(value);
    write({{{"t", seconds()},
            {"type", "layer"},
            {"table", row.table},
            {"layer", row.layer},
            {"bits", row.bits},
            {"epoch", row.epoch},
            {"stage", row.stage},
            {"metrics", metrics}}});
    m_next.layer(row);
}

void EventLog::image(const ImageRow& row) {
    ordered_json labels = ordered_json::array();
    for (const LabelBox& label : row.labels)
        labels.push_back({{"class", label.classIndex},
                          {"name", nameOf(m_classNames, label.classIndex)},
                          {"box", boxJson(label.box)}});
    write({{{"t", seconds()},
            {"type", "image"},
            {"image", row.image},
            {"width", row.width},
            {"height", row.height},
            {"preview", row.preview},
            {"stage", row.stage},
            {"fp32", detectionsJson(row.fp32, m_classNames)},
            {"quantized", detectionsJson(row.quantized, m_classNames)},
            {"labels", labels}}});
    m_next.image(row);
}

void EventLog::log(LogLevel level, std::string_view source, std::string_view text) {
    static constexpr std::array kNames{"debug", "info", "warning", "error"};  // by LogLevel
    const char* name = kNames[static_cast<size_t>(level)];
    write({{{"t", seconds()}, {"type", "log"}, {"level", name}, {"source", source}, {"text", text}}});
    m_next.log(level, source, text);
}

}  // namespace qat
