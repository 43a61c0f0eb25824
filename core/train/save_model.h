// Writing a model's weights so that they can be opened again without its configuration.
#pragma once

#include <filesystem>

#include "graph/graph.h"

namespace qat {

// A safetensors file of everything the graph stores, with family, variant and classes as metadata. half: float16
// elements. Throws Error{Io}.
void saveModel(const std::filesystem::path& file, const Graph& graph, bool half = false);

// The same for a run folder: the text of the graph stands beside the weights, as graphFile(file), and is written first.
// Throws Error{Io}.
void saveModelWithGraph(const std::filesystem::path& file, const Graph& graph);

// final.safetensors -> final.graph
std::filesystem::path graphFile(std::filesystem::path weights);

}  // namespace qat
