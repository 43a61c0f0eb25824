// Opening models by what a user writes: a checkpoint, a run folder, a family name, the bundled demo model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/task_words.h"
#include "config/config.h"
#include "graph/graph.h"

namespace qat {

// The name under which the first of the bundled models (session/bundled.h), a detector of the synthetic shapes, is
// opened.
inline constexpr const char* kBundledModel = "builtin:shapes";

struct OpenedModel {
    Graph graph;                       // as stored: batch norms unless the file has them folded
    std::string source;                // path or name, for messages
    std::string sha256;                // of the file; "" for random weights
    std::vector<std::string> ignored;  // entries of the file that the model has no use for
    std::vector<std::string> notes{};  // sentences about the file (session/checkpoint_notes.h)
};

// All that must be said of it: its notes, and one sentence about what of the file is not used.
std::vector<std::string> noticesOf(const OpenedModel& opened);

// What --head and model.head may say: the graph's own choice, or one of its two heads.
inline constexpr std::string_view kAutoHead = "auto";

// Deploys that head (deployHead). asked: --head or model.head. Throws Error{BadInput} naming it and the model where it
// has no such head.
void chooseHead(OpenedModel& opened, std::string_view head, std::string_view asked);

// A .pt, .th, .safetensors file, a run folder (openRun), a bundled model by name, or with random weights a table of
// layers
// (.yaml, .yml; its first scale) or a known member by name, yolov8n (80 classes unless numClasses says otherwise).
// Throws Error naming the file, and the tensor whose values cannot be computed with.
OpenedModel openModel(const std::filesystem::path& model, int64_t numClasses = 0, uint64_t seed = 0);

// The model a config names, in float, with the head that model.head names: its checkpoint, or its family or table with
// random weights; numClasses: of the data, 0 if that is not known. What may be trained and quantized: of a run folder
// its floatForm(). keptTable: the run's own copy of the table, which is read instead of model.architecture where it is
// there. Throws Error{BadInput}: of a checkpoint that is not of the table, naming the tensor.
OpenedModel openModel(const Config& config, int64_t numClasses, const std::filesystem::path& keptTable = {});

// The same for one path: what openModel() opens, of a run folder its floatForm().
OpenedModel openFloatModel(const std::filesystem::path& model);

// What the network that a config names is for. keptTable: as in openModel(). Throws Error{BadInput} for a table that
// cannot be read.
TaskWords taskAsked(const Config& config, const std::filesystem::path& keptTable = {});

}  // namespace qat
