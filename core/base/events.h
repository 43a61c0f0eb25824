// What a job tells the outside while it runs: plain values, no Qt, no tensors.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/detection.h"
#include "base/field.h"

namespace qat {

// Debug: for who looks into events.jsonl; neither the window nor the command line shows it.
enum class LogLevel { Debug, Info, Warning, Error };

// One row about one layer, as events.jsonl holds it too. The names of tables stand in runs/words.h.
struct LayerRow {
    std::string table;
    std::string layer;                      // state-dict name, e.g. model.2.m.0.cv1.conv; "head.0" .. for head outputs
    int bits = 0;                           // weight bits of the row; 0 where it does not apply
    int epoch = 0;                          // 1-based; 0 outside training
    std::string stage;                      // "ptq", "qat" or "qc" where the model matters, else ""
    std::map<std::string, double> metrics;  // mse, sqnr_db, cosine, abs_error, rel_error, share, mean_frequency, score,
                                            // gamma_min, gamma_max, beta_max; NaN where it was not finite
    static constexpr std::string_view type = "layer";
    static constexpr auto fields() {
        return std::tuple{Field{"table", &LayerRow::table}, Field{"layer", &LayerRow::layer},
                          Field{"bits", &LayerRow::bits},   Field{"epoch", &LayerRow::epoch},
                          Field{"stage", &LayerRow::stage}, Field{"metrics", &LayerRow::metrics}};
    }
};

// One validation image seen through both networks; boxes in pixels of the original image.
struct ImageRow {
    std::string image;          // path
    int width = 0, height = 0;  // of the original image
    std::string preview;  // PNG of the letterboxed original, relative to the run folder; "" if the path can be opened
    std::string stage;    // "ptq", "qat" or "qc"
    std::vector<Detection> fp32, quantized;
    std::vector<LabelBox> labels;
};

// Called from the job's thread. Implementations must be quick and must not throw.
class EventSink {
public:
    virtual ~EventSink() = default;
    virtual void stageBegun(std::string_view stage) = 0;
    virtual void stageEnded(std::string_view stage, double seconds) = 0;
    virtual void progress(std::string_view stage, int64_t done, int64_t total) = 0;
    // series as in results.csv where it exists: train/box_loss, metrics/mAP50-95(B); x is the step or epoch.
    virtual void scalar(std::string_view series, double x, double value) = 0;
    virtual void layer(const LayerRow& row) = 0;
    virtual void image(const ImageRow& row) = 0;
    virtual void log(LogLevel level, std::string_view source, std::string_view text) = 0;
};

// Swallows everything; for callers that only want the result.
class NullSink final : public EventSink {
public:
    void stageBegun(std::string_view) override {}
    void stageEnded(std::string_view, double) override {}
    void progress(std::string_view, int64_t, int64_t) override {}
    void scalar(std::string_view, double, double) override {}
    void layer(const LayerRow&) override {}
    void image(const ImageRow&) override {}
    void log(LogLevel, std::string_view, std::string_view) override {}
};

}  // namespace qat
