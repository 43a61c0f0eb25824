// What the model of a run is judged by: the names of the figures, which the run folder itself carries.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/field.h"

namespace qat {

struct MetricName {
    std::string key;        // after "metrics/" in series and columns of epochs: mAP50-95(B)
    std::string label;      // for people, in summaries and in series of models: mAP50-95
    std::string detail{};   // what the label leaves out, for people: IoU 0.50 to 0.95; may be empty
    int decimals = 4;       // that are worth showing
    bool headline = false;  // said of every model, not of epochs only
    bool primary = false;   // what models are judged by; exactly one is, and a headline too
    bool operator==(const MetricName&) const = default;
    static constexpr auto fields() {
        return std::tuple{Field{"key", &MetricName::key},           Field{"label", &MetricName::label},
                          Field{"detail", &MetricName::detail},     Field{"decimals", &MetricName::decimals},
                          Field{"headline", &MetricName::headline}, Field{"primary", &MetricName::primary}};
    }
};

// An event too: what the run is for, and by what it is judged.
struct MetricList {
    std::string task;  // detection
    std::vector<MetricName> metrics;

    static constexpr std::string_view type = "metrics";
    static constexpr auto fields() {
        return std::tuple{Field{"task", &MetricList::task}, Field{"metrics", &MetricList::metrics}};
    }

    // Whether there is one primary metric, and every one has a key and a label of its own.
    bool isSound() const;
    // Of a sound list.
    const MetricName& primary() const;
    // Of a sound list: the primary one first, the others as they come.
    std::vector<MetricName> headlines() const;
};

// The list if it is sound, with decimals that can be shown.
std::optional<MetricList> shownList(MetricList list);
// The same of a JSON text, which may be anything.
std::optional<MetricList> readMetricList(std::string_view json);

// What folders mean that carry no list: earlier versions knew detectors only.
MetricList listOfEarlierVersions();

}  // namespace qat
