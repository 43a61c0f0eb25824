// Writing and reading the list.
#include "task/metrics_json.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace qat {

using nlohmann::json;

json metricsJson(const Metrics& metrics) {
    json values = json::array();
    for (const Metric& m : metrics.values) values.push_back({m.key, m.label, m.value, m.decimals, m.headline});
    json stored{{"primary", metrics.primary}, {"fitness", metrics.fitness}, {"values", values}};
    if (metrics.confidence) stored["confidence"] = *metrics.confidence;
    return stored;
}

Metrics metricsFrom(const json& stored) {
    Metrics metrics{stored.at("primary"), stored.at("fitness"), {}};
    for (const json& m : stored.at("values")) {
        metrics.values.push_back({m.at(0), m.at(1), m.at(2), m.at(3), m.at(4)});
        require(std::isfinite(metrics.values.back().value), ErrorKind::BadInput, "a metric is not finite");
    }
    if (const auto confidence = stored.find("confidence"); confidence != stored.end())
        metrics.confidence = confidence->get<double>();
    require(std::ranges::count(metrics.values, metrics.primary, &Metric::key) == 1, ErrorKind::BadInput,
            "metrics have no primary one");
    return metrics;
}

}  // namespace qat
