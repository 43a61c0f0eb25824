// Choosing, measuring and reporting contenders.
#include "compare.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"

namespace qat::bench {
namespace {

size_t indexOf(const std::vector<Contender>& contenders, const std::string& name) {
    const auto found = std::ranges::find(contenders, name, &Contender::name);
    require(found != contenders.end(), ErrorKind::Internal, "no contender is called ", name);
    return static_cast<size_t>(found - contenders.begin());
}

std::vector<double> valuesOf(const Unit& unit, const std::vector<double>& seconds) {
    std::vector<double> values;
    for (const double s : seconds) values.push_back(unit.valueOf(s));
    return values;
}

}  // namespace

bool Settings::wants(const std::string& name) const {
    return filters.empty() ||
           std::ranges::any_of(filters, [&](const std::string& text) { return name.find(text) != std::string::npos; });
}

Rounds Settings::limited(const Rounds& rounds) const {
    return quick ? Rounds{std::min(rounds.warmup, 1), std::min(rounds.counted, 2)} : rounds;
}

void compare(const Settings& settings, const Rounds& rounds, const std::vector<Contender>& contenders, Table& table) {
    std::vector<bool> measured(contenders.size());
    for (size_t i = 0; i < contenders.size(); ++i) {
        if (!settings.wants(contenders[i].name)) continue;
        measured[i] = true;
        if (!contenders[i].baseline.empty()) measured[indexOf(contenders, contenders[i].baseline)] = true;
    }
    std::vector<Work> works;
    std::vector<size_t> place(contenders.size());
    for (size_t i = 0; i < contenders.size(); ++i) {
        if (!measured[i]) continue;
        place[i] = works.size();
        std::fprintf(stderr, "%s\n", contenders[i].name.c_str());
        works.push_back(contenders[i].prepare());
    }
    const auto seconds = takeTurns(works, settings.limited(rounds));
    for (size_t i = 0; i < contenders.size(); ++i) {
        const Contender& contender = contenders[i];
        if (!settings.wants(contender.name)) continue;
        const std::vector<double> values = valuesOf(contender.unit, seconds[place[i]]);
        Row row{contender.name, median(values), contender.unit.name};
        if (!contender.baseline.empty()) {
            const size_t base = indexOf(contenders, contender.baseline);
            const std::vector<double> baseline = valuesOf(contenders[base].unit, seconds[place[base]]);
            std::vector<double> quotients;
            for (size_t round = 0; round < values.size(); ++round) quotients.push_back(values[round] / baseline[round]);
            row.baseline = median(baseline);
            row.ratio = median(quotients);
        }
        table.add(std::move(row));
    }
}

}  // namespace qat::bench
