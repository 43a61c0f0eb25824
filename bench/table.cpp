// Printing and writing rows.
#include "table.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/files.h"

namespace qat::bench {
namespace {

std::string text(std::optional<double> number) {
    if (!number) return "-";
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.4g", *number);
    return digits;
}

nlohmann::ordered_json json(std::optional<double> number) {
    return number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json(nullptr);
}

}  // namespace

void Table::print() const {
    size_t width = 4;
    for (const Row& row : m_rows) width = std::max(width, row.name.size());
    const auto line = [&](const std::string& name, const std::string& value, const std::string& unit,
                          const std::string& baseline, const std::string& ratio) {
        std::printf("%-*s  %10s  %-9s %10s %8s\n", static_cast<int>(width), name.c_str(), value.c_str(), unit.c_str(),
                    baseline.c_str(), ratio.c_str());
    };
    line("name", "value", "unit", "baseline", "ratio");
    for (const Row& row : m_rows) line(row.name, text(row.value), row.unit, text(row.baseline), text(row.ratio));
}

void Table::write(const std::filesystem::path& file) const {
    nlohmann::ordered_json rows = nlohmann::ordered_json::array();
    for (const Row& row : m_rows)
        rows.push_back({{"name", row.name},
                        {"value", row.value},
                        {"unit", row.unit},
                        {"baseline", json(row.baseline)},
                        {"ratio", json(row.ratio)}});
    writeFileAtomic(file, rows.dump(2) + "\n");
}

}  // namespace qat::bench
