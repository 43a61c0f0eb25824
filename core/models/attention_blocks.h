// Attention over the places of a map, whole or in stripes, and the blocks around it.
#pragma once

#include <string>
#include <vector>

#include "models/module_builder.h"

namespace qat {

// softmax(q^T k / sqrt(width)) of queries and keys [..., width, places]: [..., places, places], a row a query. turned:
// the axes of q with the last two exchanged.
ValueId attentionWeights(Graph& graph, const std::string& name, ValueId q, ValueId k,
                         const std::vector<int64_t>& turned, int64_t width);

// Keys have half a head's width. x of `heads` times a width.
ValueId attention(ModuleBuilder& b, const std::string& name, ValueId x, int64_t heads);
// Keys, queries and values of one width; the places in `areas` stripes of rows, which look at themselves only. Their
// number must be divisible by that.
ValueId areaAttention(ModuleBuilder& b, const std::string& name, ValueId x, int64_t heads, int64_t areas);

// x + attention(x), then that plus two pointwise convolutions (ffn) of it.
ValueId psaBlock(ModuleBuilder& b, const std::string& name, ValueId x, int64_t heads, bool shortcut = true);
// The same around areaAttention(), the inner convolution `ratio` times as wide (mlp).
ValueId areaBlock(ModuleBuilder& b, const std::string& name, ValueId x, int64_t heads, double ratio, int64_t areas);

}  // namespace qat
