// Ways of training that are compared with one another, as named changes to a configuration.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/config.h"

namespace qat {

using Overrides = std::vector<std::pair<std::string, std::string>>;

// `baseline` (training with none of the parts), or parts joined by +: ema, qc, freezing, dampening, bn_reestimation,
// distillation. `ptq`, alone or with qc, leaves the training out. Every part is said to be on or off, so that only the
// name decides; strengths come from the configuration where it has any, else from Nagel et al. (2022). Throws
// Error{BadInput} for a part that is unknown or named twice, and where the configuration leaves a part without effect.
Overrides methodOverrides(const std::string& method, const Config& base);

// Whether the method's runs are trained.
bool trains(const std::string& method);

// ema, qc, ...: the parts, for people.
std::string methodPartNames();

// The name of what a configuration does, its parts in the order above.
std::string methodName(const Config& config);

}  // namespace qat
