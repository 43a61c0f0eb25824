#include "config/data_name.h"

#include <algorithm>

#include "config/config.h"
#include "config/table_name.h"

namespace qat {

std::optional<NamedSet> namedSet(std::string_view spec) {
    const size_t colon = spec.find(':');
    if (colon == std::string_view::npos || std::ranges::find(kClassSets, spec.substr(0, colon)) == kClassSets.end())
        return std::nullopt;
    return NamedSet{std::string(spec.substr(0, colon)), std::string(spec.substr(colon + 1))};
}

bool isDrawn(std::string_view spec) {
    return spec == "shapes" || spec.starts_with("shapes:");
}

std::string withDataPath(const std::string& spec, const std::function<std::string(const std::string&)>& changed) {
    if (spec.empty() || isDrawn(spec)) return spec;
    const auto set = namedSet(spec);
    return set ? set->name + ":" + changed(set->folder) : changed(spec);
}

void settleImageSize(Config& config) {
    if (config.sources.byKey.contains("data.imgsz")) return;
    config.data.imgsz = namedSet(config.data.path) ? kClassSetSide : usualSideOf(config.model);
}

std::string dataPathOf(const std::string& spec) {
    if (isDrawn(spec)) return {};
    const auto set = namedSet(spec);
    return set ? set->folder : spec;
}

}  // namespace qat
