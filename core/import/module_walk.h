// The state dict of a pickled nn.Module: its stored tensors by dotted name, in PyTorch's order.
#pragma once

#include <functional>
#include <string>

#include "import/pickle.h"

namespace qat {

using TensorVisitor = std::function<void(const std::string& name, const PickleValue& tensor)>;
// The path ends with a dot; that of the outermost module is empty.
using ModuleVisitor = std::function<void(const std::string& path, const PickleValue& module)>;

// Whether the value is an object with parameters, buffers and child modules, or one of a TorchScript program, whose
// attributes these are.
bool isModule(const PickleValue& value);

// Whether it is one of a TorchScript program: its tensors are attributes like any others.
bool isScriptModule(const PickleValue& value);

// The Python class of a module, without what TorchScript adds to it: torch.nn.modules.conv.Conv2d.
std::string moduleClass(const PickleValue& module);

// The attributes of an object: its state dict, or None if it has none.
PickleValue attributes(const PickleValue& object);

// Calls `enter` for the module, `visit` for its parameters, then for its persistent buffers, then does the same for its
// children, depth first. What is None is left out. A module that is used twice is visited under each of its names.
// Throws Error{BadInput} if modules are nested more than 100 deep, as when one contains itself, or if there are too
// many.
void walkModule(const PickleValue& module, const TensorVisitor& visit, const ModuleVisitor& enter);

}  // namespace qat
