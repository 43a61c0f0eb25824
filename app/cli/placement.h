// Groups of tensors with one range, and what runtimes make of the placement, as text and JSON of the command check.
#pragma once

#include <nlohmann/json.hpp>

#include "session/placement.h"

namespace qat::cli {

struct PlacementView {
    bool groups = false, findings = false;
    bool print = true;  // as text too
};

// Adds "groups" and "joins", and "placement", to the report.
void reportPlacement(const PlacementReport& placement, const PlacementView& view, nlohmann::ordered_json& report);

}  // namespace qat::cli
