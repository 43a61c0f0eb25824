// val and predict in the form that hardware computes: the option, and what makes decoded outputs then.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "eval/host_side.h"
#include "graph/graph.h"

namespace qat::cli {

inline constexpr const char *kOwnForm = "own", *kHardTanhForm = "hard_tanh", *kHostForm = "host";

struct FormChoice {
    std::string form = kOwnForm;
    std::string scale{};  // a file scale.npy
};

void addFormOptions(CLI::App& command, FormChoice& choice);

// Brings the network to the form: hard_tanh changes the graph; of host there is what makes decoded outputs of images,
// null of the others. Throws Error{BadInput} naming --form or the file of the scale.
std::unique_ptr<HostSide> takeForm(Graph& graph, const FormChoice& choice, bool precise);

}  // namespace qat::cli
