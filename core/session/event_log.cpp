// Event lines.
#include "session/event_log.h"

#include <cerrno>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "runs/event_line.h"
#include "runs/folder.h"
#include "session/clock.h"

namespace qat {

namespace {

constexpr double kProgressInterval = 0.2;  // seconds between progress lines of one stage

std::vector<FoundBox> named(const std::vector<Detection>& detections, const std::vector<std::string>& names) {
    std::vector<FoundBox> boxes;
    for (const Detection& d : detections)
        boxes.push_back({d.classIndex, classNameIn(names, d.classIndex), d.score, d.box});
    return boxes;
}

std::vector<LabelledBox> named(const std::vector<LabelBox>& labels, const std::vector<std::string>& names) {
    std::vector<LabelledBox> boxes;
    for (const LabelBox& l : labels) boxes.push_back({l.classIndex, classNameIn(names, l.classIndex), l.box});
    return boxes;
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
    : m_path(RunFolder{folder}.events()),
      m_file(openToAppend(m_path)),
      m_next(next),
      m_tensorboard(RunFolder{folder}.tensorboard()) {
    cutHalfLine(m_path);
}

double EventLog::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count();
}

void EventLog::write(const RunEvent& event) {
    const std::string text = eventLine(seconds(), event) + "\n";
    const bool written =
        std::fwrite(text.data(), 1, text.size(), m_file.get()) == text.size() && std::fflush(m_file.get()) == 0;
    if (!written && m_error == 0) m_error = errno ? errno : EIO;
}

void EventLog::check() const {
    require(m_error == 0, ErrorKind::Io, "cannot write ", m_path.string(), ": ", std::strerror(m_error));
}

void EventLog::begin(RunHeader header) {
    header.time = isoTime();
    write(header);
}

void EventLog::exported(const ExportedFile& file) {
    write(ExportEvent{file.format, file.path.generic_string(), file.bytes,
                      std::string(checkResultName(file.check.result)), file.check.runtime, file.check.version,
                      file.check.sentence, file.notes});
}

void EventLog::end(const std::string& status, const std::string& error) {
    write(EndEvent{status, {error}});
}

void EventLog::stageBegun(std::string_view stage) {
    write(StageEvent{std::string(stage), std::string(StageEvent::kBegin), {}});
    m_next.stageBegun(stage);
}

void EventLog::stageEnded(std::string_view stage, double duration) {
    write(StageEvent{std::string(stage), std::string(StageEvent::kEnd), duration});
    m_next.stageEnded(stage, duration);
}

void EventLog::progress(std::string_view stage, int64_t done, int64_t total) {
    m_next.progress(stage, done, total);
    const double now = seconds();
    const auto last = m_lastProgress.find(stage);
    if (last != m_lastProgress.end() && now - last->second < kProgressInterval && done < total) return;
    m_lastProgress.insert_or_assign(std::string(stage), now);
    write(ProgressEvent{std::string(stage), done, total});
}

void EventLog::scalar(std::string_view series, double x, double value) {
    write(ScalarEvent{std::string(series), x, value});
    if (std::isfinite(x) && !m_tensorboard.scalar(series, std::llround(x), value) && m_error == 0)
        m_error = errno ? errno : EIO;
    m_next.scalar(series, x, value);
}

void EventLog::layer(const LayerRow& row) {
    write(row);
    m_next.layer(row);
}

void EventLog::image(const ImageRow& row) {
    write(ImageEvent{row.image, row.width, row.height, row.preview, row.stage, named(row.fp32, m_classNames),
                     named(row.quantized, m_classNames), named(row.labels, m_classNames)});
    m_next.image(row);
}

void EventLog::log(LogLevel level, std::string_view source, std::string_view text) {
    write(LogEvent{level, std::string(source), std::string(text)});
    m_next.log(level, source, text);
}

}  // namespace qat
