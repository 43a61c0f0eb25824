// predict --npy: a tensor through a network as it is, and what comes out of it, for comparisons with other programs.
#pragma once

#include <string>

#include "graph/graph.h"

namespace qat::cli {

// The inference form of the network on the float32 tensor [N, C, H, W] of the file `npy`: every output becomes
// folder/<output>.npy, and a line on standard output names it with its shape, unless `json` is "-", the file of the
// same as JSON. precise: as in ExecutorOptions. Throws Error{BadInput} naming the file where the tensor does not fit.
int writeRawOutputs(const Graph& graph, const std::string& npy, const std::string& folder, bool precise,
                    const std::string& json);

}  // namespace qat::cli
