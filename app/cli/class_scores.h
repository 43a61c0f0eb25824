// What a classifier says of a picture, for commands.
#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/detection.h"
#include "graph/graph.h"

namespace qat::cli {

// The five most probable classes, or all of fewer, from the most probable down. logits: [classes].
std::vector<Detection> likelyClasses(const at::Tensor& logits);

// [{"class": 3, "name": "cat", "score": 0.9}, ...]
nlohmann::ordered_json classesJson(const Graph& graph, const std::vector<Detection>& classes);

// A line a class, below one with the picture's path.
void printClasses(const Graph& graph, const std::string& path, const std::vector<Detection>& classes);

}  // namespace qat::cli
