// What a class of a model is called.
#pragma once

#include <string>

#include "graph/graph.h"

namespace qat::cli {

// Its number where the model has no names.
inline std::string className(const Graph& graph, int32_t index) {
    const auto& names = graph.info.classNames;
    return index >= 0 && static_cast<size_t>(index) < names.size() ? names[static_cast<size_t>(index)]
                                                                   : std::to_string(index);
}

}  // namespace qat::cli
