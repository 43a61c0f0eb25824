// The form in which a detection head with anchors is built into hardware without exponential functions: its raw map is
// halved, cut to [-1, 1] and kept in 8 bits, and sigmoids of the decoding become straight lines.
#pragma once

#include <string>

#include "graph/graph.h"

namespace qat {

inline constexpr int64_t kHardTanhBits = 8;

// max(-1, min(x / 2, 1)), by nodes name.half and name.hard_tanh right after the one that makes x. Nobody reads it yet.
ValueId addHardTanh(Graph& graph, std::string name, ValueId x);

// Lets the decoding of a raw map that lies in [-1, 1] read (y + 1) / 2 where it takes a sigmoid: then
//     centre = (y + 1 - 0.5 + cell) stride, size = (y + 1)^2 anchor, scores in 0..1.
// Throws Error{BadInput} if there is no such sigmoid.
void decodeHardTanh(Graph& graph, ValueId map);

// The whole of it for every raw map that is still decoded by a sigmoid, with quantizers of the codes -127..127 for
// -1..1 where the graph has quantizers. The outputs head.<level> are what is cut then. Returns how many maps changed,
// none of a graph that has the form. Throws Error{BadInput} with hardTanhTrouble().
int64_t switchToHardTanh(Graph& graph);

// Why there is no such form, a sentence; "" if there is.
std::string hardTanhTrouble(const Graph& graph);

// A copy in this form, with the same weights.
Graph hardTanhForm(const Graph& graph);

}  // namespace qat
