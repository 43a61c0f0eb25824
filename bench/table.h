// What a benchmark reports: rows, printed as one table and written as JSON.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace qat::bench {

struct Row {
    std::string name;
    double value = 0;
    std::string unit;
    std::optional<double> baseline = {};  // what it is compared with, in the same unit
    std::optional<double> ratio = {};     // value / baseline: the median over rounds of the quotient within one round
};

class Table {
public:
    void add(Row row) { m_rows.push_back(std::move(row)); }
    bool empty() const { return m_rows.empty(); }
    void print() const;
    // An array of {"name", "value", "unit", "baseline", "ratio"}, null where there is none. Throws Error{Io}.
    void write(const std::filesystem::path& file) const;

private:
    std::vector<Row> m_rows;
};

}  // namespace qat::bench
