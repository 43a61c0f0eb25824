// Numbers of resumable state in JSON: doubles that come back bit by bit, as hexadecimal text, and counts.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

namespace qat {

nlohmann::json exact(double value);

// Throws Error{BadInput} for other text, nlohmann::json::exception for anything but text.
double exact(const nlohmann::json& value);

// A number of batches, steps or epochs. Files may come from anywhere: throws Error{BadInput} for a fraction or a
// negative number.
int64_t count(const nlohmann::json& value);

}  // namespace qat
