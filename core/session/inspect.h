// What a model consists of and what a config would do to it, without running anything. Needs no torch header.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/config_io.h"
#include "runs/layer_info.h"

namespace qat {

struct ModelDescription {
    // Weights, biases, batch norms' scales and shifts, frozen projections, of both heads where there are two; MACs of
    // convolutions and matrix products at `input`, with one head.
    int64_t parameters = 0, macs = 0;
    std::vector<int64_t> input;  // C, H, W
    std::vector<std::string> classNames;
    std::vector<LayerInfo> layers;       // execution order
    std::vector<PolicyInfo> policies{};  // that hold for any layer, in their table's order
    std::vector<std::string> ignored{};  // entries of the file that the model has no use for
};

// A checkpoint, safetensors file, run folder, or a family name (yolov8n ... yolov8x, random weights), at the size that
// fits imgsz (config/image_size.h).
ModelDescription describeModel(const std::filesystem::path& model, int imgsz);
// The model a config names (its family when there is no checkpoint) with the plan the config resolves to.
ModelDescription describeModel(const Config& config);

struct ModelCheck {
    std::vector<ConfigIssue> issues;      // with the line
    std::string model;                    // path or name of the one to quantize, for messages
    std::vector<std::string> classNames;  // of it; none where they follow the data, or it cannot be opened
};

// What a job would refuse about the checkpoints that a config names, its own and the teacher's: no model, another
// variant, unsound values: one error each. A file that is not there may be where the job will run: a warning. Relative
// paths start at the folder.
ModelCheck checkModels(const Config& config, const std::filesystem::path& folder);

}  // namespace qat
