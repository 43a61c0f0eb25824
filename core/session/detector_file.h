// The detector in a checkpoint: which family, scale and classes it is of, and whether its values can be computed with.
#pragma once

#include <string>

#include "base/error.h"
#include "graph/graph.h"
#include "import/checkpoint.h"

namespace qat {

// Gives tensors the names that YOLOv8's trainer gives them, whatever module the detector was a part of when it was
// stored. Throws Error{BadInput} if there are several detectors and nothing says which is meant.
void takeOffPrefix(Checkpoint& checkpoint, const std::string& source);

// n, s, m, l or x. Throws Error{BadInput} naming the source, what it holds instead and what can be read.
std::string variantOf(const Checkpoint& checkpoint, const std::string& source);

// 1 to 100000. Throws Error{BadInput} naming the source.
int64_t classesOf(const Checkpoint& checkpoint, const std::string& source);

// Throws Error{BadInput} naming the source and the first tensor with values that are not finite, or variances below 0.
void requireSound(const Graph& graph, const std::string& source);

// Runs work that takes the contents of a file apart: whatever is wrong with them, the sentence names the file.
template <class Work>
auto aboutFile(const std::string& file, Work work) {
    try {
        return work();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Internal || std::string(error.what()).find(file) != std::string::npos) throw;
        throw Error(error.kind(), str(file, ": ", error.what()));
    }
}

}  // namespace qat
