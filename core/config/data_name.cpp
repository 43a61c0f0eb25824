#include "config/data_name.h"

#include <algorithm>

#include "config/config.h"

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
    constexpr std::string_view kBySet = ", data.path", kByName = ", model.architecture";
    const auto stated = config.sources.byKey.find("data.imgsz");
    if (stated != config.sources.byKey.end()) {
        if (!stated->second.ends_with(kBySet) && !stated->second.ends_with(kByName)) return;
        config.data.imgsz = DataConfig{}.imgsz;
        config.sources.byKey.erase(stated);
    }
    if (!namedSet(config.data.path)) return;
    config.data.imgsz = kClassSetSide;
    config.sources.byKey["data.imgsz"] = config.sources.of("data.path") + std::string(kBySet);
}

std::string dataPathOf(const std::string& spec) {
    if (isDrawn(spec)) return {};
    const auto set = namedSet(spec);
    return set ? set->folder : spec;
}

}  // namespace qat
