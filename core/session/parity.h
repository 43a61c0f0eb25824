// Does an exported file compute what the simulation computes? Asked of an outside runtime, if one is installed.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "graph/graph.h"

namespace qat {

struct ParityReport {
    bool ran = false;       // a runtime was there
    bool agrees = false;    // at least 99 % of boxes matched at IoU 0.95, scores within 0.02
    std::string sentence;   // what was compared and found, or what is missing
};

// Runs both on the images (batch 1) and compares their detections above 0.25. graph: the one the file was written from.
ParityReport checkParity(const std::filesystem::path& onnx, const Graph& graph, const std::function<at::Tensor()>& next, const CancelToken& cancel);

}  // namespace qat
