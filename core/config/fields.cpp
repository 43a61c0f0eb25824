// The table as a whole, and finding rows in it.
#include "config/fields.h"

#include <algorithm>

#include "base/error.h"
#include "config/field_rows.h"

namespace qat {
namespace {

// "a.b[3].c": the row table an entry path belongs to, and the part after the index.
struct EntryPath {
    std::string_view list, rest;
    bool isEntry = false;
};

EntryPath splitEntry(std::string_view path) {
    const size_t open = path.find('['), close = path.find(']');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
    std::string_view rest = path.substr(close + 1);
    if (!rest.empty() && rest.front() != '.') return {};
    if (!rest.empty()) rest.remove_prefix(1);
    return {path.substr(0, open), rest, true};
}

template <class Root>
std::vector<std::string> pathsOf(const std::vector<FieldRow<Root>>& rows) {
    std::vector<std::string> paths;
    for (const auto& row : rows) paths.push_back(row.info.path);
    return paths;
}

// Keys of the file with the entry lists where the guide has them: after the last key of their section.
std::vector<std::string> filePaths() {
    std::vector<std::string> paths;
    const auto& rows = configRows();
    for (size_t i = 0; i < rows.size(); ++i) {
        paths.push_back(rows[i].info.path);
        const bool last = i + 1 == rows.size() || rows[i + 1].info.section != rows[i].info.section;
        if (last && kLayerConfigsPath.starts_with(rows[i].info.section + ".")) paths.emplace_back(kLayerConfigsPath);
        if (last && kFusionPatternsPath.starts_with(rows[i].info.section + "."))
            paths.emplace_back(kFusionPatternsPath);
    }
    return paths;
}

template <class Root>
std::vector<ConfigField> fieldsOf(const std::vector<FieldRow<Root>>& rows) {
    std::vector<ConfigField> fields;
    for (const auto& row : rows) fields.push_back(row.info);
    return fields;
}

}  // namespace

const std::vector<FieldRow<Config>>& configRows() {
    static const auto rows = [] {
        Rows<Config> all;
        for (const auto add : {addModel, addQuantization, addCalibrationSection, addQatParams, addDistillation,
                               addTrain, addAnalysis, addExport, addData, addRun, addSensitivity, addMixedPrecision,
                               addRepair, addEma, addOscillation, addQc, addGate})
            add(all);
        return std::move(all.list);
    }();
    return rows;
}

const std::vector<ConfigField>& configFields() {
    static const auto fields = fieldsOf(configRows());
    return fields;
}

const std::vector<ConfigField>& layerConfigFields() {
    static const auto fields = fieldsOf(layerRows());
    return fields;
}

const ConfigField* findField(std::string_view path) {
    const auto infoOf = [](const auto* row) { return row ? &row->info : nullptr; };
    const EntryPath entry = splitEntry(path);
    if (!entry.isEntry) return infoOf(findRow(configRows(), path));
    if (entry.list == kLayerConfigsPath) return infoOf(findRow(layerRows(), entry.rest));
    if (entry.list == kFusionPatternsPath) return infoOf(findRow(fusionRows(), entry.rest));
    return nullptr;
}

std::vector<std::string> pathsAround(std::string_view section) {
    const EntryPath entry = splitEntry(section);
    if (!entry.isEntry) return filePaths();
    if (entry.list == kLayerConfigsPath) return pathsOf(layerRows());
    if (entry.list == kFusionPatternsPath) return pathsOf(fusionRows());
    return {};
}

std::vector<std::string> childNames(std::string_view section) {
    const EntryPath entry = splitEntry(section);
    const std::string prefix = entry.isEntry ? (entry.rest.empty() ? "" : std::string(entry.rest) + ".")
                                             : (section.empty() ? "" : std::string(section) + ".");
    std::vector<std::string> names;
    for (const std::string& path : pathsAround(section)) {
        if (!path.starts_with(prefix)) continue;
        std::string name = path.substr(prefix.size(), path.find('.', prefix.size()) - prefix.size());
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
    return names;
}

}  // namespace qat
