// The anchor-free detection head: box and class branches, distribution focal decoding; twice of end-to-end detectors.
#pragma once

#include <string>
#include <vector>

#include "models/module_builder.h"
#include "models/task_head.h"

namespace qat {

struct HeadForm {
    bool plainClasses = true;  // class branches of 3 x 3 convolutions (before YOLO11), else depthwise and pointwise
    bool endToEnd = false;     // a second, one-to-one head on detached features, which is the deployed one
    TaskForm task{};           // what it makes beside boxes and scores
};

// Adds the head `name` over one feature map per level and sets the outputs head.<level> and decoded, and those of the
// other head, and what its task adds. Its nodes have the roles of a head, and patterns know them as name.detect.
void addDetectHead(Graph& graph, ModuleBuilder& builder, const std::string& name, const std::vector<ValueId>& features,
                   const HeadForm& form = {});

// Boxes [N, 4, A] as centre x, y, width, height in input pixels of distances to the sides in grid units, for raw maps
// of these shapes.
ValueId decodeDistances(Graph& graph, const std::string& name, ValueId distances, const std::vector<ValueId>& maps);

// All nodes from the `first` on are the head's, unless they are something more special, and patterns know them as
// name.detect.
void markHead(Graph& graph, const std::string& name, size_t first);

}  // namespace qat
