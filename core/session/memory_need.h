// Batches that cannot fit into memory, known before anything is computed.
#pragma once

#include <cstdint>
#include <string>

#include "graph/graph.h"

namespace qat {

// Bytes that running the graph on a batch of square images takes at the very least: the images, and the largest layer's
// input and output.
int64_t leastMemory(const Graph& graph, int64_t batch, int imgsz);

// Throws Error{BadInput} with batch and size as the user named them ("--batch", "--imgsz") if there is less memory than
// the batch takes at least.
void requireMemory(const Graph& graph, int64_t batch, int imgsz, const std::string& batchKey,
                   const std::string& sizeKey);

}  // namespace qat
