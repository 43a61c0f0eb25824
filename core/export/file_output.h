// What a file for other programs gives, where it is not the decoded output: operations behind the head, as part of the
// graph that the file is written from.
#pragma once

#include <cstdint>
#include <string>

#include "config/job_config.h"
#include "graph/graph.h"

namespace qat {

// What the graph calls that output.
inline constexpr const char* kFileOutput = "file";

// Rows of a finished list of detections; fewer where a small picture has fewer anchors.
inline constexpr int64_t kEndToEndRows = 300;

// Why the model has no such output, a sentence; "" if it has.
std::string fileOutputTrouble(const Graph& graph, ExportOutput output);

// Adds the output kFileOutput; for Decoded the graph stays as it is. Raw: [N, 4 regMax + classes, A], the maps
// of the deployed head, levels in order, places row by row. EndToEnd: [N, 300, 6], rows x1, y1, x2, y2 in pixels,
// score, class, as topScores() finds them. The shapes of the graph must be known (probeShapes). Throws
// Error{Unsupported} with what fileOutputTrouble() says.
void addFileOutput(Graph& graph, ExportOutput output);

}  // namespace qat
