// How far apart two sound computations of one quantized network are that round its floats differently.
#pragma once

#include "graph/graph.h"

namespace qat {

// Convolutions and linear layers of a lowered graph whose float results go through other operators before they are
// turned into codes: those a runtime computes in float, so that its last bit decides values next to a rounding tie.
int64_t floatLayers(const Graph& lowered);

// The inference form of a graph whose biases are moved by a millionth of themselves (2^-20), about what another order
// of summation does. What it finds differs from what the graph finds only by how values next to ties round, and by what
// later layers make of it: a file that is no farther from the simulation than this is as good as any.
Graph controlForm(const Graph& exported);

}  // namespace qat
