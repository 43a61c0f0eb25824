// Writing the sensitivity report.
#include "analysis/report.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/files.h"
#include "base/text.h"

namespace qat {
namespace {

using nlohmann::json;

json number(double value) {
    return std::isfinite(value) ? json(value) : json(nullptr);
}

json metricsJson(const ErrorSums& error) {
    json metrics = json::object();
    for (const auto& [name, value] : error.metrics()) metrics[name] = number(value);
    return metrics;
}

// Bytes of the layer's weight at the row's width.
int64_t sizeCost(const Graph& graph, const LayerSensitivity& row) {
    int64_t count = 1;
    for (const int64_t size : graph.value(weightOf(graph.node(row.node))).shape) count *= size;
    return (count * row.bits + 7) / 8;
}

json reportJson(const ReportHeader& header, const std::vector<LayerSensitivity>& rows,
                const std::vector<LayerError>& errors, const Graph& graph) {
    std::set<int> widths;
    json ranking = json::array(), metrics = json::array(), layers = json::array();
    for (const LayerSensitivity& row : rows) {
        widths.insert(row.bits);
        ranking.push_back({{"layer", row.layer},
                           {"num_bits", row.bits},
                           {"sensitivity", number(row.error.noiseToSignal())},
                           {"size_cost", sizeCost(graph, row)}});
        json entry = metricsJson(row.error);
        entry["layer"] = row.layer;
        entry["bits"] = row.bits;
        metrics.push_back(entry);
    }
    for (const LayerError& error : errors) {
        json entry = metricsJson(error.error);
        entry["layer"] = error.layer;
        layers.push_back(entry);
    }
    json formats = json::array();
    for (const int bits : widths) formats.push_back("int" + std::to_string(bits));
    return {{"scheme",
             {{"name", header.scheme},
              {"auto_quantize_bits", header.effectiveBits},
              {"auto_quantize_method", header.method},
              {"auto_quantize_score_size", header.images},
              {"coverage_mode", "all"},
              {"coverage_fraction", 1.0},
              {"quant_formats", formats}}},
            {"model", {{"id", header.model}}},
            {"autoquant_state",
             {{"keys", json::array()},
              {"constraints", {{"effective_bits", header.effectiveBits}}},
              {"score", nullptr},
              {"is_satisfied", nullptr}}},
            {"layer_sensitivity", ranking},
            {"metrics", metrics},
            {"layer_error", layers}};
}

std::string reportMarkdown(const ReportHeader& header, const std::vector<LayerSensitivity>& rows, const Graph& graph) {
    std::ostringstream out;
    out << "# Layer sensitivity\n\n- model: " << header.model << "\n- scheme: " << header.scheme
        << "\n- granularity: " << header.granularity << "\n- method: " << header.method
        << "\n- images: " << header.images << "\n- effective bits of the plan: " << std::setprecision(4)
        << header.effectiveBits << "\n- time: " << std::setprecision(3) << header.seconds << " s\n\n";
    out << "| Layer | Num Bits | Sensitivity | Size Cost | SQNR dB |\n|---|---|---|---|---|\n";
    for (const LayerSensitivity& row : rows)
        out << "| " << row.layer << " | " << row.bits << " | " << std::setprecision(6) << row.error.noiseToSignal()
            << " | " << sizeCost(graph, row) << " | " << std::setprecision(4) << row.error.sqnrDb() << " |\n";
    return out.str();
}

}  // namespace

void writeSensitivityReport(const std::filesystem::path& folder, const ReportHeader& header,
                            const std::vector<LayerSensitivity>& rowsIn, const std::vector<LayerError>& errors,
                            const Graph& graph) {
    std::vector<LayerSensitivity> rows = rowsIn;
    std::ranges::stable_sort(rows, std::greater<>(),
                             [](const LayerSensitivity& row) { return row.error.noiseToSignal(); });
    writeFileAtomic(folder / "layer-sensitivity-report.json",
                    jsonText(reportJson(header, rows, errors, graph), 2) + "\n");
    writeFileAtomic(folder / "layer-sensitivity-report.md", reportMarkdown(header, rows, graph));
}

}  // namespace qat
