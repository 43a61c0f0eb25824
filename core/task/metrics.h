// What a model scores on a data set: a named list of figures, one of which counts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runs/metric_list.h"

namespace qat {

// A figure and how it is called, as in MetricName.
struct Metric {
    std::string key, label;
    double value = 0;
    int decimals = 4;
    bool headline = false;
    std::string detail{};
};

struct Metrics {
    std::string
        primary{};       // key of the figure that models are judged by; higher is better, 0 means nothing was learned
    double fitness = 0;  // what the best epoch is chosen by; higher is better
    std::vector<Metric> values{};
    // The score from which on what is found is best believed, 0..1; nothing where scores are no choice to make.
    std::optional<double> confidence{};

    // Throws Error{Internal} for metrics without the primary one.
    const Metric& best() const;
    double score() const { return best().value; }

    // Of a label. Throws Error{Internal} if there is none.
    double of(std::string_view label) const;

    // The primary one first, the others as they come.
    std::vector<Metric> headlines() const;

    // The names without the figures, for the run folder of a network for that task.
    MetricList names(std::string task) const;

    // mAP50-95 0.4, mAP50 0.6
    std::string sentence() const;
};

}  // namespace qat
