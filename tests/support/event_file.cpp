// Each line is flushed, so that a reader that watches sees it.
#include "support/event_file.h"

#include "runs/event_line.h"
#include "runs/folder.h"

namespace qat::test {

EventFile::EventFile(const std::filesystem::path& folder) : m_file(RunFolder{folder}.events(), std::ios::app) {}

void EventFile::add(const RunEvent& event) {
    raw(eventLine(t, event) + "\n");
}

void EventFile::begin(std::string_view stage) {
    add(StageEvent{std::string(stage), std::string(StageEvent::kBegin), {}});
}

void EventFile::end(std::string_view stage, double seconds) {
    add(StageEvent{std::string(stage), std::string(StageEvent::kEnd), seconds});
}

void EventFile::progress(std::string_view stage, int64_t done, int64_t total) {
    add(ProgressEvent{std::string(stage), done, total});
}

void EventFile::scalar(std::string_view series, double x, double value) {
    add(ScalarEvent{std::string(series), x, value});
}

void EventFile::log(LogLevel level, const std::string& source, const std::string& text) {
    add(LogEvent{level, source, text});
}

void EventFile::raw(const std::string& bytes) {
    m_file << bytes << std::flush;
}

}  // namespace qat::test
