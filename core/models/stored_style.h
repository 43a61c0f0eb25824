// What a stored network says of its modules, in the terms of the builder.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "models/module_builder.h"

namespace qat {

// An activation as Python writes it: nn.ReLU(), torch.nn.LeakyReLU(0.1), SiLU; nothing of an empty text. Throws
// Error{BadInput} for one that is not known.
std::optional<Activation> activationWritten(std::string_view text);

// A class of torch's: torch.nn.modules.activation.SiLU. Nothing for what is no activation that is known.
std::optional<ActivationKind> activationOfClass(std::string_view className);

}  // namespace qat
