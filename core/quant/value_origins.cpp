// Both lists follow the one table of keys.
#include "quant/value_origins.h"

#include "base/error.h"
#include "config/fields.h"

namespace qat {
namespace {

// The key of the section an entry's key overrides; "" if there is none.
std::string sectionKeyOf(const std::string& key) {
    if (key.starts_with("config.")) return "quantization." + key.substr(7);
    if (key.starts_with("fake_quantize.")) return "quantization." + key;
    return key.starts_with("calibration.") ? key : "";
}

std::string originOf(const LayerConfig& entry, size_t index) {
    if (!entry.origin.empty()) return entry.origin;
    return entry.line > 0 ? str("pattern ", index + 1, ", line ", entry.line) : str("pattern ", index + 1);
}

bool isWidth(const std::string& key) {
    return key.ends_with(".bit_width");
}

}  // namespace

LayerValues statedBy(const LayerConfig& given) {
    LayerValues values;
    LayerConfig entry = given;
    for (const auto& row : layerRows()) {
        if (row.info.path == "pattern") continue;
        if (const auto stated = slotValues(row.slot(entry)))
            values[row.info.path] = {plainForm(row.info, *stated), given.origin};
    }
    return values;
}

ValueOrigins::ValueOrigins(const Config& config) {
    Config sections = config;
    for (const auto& row : layerRows()) {
        const std::string key = sectionKeyOf(row.info.path);
        const auto* section = findRow(configRows(), key);
        if (!section) continue;
        const auto values = slotValues(section->slot(sections));
        m_sections[row.info.path] = {values ? plainForm(section->info, *values) : "", config.sources.of(key)};
    }
    m_sections["skip"] = {"false", "default"};
    if (config.qat.useLsq)
        m_sections["fake_quantize.type"] = {"lsq",
                                            str("qat_params.use_lsq, ", config.sources.of("qat_params.use_lsq"))};
    for (size_t i = 0; i < config.quantization.layerConfigs.size(); ++i) {
        LayerConfig entry = config.quantization.layerConfigs[i];
        entry.origin = originOf(entry, i);
        LayerValues& stated = m_entries.emplace_back(statedBy(entry));
        if (!config.qat.useMixedPrecision) std::erase_if(stated, [](const auto& each) { return isWidth(each.first); });
        for (auto& [key, value] : stated)
            if (config.sources.of(str(kLayerConfigsPath, "[", i, "].", key)) == kCommandLine)
                value.origin = kCommandLine;
    }
}

void ValueOrigins::apply(size_t index, LayerValues& values) const {
    for (const auto& [key, stated] : m_entries[index]) values[key] = stated;
}

}  // namespace qat
