// Metrics in files of the program's own.
#pragma once

#include <nlohmann/json.hpp>

#include "task/metrics.h"

namespace qat {

// Every figure with all its bits.
nlohmann::json metricsJson(const Metrics& metrics);

// Throws nlohmann::json::exception or Error{BadInput} for what metricsJson() does not write.
Metrics metricsFrom(const nlohmann::json& json);

}  // namespace qat
