// Finding figures in the list.
#include "task/metrics.h"

#include <algorithm>

#include "base/error.h"

namespace qat {

const Metric& Metrics::best() const {
    const auto found = std::ranges::find(values, primary, &Metric::key);
    require(found != values.end(), ErrorKind::Internal, "a model was measured without ",
            primary.empty() ? "a primary metric" : primary.c_str());
    return *found;
}

double Metrics::of(std::string_view label) const {
    const auto found = std::ranges::find(values, label, &Metric::label);
    require(found != values.end(), ErrorKind::Internal, "a model was measured without ", label);
    return found->value;
}

std::vector<Metric> Metrics::headlines() const {
    std::vector<Metric> found{best()};
    for (const Metric& metric : values)
        if (metric.headline && metric.key != primary) found.push_back(metric);
    return found;
}

MetricList Metrics::names(std::string task) const {
    MetricList list{std::move(task), {}};
    for (const Metric& m : values)
        list.metrics.push_back(
            {m.key, m.label, m.detail, m.decimals, m.headline || m.key == primary, m.key == primary});
    ensure(list.isSound(), "metrics with keys and labels of their own, one of them the primary one");
    return list;
}

std::string Metrics::sentence() const {
    std::string text;
    for (const Metric& metric : headlines()) text += str(text.empty() ? "" : ", ", metric.label, " ", metric.value);
    return text;
}

}  // namespace qat
