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
    std::string architecture{}, variant{},
        head{};                          // as ModelInfo has them: the values of model.*, and the deployed head
    std::vector<LayerInfo> layers{};     // execution order
    std::vector<PolicyInfo> policies{};  // that hold for any layer, in their table's order
    std::vector<std::string> notes{};    // sentences about the model's file
    bool anchors = false;                // its loss is that of anchors
};

// A checkpoint, safetensors file, run folder, or with random weights a family's member by name (yolov8n, yolo11s) or a
// table of layers (.yaml), at the size that fits imgsz (config/image_size.h), or 0: the usual one (usualImageSize()).
ModelDescription describeModel(const std::filesystem::path& model, int imgsz);
// The model a config names (its family or table when there is no checkpoint) with the plan the config resolves to.
// Paths are taken as they are (resolveConfigPaths).
ModelDescription describeModel(const Config& config);

struct ModelCheck {
    std::vector<ConfigIssue> issues;      // with the line
    std::string model;                    // path or name of the one to quantize, for messages
    std::vector<std::string> classNames;  // of it; none where they follow the data, or it cannot be opened
    bool built = true;                    // whether the network's table, if it has one, can be built and described
};

// What a job would refuse about the table of layers and the checkpoints that a config names, its own and the teacher's:
// no model, another variant, unsound values, an image size that is none for the network: one error each. A checkpoint
// that is not there may be where the job will run: a warning, and so is what must be said of the own one. Relative
// paths start at the folder.
ModelCheck checkModels(const Config& config, const std::filesystem::path& folder);

}  // namespace qat
