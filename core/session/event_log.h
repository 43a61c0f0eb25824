// events.jsonl: what a run tells, appended line by line, its scalars once more for TensorBoard, and handed on to a
// second listener.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/events.h"
#include "base/files.h"
#include "report/tensorboard_file.h"
#include "runs/event.h"
#include "session/export_run.h"

namespace qat {

class EventLog final : public EventSink {
public:
    // Appends to folder/events.jsonl, after cutting off a half-written last line, and begins a file in
    // folder/tensorboard. Throws as openToAppend (base/files.h).
    EventLog(const std::filesystem::path& folder, EventSink& next);

    // The header's time is set here.
    void begin(RunHeader header);
    // By what the run is judged, once its task is known.
    void judgedBy(const MetricList& metrics) { write(metrics); }
    // Names for the classes of image rows, once the model is known.
    void setClassNames(std::vector<std::string> names) { m_classNames = std::move(names); }
    // A written file and what a runtime made of it; not for other listeners, who are told the sentences.
    void exported(const ExportedFile& file);
    void end(const std::string& status, const std::string& error);
    // A sink must not throw; a full disk shows here. Throws Error{Io}.
    void check() const;

    void stageBegun(std::string_view stage) override;
    void stageEnded(std::string_view stage, double seconds) override;
    void progress(std::string_view stage, int64_t done, int64_t total) override;
    void scalar(std::string_view series, double x, double value) override;
    void layer(const LayerRow& row) override;
    void image(const ImageRow& row) override;
    void log(LogLevel level, std::string_view source, std::string_view text) override;

private:
    void write(const RunEvent& event);
    double seconds() const;

    std::filesystem::path m_path;
    FileToAppend m_file;
    EventSink& m_next;
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
    std::map<std::string, double, std::less<>> m_lastProgress;  // seconds, by stage
    std::vector<std::string> m_classNames;
    TensorboardFile m_tensorboard;
    int m_error = 0;  // errno of the first failed write
};

}  // namespace qat
