// The sensitivity report as other tools read it.
#include "analysis/report.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "analysis/calibrated_model.h"
#include "base/error.h"
#include "base/files.h"
#include "support/assets.h"

namespace qat::test {
namespace {

// Rows with the given noise, the layers in the model's order.
std::vector<LayerSensitivity> rowsOf(const Graph& graph, const std::vector<float>& noise) {
    std::vector<LayerSensitivity> rows;
    for (const float level : noise) {
        const NodeId node = quantizableNodes(graph)[rows.size()];
        rows.push_back({node, graph.node(node).name, 4, {}});
        rows.back().error.add(at::ones({10}), at::full({10}, 1.0f + level));
    }
    return rows;
}

const ReportHeader kHeader{"yolov8n", "w4a4", "per_channel", "one layer at a time", 8, 4.5, 1.25};

TEST(Report, JsonIsSortedAndComplete) {
    const ScratchFolder scratch;
    const CalibratedModel model = calibratedModel(8, 8);
    LayerError error{"head.0", {}};
    error.error.add(at::ones({4}), at::full({4}, 1.5f));
    writeSensitivityReport(scratch.path(), kHeader, rowsOf(model.floatGraph, {0.1f, 0.4f, 0.2f}), {error},
                           model.floatGraph);
    const auto report = readJson(scratch.path() / "layer-sensitivity-report.json");
    for (const char* key : {"scheme", "model", "autoquant_state", "layer_sensitivity", "metrics", "layer_error"})
        EXPECT_TRUE(report.contains(key)) << key;
    for (const char* key : {"name", "auto_quantize_bits", "auto_quantize_method", "auto_quantize_score_size",
                            "coverage_mode", "coverage_fraction", "quant_formats"})
        EXPECT_TRUE(report["scheme"].contains(key)) << key;
    EXPECT_EQ(report["model"]["id"], "yolov8n");
    EXPECT_EQ(report["scheme"]["quant_formats"], nlohmann::json::array({"int4"}));
    EXPECT_EQ(report["autoquant_state"]["constraints"]["effective_bits"], 4.5);
    const auto& ranking = report["layer_sensitivity"];
    ASSERT_EQ(ranking.size(), 3u);
    EXPECT_EQ(ranking[0]["layer"], "model.1.conv");
    EXPECT_EQ(ranking[1]["layer"], "model.2.cv1.conv");
    EXPECT_EQ(ranking[2]["layer"], "model.0.conv");
    EXPECT_NEAR(ranking[0]["sensitivity"].get<double>(), 0.16, 1e-6);
    EXPECT_EQ(ranking[2]["size_cost"], 16 * 27 / 2);  // 432 weights of 4 bits
    EXPECT_EQ(ranking[2]["num_bits"], 4);
    EXPECT_EQ(report["metrics"][0]["layer"], "model.1.conv");
    EXPECT_NEAR(report["metrics"][0]["mse"].get<double>(), 0.16, 1e-6);
    EXPECT_NEAR(report["layer_error"][0]["abs_error"].get<double>(), 0.5, 1e-6);
}

TEST(Report, MarkdownTableHasTheSameOrder) {
    const ScratchFolder scratch;
    const CalibratedModel model = calibratedModel(8, 8);
    writeSensitivityReport(scratch.path(), kHeader, rowsOf(model.floatGraph, {0.1f, 0.4f, 0.2f}), {}, model.floatGraph);
    std::istringstream text(readFile(scratch.path() / "layer-sensitivity-report.md"));
    std::vector<std::string> rows;
    for (std::string line; std::getline(text, line);)
        if (line.starts_with("| ")) rows.push_back(line);
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_TRUE(rows[0].starts_with("| Layer | Num Bits | Sensitivity | Size Cost |")) << rows[0];
    EXPECT_TRUE(rows[1].starts_with("| model.1.conv | 4 | 0.16 |")) << rows[1];
    EXPECT_TRUE(rows[3].starts_with("| model.0.conv | 4 | ")) << rows[3];
}

// Ranked last or first does not matter, but the file stays JSON.
TEST(Report, NumbersThatAreNoneBecomeNull) {
    const ScratchFolder scratch;
    const CalibratedModel model = calibratedModel(8, 8);
    auto rows = rowsOf(model.floatGraph, {0.1f});
    rows[0].error.add(at::ones({1}), at::full({1}, std::numeric_limits<float>::quiet_NaN()));
    writeSensitivityReport(scratch.path(), kHeader, rows, {}, model.floatGraph);
    EXPECT_TRUE(readJson(scratch.path() / "layer-sensitivity-report.json")["metrics"][0]["mse"].is_null());
}

TEST(Report, SaysWhereItCannotWrite) {
    const CalibratedModel model = calibratedModel(8, 8);
    try {
        writeSensitivityReport("/proc/nowhere", kHeader, {}, {}, model.floatGraph);
        FAIL() << "must not succeed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Io);
        EXPECT_NE(std::string(error.what()).find("/proc/nowhere"), std::string::npos);
    }
}

}  // namespace
}  // namespace qat::test
