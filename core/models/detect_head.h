// The anchor-free detection head of YOLOv8: box and class branches, distribution focal decoding.
#pragma once

#include <string>
#include <vector>

#include "models/module_builder.h"

namespace qat {

// Adds the head `name` over one feature map per level and sets the outputs head.<level> and decoded. Its nodes have the
// roles of a head, and patterns know them as name.detect.
void addDetectHead(Graph& graph, ModuleBuilder& builder, const std::string& name, const std::vector<ValueId>& features);

}  // namespace qat
