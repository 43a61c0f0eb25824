// The state dict of a pickled nn.Module: its stored tensors by dotted name, in PyTorch's order.
#pragma once

#include <functional>
#include <string>

#include "import/pickle.h"

namespace qat {

using TensorVisitor = std::function<void(const std::string& name, const PickleValue& tensor)>;

// Whether the value is an object with parameters, buffers and child modules.
bool isModule(const PickleValue& value);

// The attributes of an object: its state dict, or None if it has none.
PickleValue attributes(const PickleValue& object);

// Calls `visit` for the parameters of the module, then for its persistent buffers, then for those of its children,
// depth first. What is None is left out. A module that is used twice is visited under each of its names. Throws
// Error{BadInput} if modules are nested more than 100 deep, as when one contains itself, or if there are too many.
void walkModule(const PickleValue& module, const TensorVisitor& visit);

}  // namespace qat
