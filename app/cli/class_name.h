// What a class of a model is called.
#pragma once

#include <string>

#include "base/detection.h"
#include "graph/graph.h"

namespace qat::cli {

// Its number where the model has no names.
inline std::string className(const Graph& graph, int32_t index) {
    return classNameIn(graph.info.classNames, index);
}

}  // namespace qat::cli
