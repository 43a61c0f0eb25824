// Turns a graph with quantizers into what a runtime makes of its exported file: integers in flight, sums in int32.
//
//     FakeQuantize(x)                                  ->  Quantize(x)
//     FakeQuantize(Conv2d(codes, FakeQuantize(w)))     ->  IntegerConv2d with requantization
//     Conv2d(codes, FakeQuantize(w))                   ->  IntegerConv2d with a float result
//     MatMul(codes, codes), FakeQuantize of it or not  ->  IntegerMatMul, likewise
//     FakeQuantize(Activation(codes))                  ->  Lookup of 256 codes
//     FakeQuantize(a + b), both codes                  ->  IntegerAdd
//     FakeQuantize(Concat(codes, ...))                 ->  Concat of codes, through a Lookup where they lie on another
//     grid
//
// Concat, Split, Slice, Resize and maximum pooling hand codes on where all lie on one grid; whatever else reads codes
// gets them through Dequantize and computes in float, transposed convolutions among them. Biases of convolutions that
// hand on codes are rounded to int32 on the grid input scale x weight scale, as in files. Sums are exact, so results
// depend neither on the number of threads nor on the order of additions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace qat {

// Quantizers must be canonical. Batch norms should be folded before; a convolution stays in float where its weight or
// input has no codes of 8 bits or less, per-tensor for the input: 16-bit, floating point and binary activations,
// weights per group or in floating point. Stored values are shared with `graph`. Node names are kept. codes, if given,
// receives the name of each activation quantizer of `graph` and the value that holds its codes in the result, in
// execution order.
using CodeValues = std::vector<std::pair<std::string, ValueId>>;
Graph lowerToIntegers(const Graph& graph, CodeValues* codes = nullptr);

}  // namespace qat
