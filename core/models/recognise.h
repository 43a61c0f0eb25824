// Which known detector the tensors of a file are, by their names and shapes alone.
#pragma once

#include <optional>
#include <string>

#include "models/layout.h"
#include "models/weights.h"

namespace qat {

// The table of the known member whose convolutions fit best, with the number of classes, the bins and the heads that
// are there. `missing`: the tensor without which they are none, if so. Names are as the graph has them (model.0...).
struct Recognition {
    std::optional<Layout> layout;
    std::string missing;
};
// Throws Error{BadInput} for detectors that cannot be: sizes that no member has, too many classes.
Recognition recogniseLayout(const NamedTensors& tensors);

// Sets what the head's tensors say, whatever the table does: classes, bins, heads, the form of the class branch,
// anchors per place. Throws Error{BadInput} for numbers of classes that cannot be.
void takeHeadFrom(const NamedTensors& tensors, Layout& layout);

}  // namespace qat
