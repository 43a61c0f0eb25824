// The trained YOLOv8n of the shared assets as a graph, and the pictures its goldens were made from.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

#include "graph/graph.h"

namespace qat::test {

// YOLOv8n with the checkpoint's weights, batch norms not folded.
Graph trainedYolov8n(const std::filesystem::path& assets);

// A stored array as float tensor of its shape.
at::Tensor readNpyTensor(const std::filesystem::path& file);

// The network input [1,3,640,640] of one golden, e.g. "000000000110".
at::Tensor goldenInput(const std::filesystem::path& assets, const std::string& image);

}  // namespace qat::test
