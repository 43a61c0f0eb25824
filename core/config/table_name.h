// Networks that are given as a table of layers: how a configuration names them.
#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace qat {

// tables/yolov8-p2.yaml: whether a model's name is the path of a table of layers (models/layout.h).
bool namesTable(std::string_view name);

// yolov8-p2: what a table is called after its file, in letters, digits, - and _; at most 64 of them.
std::string tableWord(std::string_view file);

// What a model is called in titles, summaries and names of folders: yolov8n, or of a table its word and scale,
// yolov8-p2-s. `variant` instead of the configuration's own.
std::string modelName(const ModelConfig& model);
std::string modelName(const ModelConfig& model, std::string_view variant);

// A variant that nobody stated is the family's default, but of a table its own scale.
void settleVariant(Config& config);

}  // namespace qat
