// The one table of configuration keys: reader, checker, writer, editor and forms all follow it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config_io.h"
#include "config/slot.h"

namespace qat {

// A key and where its value lives. info.path is relative to Root.
template <class Root>
struct FieldRow {
    ConfigField info;
    Slot (*slot)(Root&);
};

const std::vector<FieldRow<Config>>& configRows();
const std::vector<FieldRow<LayerConfig>>& layerRows();
const std::vector<FieldRow<FusionPattern>>& fusionRows();

// The two keys that hold lists of entries; layerRows and fusionRows describe an entry of each.
inline constexpr std::string_view kLayerConfigsPath = "quantization.layer_configs";
inline constexpr std::string_view kFusionPatternsPath = "qat_params.fusion_patterns";

// The row of a relative path, or null.
template <class Root>
const FieldRow<Root>* findRow(const std::vector<FieldRow<Root>>& rows, std::string_view path) {
    for (const auto& row : rows)
        if (row.info.path == path) return &row;
    return nullptr;
}

// Relative paths of all keys an entry may hold; `path` may carry indexes (quantization.layer_configs[0].pattern).
// Null if there is no such key.
const ConfigField* findField(std::string_view path);

// What may stand directly below a section, in the order of the guide, entry lists included. `section` is "" for the
// file, may carry indexes, and is empty-handed (no names) where it is no section.
std::vector<std::string> childNames(std::string_view section);

// All relative paths of the table `section` belongs to, entry lists included.
std::vector<std::string> pathsAround(std::string_view section);

}  // namespace qat
