// A whole job on a handful of drawn 64 x 64 pictures, seconds long.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "session/session.h"
#include "support/assets.h"

namespace qat::test {

// Keeps what it is told; onStage is called when a stage begins.
class RecordingSink final : public EventSink {
public:
    std::function<void(std::string_view)> onStage;
    std::function<void(std::string_view, double)> onScalar;  // series and x
    std::vector<std::string> begun, ended, logs;
    std::vector<ImageRow> images;
    std::vector<LayerRow> layers;

    void stageBegun(std::string_view stage) override {
        begun.emplace_back(stage);
        if (onStage) onStage(stage);
    }
    void stageEnded(std::string_view stage, double) override { ended.emplace_back(stage); }
    void progress(std::string_view, int64_t, int64_t) override {}
    void scalar(std::string_view series, double x, double) override {
        if (onScalar) onScalar(series, x);
    }
    void layer(const LayerRow& row) override { layers.push_back(row); }
    void image(const ImageRow& row) override { images.push_back(row); }
    void log(LogLevel, std::string_view, std::string_view text) override { logs.emplace_back(text); }
};

struct SmallJob {
    // Writes the configuration into the folder; the run goes to folder/run. The model is YOLOv8n for shapes with class
    // biases at zero, so that it finds plenty.
    explicit SmallJob(const std::filesystem::path& folder);

    JobRequest request;
    RecordingSink sink;
    CancelToken cancel;

    SmallJob& set(const std::string& key, const std::string& value) {
        request.overrides.emplace_back(key, value);
        return *this;
    }
    // Adds an entry of layer_configs: a pattern and one more line.
    void insertLayerConfig(const std::string& pattern, const std::string& line) const;
    JobOutcome run() { return runPipeline(request, sink, cancel); }
    // The message of the error that the run ends with; "" if it ends well.
    std::string failure(ErrorKind expected);
    const std::filesystem::path& folder() const { return request.out; }
};

// Lines of events.jsonl; a line that is no JSON object fails the test.
std::vector<nlohmann::json> readEvents(const std::filesystem::path& folder);

// Path and bytes of every file below the folder, sorted.
std::vector<std::pair<std::string, std::string>> snapshot(const std::filesystem::path& folder);

}  // namespace qat::test
