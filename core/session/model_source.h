// Opening models by what a user writes: a checkpoint, a run folder, a family name, the bundled demo model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/config.h"
#include "graph/graph.h"

namespace qat {

// The name under which the bundled detector of the synthetic shapes is opened.
inline constexpr const char* kBundledModel = "builtin:shapes";

struct OpenedModel {
    Graph graph;                       // as stored: batch norms unless the file has them folded
    std::string source;                // path or name, for messages
    std::string sha256;                // of the file; "" for random weights
    std::vector<std::string> ignored;  // entries of the file that the model has no use for
};

// A .pt, .th, .safetensors file, a run folder (openRun), kBundledModel, or yolov8n .. yolov8x (random weights,
// 80 classes unless numClasses says otherwise). Throws Error naming the file, and the tensor whose values cannot be
// computed with.
OpenedModel openModel(const std::filesystem::path& model, int64_t numClasses = 0, uint64_t seed = 0);

// The model a config names, in float: its checkpoint, or its family with random weights. What may be trained and
// quantized: of a run folder its floatForm().
OpenedModel openModel(const Config& config, int64_t numClasses);

// The same for one path: what openModel() opens, of a run folder its floatForm().
OpenedModel openFloatModel(const std::filesystem::path& model);

// The network of a run in float: its trained weights without quantizers. Corrections (QC) belong to the weights: those
// kept as operations are merged into their convolutions, exactly. Batch norms stay as the run has them, folded or not.
Graph floatForm(const Graph& graph);

// The quantized model of a run: the configured family, its quantizers, and its final weights, else its best, else its
// last.
struct RunModel {
    Config config;
    Graph graph;
    std::string sha256;  // of the file of the weights
};
bool isRunFolder(const std::filesystem::path& path);
RunModel openRun(const std::filesystem::path& folder);

}  // namespace qat
