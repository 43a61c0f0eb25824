// Key by key through the table; entries of lists are compared by their place.
#include "config/config_io.h"
#include "config/fields.h"
#include "config/slot.h"

namespace qat {
namespace {

template <class Root>
std::string valueOf(const FieldRow<Root>& row, Root& root) {
    const auto values = slotValues(row.slot(root));
    return values ? plainForm(row.info, *values) : "";
}

template <class Root>
void compare(const std::vector<FieldRow<Root>>& rows, Root& a, Root& b, const std::string& base,
             std::vector<ConfigDifference>& found) {
    for (const auto& row : rows) {
        std::string first = valueOf(row, a), second = valueOf(row, b);
        if (first != second) found.push_back({base + row.info.path, std::move(first), std::move(second)});
    }
}

// An entry that only one side has differs in all that it sets.
template <class Entry>
void compareEntries(std::string_view path, const std::vector<FieldRow<Entry>>& rows, const std::vector<Entry>& a,
                    const std::vector<Entry>& b, std::vector<ConfigDifference>& found) {
    for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        Entry first = i < a.size() ? a[i] : Entry{}, second = i < b.size() ? b[i] : Entry{};
        compare(rows, first, second, std::string(path) + "[" + std::to_string(i) + "].", found);
    }
}

}  // namespace

std::vector<ConfigDifference> diffConfigs(const Config& a, const Config& b) {
    Config first = a, second = b;  // slots point to what may be written
    std::vector<ConfigDifference> found;
    compare(configRows(), first, second, "", found);
    compareEntries(kLayerConfigsPath, layerRows(), a.quantization.layerConfigs, b.quantization.layerConfigs, found);
    compareEntries(kFusionPatternsPath, fusionRows(), a.qat.fusionPatterns, b.qat.fusionPatterns, found);
    return found;
}

}  // namespace qat
