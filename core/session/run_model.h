// The model of a run folder.
#pragma once

#include <filesystem>
#include <string>

#include "config/config.h"
#include "graph/graph.h"
#include "import/checkpoint.h"

namespace qat {

bool isRunFolder(const std::filesystem::path& path);

// The quantized model of a run as the run left it: its graph with all quantizers, and its final weights, else its best,
// else its last. Of folders without a graph, which earlier versions wrote,
// it is built anew from the configuration.
struct RunModel {
    Config config;  // with the widths that a search chose
    Graph graph;
    std::string sha256;  // of the file of the weights
};
// Throws Error{BadInput} naming the folder or the file.
RunModel openRun(const std::filesystem::path& folder);

// The network of a run in float: its trained weights without quantizers. Corrections (QC) belong to the weights: those
// kept as operations are merged into their convolutions, exactly. Batch norms stay as the run has them, folded or not.
Graph floatForm(const Graph& graph);

// The weights of a run's floatForm(), as a file of them would be read. Throws like openRun().
HashedCheckpoint weightsOfRun(const std::filesystem::path& folder);

}  // namespace qat
