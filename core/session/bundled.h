// Files that travel inside the program.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace qat {

// The YOLOv8n of the synthetic shapes, a safetensors file (resources/demo/yolov8n-shapes.safetensors).
std::span<const std::byte> bundledShapesModel();

// The configuration of the demo (configs/demo.yaml).
std::string_view bundledDemoConfig();

}  // namespace qat
