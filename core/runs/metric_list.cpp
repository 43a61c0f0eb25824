// Asking the list.
#include "runs/metric_list.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "runs/fields_json.h"

namespace qat {

bool MetricList::isSound() const {
    std::set<std::string_view> keys, labels;
    for (const MetricName& metric : metrics) {
        if (metric.key.empty() || metric.label.empty()) return false;
        keys.insert(metric.key);
        labels.insert(metric.label);
    }
    return keys.size() == metrics.size() && labels.size() == metrics.size() &&
           std::ranges::count(metrics, true, &MetricName::primary) == 1;
}

const MetricName& MetricList::primary() const {
    const auto found = std::ranges::find(metrics, true, &MetricName::primary);
    ensure(found != metrics.end(), "a list of metrics with a primary one");
    return *found;
}

std::vector<MetricName> MetricList::headlines() const {
    std::vector<MetricName> found{primary()};
    for (const MetricName& metric : metrics)
        if (metric.headline && !metric.primary) found.push_back(metric);
    return found;
}

std::optional<MetricList> shownList(MetricList list) {
    constexpr int kMostDecimals = 9;
    if (!list.isSound()) return std::nullopt;
    for (MetricName& metric : list.metrics) metric.decimals = std::clamp(metric.decimals, 0, kMostDecimals);
    return list;
}

std::optional<MetricList> readMetricList(std::string_view json) {
    const auto parsed = nlohmann::json::parse(json, nullptr, false);
    MetricList list;
    if (parsed.is_object()) fromJson(parsed, list);
    return shownList(std::move(list));
}

MetricList listOfEarlierVersions() {
    return {
        "detection",
        {{.key = "precision(B)", .label = "precision"},
         {.key = "recall(B)", .label = "recall"},
         {.key = "mAP50(B)", .label = "mAP50", .headline = true},
         {.key = "mAP50-95(B)", .label = "mAP50-95", .detail = "IoU 0.50 to 0.95", .headline = true, .primary = true}}};
}

}  // namespace qat
