// Batches, gradients and statistics of the reference's training steps.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "graph/graph.h"

namespace qat::test {

// The pictures of a golden batch as its network got them, [N, 3, 640, 640] in 0..1; expects the reference's bytes.
at::Tensor batchOf(const std::filesystem::path& assets, const nlohmann::json& batch);
at::Tensor targetsOf(const nlohmann::json& batch);  // [M, 6]

// Makes all parameters leaves of autograd.
void requireGradients(const Graph& graph);
void expectGradient(const at::Tensor& gradient, const nlohmann::json& golden, const std::string& name);
void expectRunning(const Graph& graph, const nlohmann::json& golden);

}  // namespace qat::test
