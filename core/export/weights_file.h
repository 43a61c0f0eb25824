// The one way in which weights leave: checkpoints of training, a run's final weights and exported ones.
#pragma once

#include <filesystem>

#include "graph/graph.h"

namespace qat {

enum class WeightType { Float32, Float16 };

// A safetensors file of everything the graph stores, with family, variant and classes as metadata, which opens again
// without a configuration. Replaces the file atomically. Throws Error{Io}.
void saveWeights(const std::filesystem::path& file, const Graph& graph, WeightType type = WeightType::Float32);

}  // namespace qat
