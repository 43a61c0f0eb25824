// A detector of a few thousand weights, and training it on drawn shapes: everything the loop does, in well under a
// second.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/events.h"
#include "config/config.h"
#include "graph/graph.h"
#include "quant/quantizer_set.h"
#include "train/trainer.h"

namespace qat::test {

// Three levels over 64 x 64 pictures, six classes, batch norm not folded.
Graph tinyDetector(uint64_t seed = 1, int64_t width = 16);

// The same trunk under two heads of one convolution a level, one.0 .. and many.0 ..; one box an object is deployed.
Graph tinyTwoHeads(int64_t regMax, uint64_t seed = 1);

// The same trunk under a head with two anchors a level.
Graph tinyAnchors(uint64_t seed = 1);

enum class Quantize { None, Ste, Lsq };

// 16 pictures in batches of 4, 3 epochs, no augmentation; 4-bit weights and 8-bit activations where quantized.
Config tinyConfig(Quantize quantize = Quantize::None);

// Quantizers of the configuration, ranges from one batch.
QuantizerSet insertCalibrated(Graph& graph, const Config& config);

// Passes events on to functions.
class HookSink final : public EventSink {
public:
    std::function<void(std::string_view, int64_t)> onProgress;
    std::function<void(std::string_view, double, double)> onScalar;
    std::function<void(LogLevel, std::string_view)> onLog;

    void stageBegun(std::string_view) override {}
    void stageEnded(std::string_view, double) override {}
    void progress(std::string_view stage, int64_t done, int64_t) override {
        if (onProgress) onProgress(stage, done);
    }
    void scalar(std::string_view series, double x, double value) override {
        if (onScalar) onScalar(series, x, value);
    }
    void layer(const LayerRow&) override {}
    void image(const ImageRow&) override {}
    void log(LogLevel level, std::string_view, std::string_view sentence) override {
        if (onLog) onLog(level, sentence);
    }
};

// One training of a fresh tiny detector in a folder; call again with resume to go on.
struct TinyRun {
    TinyRun(Config configuration, std::filesystem::path runFolder)
        : config(std::move(configuration)), folder(std::move(runFolder)) {}

    Config config;
    std::filesystem::path folder;
    HookSink sink;
    CancelToken cancel;
    // mAP50-95 of a validation, counted from 1 over the sitting; 0.1 if empty.
    std::function<double(int)> fitness;
    std::function<Metrics(const Graph&)> measure;  // instead, of the model itself
    std::function<void(const Graph&)> onModel;     // told of every model that is validated
    std::optional<Graph> graph;                    // after train(): the final model
    std::optional<Graph> teacher;
    std::optional<double> startScore;  // of the model that training starts from
    std::function<Graph()> network = [] { return tinyDetector(); };
    LabelKind labels = LabelKind::Boxes;
    std::unique_ptr<Loss> loss;  // of the network's head if there is none

    TrainOutcome train(bool resume = false);
};

// The bytes of every stored value, by name.
std::vector<std::pair<std::string, std::string>> storedBytes(const Graph& graph);

}  // namespace qat::test
