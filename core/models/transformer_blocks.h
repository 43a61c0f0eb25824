// Transformer layers over the places of a map. Their linear layers are convolutions of one place.
#pragma once

#include <string>

#include "models/module_builder.h"

namespace qat {

// x (by a convolution, if its channels are others) plus a linear layer of it, which stands for the position, then
// `layers` transformer layers of `heads` heads. Throws Error{BadInput} for channels that heads cannot share.
ValueId transformerBlock(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t heads,
                         int64_t layers);

}  // namespace qat
