// How a configuration names its network: a family and its member, a member by its whole name, or a table of layers.
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

// Whether the network is a member of a known family that makes classes of pictures.
bool classifies(const ModelConfig& model);

// The side of the pictures that the network is made for, pixels.
int usualSideOf(const ModelConfig& model);

// What follows from the name of the network and nobody stated. A member's whole name (resnet20) is its family and its
// variant; one with quant_ before it asks for the quantizers of the family's reference, beside batch norms that stay
// (quantization.default_qconfig, qat_params.fuse_modules). Without a variant it is the family's default, of a table its
// own scale.
void settleModel(Config& config);

// quantization.default_qconfig that asks for the quantizers of the family's reference (models/reference_quantizers.h).
inline constexpr std::string_view kReferenceQconfig = "reference";

}  // namespace qat
