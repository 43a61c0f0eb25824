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
    int64_t parameters = 0, macs = 0;  // batch norm unfolded; convolution MACs at `input`
    std::vector<int64_t> input;        // C, H, W
    std::vector<std::string> classNames;
    std::vector<LayerInfo> layers;  // execution order
};

// A checkpoint, safetensors file, run folder, or a family name (yolov8n ... yolov8x, random weights), at the size that
// fits imgsz (config/image_size.h).
ModelDescription describeModel(const std::filesystem::path& model, int imgsz);
// The model a config names (its family when there is no checkpoint) with the plan the config resolves to.
ModelDescription describeModel(const Config& config);

// What a job would refuse about the checkpoints that a config names, its own and the teacher's: no model, another
// variant, unsound values: one error each, with the line. A file that is not there may be where the job will run: a
// warning. Relative paths start at the folder.
std::vector<ConfigIssue> modelIssues(const Config& config, const std::filesystem::path& folder);

}  // namespace qat
