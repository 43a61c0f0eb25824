// The one way in which weights leave: checkpoints of training, a run's final weights and exported ones.
#pragma once

#include <filesystem>

#include "graph/graph.h"

namespace qat {

enum class WeightType { Float32, Float16 };

// A safetensors file of everything the graph stores, with family, variant and classes as metadata, which opens again
// without a configuration. Replaces the file atomically. Throws Error{Io}.
void saveWeights(const std::filesystem::path& file, const Graph& graph, WeightType type = WeightType::Float32);

// The same for a run folder: the text of the graph stands beside the weights, as graphFile(file), and is written first.
// Throws Error{Io}.
void saveWeightsWithGraph(const std::filesystem::path& file, const Graph& graph);

// final.safetensors -> final.graph
std::filesystem::path graphFile(std::filesystem::path weights);

}  // namespace qat
