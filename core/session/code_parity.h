// Tensor by tensor: does the exported file hold the same codes as the integer form of the model? Asked of an outside
// runtime; the first tensor that differs is where to look.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "graph/graph.h"

namespace qat {

// Codes of one quantizer.
struct CodeComparison {
    std::string quantizer;
    int64_t elements = 0, different = 0;
    int64_t largest = 0;  // difference in codes
};

struct CodeParity {
    bool ran = false;                     // a runtime was there
    std::vector<CodeComparison> tensors;  // execution order
    int64_t elements() const;
    int64_t different() const;
    int64_t largest() const;
    const CodeComparison* firstDifferent() const;  // nullptr if all are equal
    std::string sentence;                          // what was compared and found, or what is missing
};

// graph: folded and quantized, shapes probed for one image [1,3,H,W]. The file, with all codes as outputs, is written
// into a folder of its own for that time. What the runtime does or lacks is told in the sentence.
CodeParity compareCodes(const Graph& graph, const at::Tensor& image, const CancelToken& cancel);

}  // namespace qat
