// How the decoded output of a detector becomes detections: as its family does it, in one place for measuring, previews,
// predictions and comparisons.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "eval/nms.h"
#include "graph/graph.h"

namespace qat {

enum class PostProcessing {
    Suppression,  // nonMaxSuppression()
    TopScores     // topScores(), of heads that make one box an object
};

PostProcessing postProcessingOf(const ModelInfo& model);

// NmsOptions::predict() and validate(); an anchor-based network's boxes overlap by at most 0.45 and 0.6.
NmsOptions predictOptions(const ModelInfo& model);
NmsOptions validateOptions(const ModelInfo& model);

// decoded: [4 + classes, anchors], as for nonMaxSuppression(), which says what is returned and thrown.
std::vector<Detection> detectionsIn(std::span<const float> decoded, const ModelInfo& model, int64_t anchors,
                                    const NmsOptions& options);

// non-maximum suppression at IoU 0.7; the 300 best scores, without non-maximum suppression
std::string postProcessingText(const ModelInfo& model, const NmsOptions& options);

}  // namespace qat
