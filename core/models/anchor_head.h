// YOLOv5's detection head: boxes relative to anchors of given sizes, with an objectness beside the classes.
#pragma once

#include <string>
#include <vector>

#include "models/module_builder.h"

namespace qat {

struct AnchorHeadForm {
    bool convs = true;       // without, the features are the raw maps
    int64_t weightBits = 0;  // that the table states for these convolutions; 0: it says nothing
    bool hardTanh = false;   // raw maps lie in [-1, 1] (passes/hard_tanh_head.h): with convolutions, they are cut there
    std::string place{};     // row 15, Detect
};

// Adds the head `name` over one feature map per level; anchors: widths and heights in input pixels by turns, a list a
// level, all of one length. Sets ModelInfo::anchors and the outputs head.<level> [N, anchors (5 + classes), H, W] and
// decoded, whose scores are objectness x class. Throws Error{BadInput} if there are not as many lists as features,
// or features that are the raw maps have other channels.
void addAnchorHead(Graph& graph, ModuleBuilder& builder, const std::string& name, const std::vector<ValueId>& features,
                   const std::vector<std::vector<double>>& anchors, const AnchorHeadForm& form = {});

}  // namespace qat
