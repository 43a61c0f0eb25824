// What a model scores on a data set: a named list of figures, one of which counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace qat {

struct Metric {
    std::string key;    // in series and columns of epochs, after "metrics/": mAP50-95(B)
    std::string label;  // for people, and in summaries: mAP50-95
    double value = 0;
    int decimals = 4;       // that are worth showing
    bool headline = false;  // said of every model, not of epochs only
};

struct Metrics {
    std::string
        primary{};       // key of the figure that models are judged by; higher is better, 0 means nothing was learned
    double fitness = 0;  // what the best epoch is chosen by; higher is better
    std::vector<Metric> values{};

    // Throws Error{Internal} for metrics without the primary one.
    const Metric& best() const;
    double score() const { return best().value; }

    // Of a label. Throws Error{Internal} if there is none.
    double of(std::string_view label) const;

    // The primary one first, the others as they come.
    std::vector<Metric> headlines() const;

    // mAP50-95 0.4, mAP50 0.6
    std::string sentence() const;
};

}  // namespace qat
