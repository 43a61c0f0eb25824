// The sections of the page, in the order in which one asks.
#include "report/run_report.h"

#include <algorithm>
#include <cstdio>

#include "base/error.h"
#include "base/files.h"
#include "report/html_page.h"
#include "report/svg_chart.h"

namespace qat {
namespace {

constexpr size_t kWorstLayers = 20;

std::string fixed(double value, int digits) {
    char text[48];
    std::snprintf(text, sizeof text, "%.*f", digits, value);
    return text;
}

std::string cell(const std::optional<double>& value, int digits = 4) {
    return value ? fixed(*value, digits) : "-";
}

std::string change(const std::optional<double>& value, const std::optional<double>& base) {
    if (!value || !base) return "-";
    return (*value >= *base ? "+" : "") + fixed(*value - *base, 4);
}

void addFacts(HtmlPage& page, const RunRecord& run) {
    const auto seed = run.number("training", "seed"), train = run.number("dataset", "train_images"),
               val = run.number("dataset", "val_images");
    page.table({{"Run", ""},
                {"Model", run.text("model", "variant") + ", " + cell(run.number("model", "imgsz"), 0) +
                              " pixels, from " + run.text("model", "checkpoint")},
                {"Quantization", run.text("quantization", "mode")},
                {"Method", run.text("method", "variant") + ", seed " + cell(seed, 0)},
                {"Data", run.text("dataset", "dataset_yaml") + ", " + cell(train, 0) + " training and " + cell(val, 0) +
                             " validation images"},
                {"Started", run.text("created_at")},
                {"Status", run.text("status")},
                {"Time", fixed(run.seconds(), 0) + " s"}});
    const auto error = run.summary.find("error");
    if (error != run.summary.end() && error->is_string()) page.paragraph(error->get<std::string>(), "error");
}

void addUnfinished(HtmlPage& page, const std::string& whoWorks) {
    page.paragraph(
        whoWorks.empty()
            ? "This run has not ended: it is running, or was killed. The page shows what it had written so far."
            : whoWorks + " The page shows what the run had written so far.",
        "warning");
}

void addAccuracy(HtmlPage& page, const RunRecord& run) {
    std::vector<std::vector<std::string>> rows{{"Model", "mAP50-95", "mAP50", "to FP32"}};
    const auto fp32 = run.number("metrics", "fp32", "mAP50-95");
    for (const auto& [name, key] : {std::pair{"FP32", "fp32"},
                                    {"Calibrated (PTQ)", "ptq"},
                                    {"Before correction (QC)", "before_qc"},
                                    {"Final", "final"}}) {
        const auto map = run.number("metrics", key, "mAP50-95");
        if (map) rows.push_back({name, cell(map), cell(run.number("metrics", key, "mAP50")), change(map, fp32)});
    }
    if (rows.size() == 1) return;
    page.heading("Accuracy");
    page.table(rows);
    const auto before = run.number("size", "fp32_bytes"), after = run.number("size", "quantized_bytes");
    if (before && after && *after > 0)
        page.paragraph(str("On a device: ", fixed(*after, 0), " bytes instead of ", fixed(*before, 0), " (",
                           fixed(*before / *after, 1), " times smaller)."),
                       "note");
}

// Elements of a list of the summary; none where it is something else.
std::vector<nlohmann::json> listIn(const nlohmann::json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    if (!object.is_object() || found == object.end() || !found->is_array()) return {};
    return {found->begin(), found->end()};
}

void addGates(HtmlPage& page, const RunRecord& run) {
    for (const auto& gate : listIn(run.summary, "gates"))
        if (gate.is_string()) page.paragraph("Gate failed: " + gate.get<std::string>(), "error");
    if (const std::string gate = run.text("overridden_gate"); !gate.empty())
        page.paragraph("Gate overridden: " + gate, "warning");
}

void addStability(HtmlPage& page, const RunRecord& run) {
    const std::string outcome = run.text("stability", "outcome");
    if (outcome.empty() || outcome == "not_trained") return;
    page.heading("Stability");
    page.paragraph(outcome == "never_learned" ? "Training was without success: mAP50-95 stayed 0."
                                              : "Training was " + outcome + ".",
                   outcome == "stable" ? "" : "warning");
    for (const auto& incident : listIn(run.summary.at("stability"), "incidents"))
        page.paragraph(str(textOf(incident, "what"), "; likely cause: ", textOf(incident, "likely_cause"),
                           "; reaction: ", textOf(incident, "reaction"), "."),
                       "warning");
}

ChartLine lineOf(const RunRecord& run, const std::string& name, const std::string& series) {
    const auto found = run.series.find(series);
    return {name, found == run.series.end() ? std::vector<std::pair<double, double>>{} : found->second};
}

void addCurves(HtmlPage& page, const RunRecord& run) {
    LineChart accuracy{"Accuracy",
                       "epoch",
                       {lineOf(run, "mAP50-95", "metrics/mAP50-95(B)"), lineOf(run, "mAP50", "metrics/mAP50(B)")},
                       {}};
    LineChart parts{"Losses", "step", {}, {}};
    for (const std::string& term : run.lossTerms())
        parts.lines.push_back(lineOf(run, term == "cls" ? "class" : term, "train/" + term + "_loss"));
    parts.lines.push_back(lineOf(run, "distillation", "train/distill_loss"));
    const std::string losses = lineChart(parts);
    if (accuracy.lines.front().points.empty() && losses.empty() && !run.series.contains("qc/loss")) return;
    if (const auto fp32 = run.number("metrics", "fp32", "mAP50-95")) accuracy.levels.emplace_back("FP32", *fp32);
    const auto best = run.number("metrics", "best_value"), ratio = run.number("stability", "collapse_threshold_ratio");
    const double reference = std::max(best.value_or(0), run.number("stability", "started_from").value_or(0));
    if (reference > 0 && ratio && *ratio > 0) accuracy.levels.emplace_back("floor", reference * *ratio);
    page.heading("Training");
    if (!accuracy.lines.front().points.empty()) page.figure("Accuracy by epoch", lineChart(accuracy));
    page.figure("Losses by step", losses);
    page.figure(
        "Learning rates by step",
        lineChart({"Learning rates",
                   "step",
                   {lineOf(run, "biases", "lr/pg0"), lineOf(run, "weights", "lr/pg1"), lineOf(run, "norms", "lr/pg2")},
                   {}}));
    page.figure("Share of oscillating low-bit weights by epoch",
                lineChart({"Oscillation", "epoch", {lineOf(run, "share", "oscillation/share")}, {}}));
    page.figure("Loss of the correction by step",
                lineChart({"Correction", "step", {lineOf(run, "loss", "qc/loss")}, {}}));
}

// The layers with the largest values of a metric, among the rows of a table and stage.
void addWorst(HtmlPage& page, const RunRecord& run, const char* title, const std::string& table,
              const std::string& stage, const char* metric, int bits) {
    std::map<std::string, double> values;  // a later row replaces an earlier one
    for (const LayerRow& row : run.layers)
        if (row.table == table && row.stage == stage && (bits == 0 || row.bits == bits) && row.metrics.contains(metric))
            values[row.layer] = row.metrics.at(metric);
    std::vector<Bar> bars;
    for (const auto& [layer, value] : values) {
        char text[32];
        std::snprintf(text, sizeof text, "%.3g", value);
        bars.push_back({layer, text, value});
    }
    std::ranges::stable_sort(bars, std::greater{}, &Bar::value);
    if (bars.size() > kWorstLayers) bars.resize(kWorstLayers);
    page.figure(title, barChart(title, bars));
}

void addLayers(HtmlPage& page, const RunRecord& run) {
    if (std::ranges::none_of(run.layers,
                             [](const LayerRow& row) { return row.table == "error" || row.table == "sensitivity"; }))
        return;
    page.heading("Layers");
    std::string last;
    int fewest = 0;
    for (const LayerRow& row : run.layers) {
        if (row.table == "error") last = row.stage;
        if (row.table == "sensitivity" && (fewest == 0 || row.bits < fewest)) fewest = row.bits;
    }
    for (const char* metric : {"rel_error", "mse"})
        if (std::ranges::any_of(run.layers, [&](const LayerRow& row) {
                return row.table == "error" && row.metrics.contains(metric);
            })) {
            addWorst(page, run,
                     str("Largest output errors, everything quantized (", metric, ", stage ", last, ")").c_str(),
                     "error", last, metric, 0);
            break;
        }
    if (fewest > 0)
        addWorst(page, run,
                 str("Most sensitive layers, alone at ", fewest, " bits (noise to signal at the heads)").c_str(),
                 "sensitivity", "", "score", fewest);
}

// What the correction (QC) multiplies and adds, layer by layer.
void addCorrection(HtmlPage& page, const RunRecord& run) {
    std::vector<const LayerRow*> layers;  // in the order of the network; a later row replaces an earlier one
    for (const LayerRow& row : run.layers) {
        if (row.table != "correction") continue;
        const auto known = std::ranges::find(layers, row.layer, &LayerRow::layer);
        if (known == layers.end())
            layers.push_back(&row);
        else
            *known = &row;
    }
    if (layers.empty()) return;
    std::vector<std::vector<std::string>> rows{{"Layer", "Smallest factor", "Largest factor", "Largest offset"}};
    const auto number = [](const LayerRow& row, const char* metric) {
        const auto found = row.metrics.find(metric);
        return found == row.metrics.end() ? "-" : fixed(found->second, 4);
    };
    for (const LayerRow* row : layers)
        rows.push_back({row->layer, number(*row, "gamma_min"), number(*row, "gamma_max"), number(*row, "beta_max")});
    page.heading("Correction (QC)");
    page.table(rows);
}

void addRest(HtmlPage& page, const RunRecord& run) {
    std::vector<Bar> stages;
    for (const StageTime& stage : run.stages)
        stages.push_back({stage.stage, fixed(stage.seconds, 1) + " s", stage.seconds});
    if (!stages.empty()) page.heading("Time");
    page.figure("Seconds by stage", barChart("Seconds by stage", stages));
    std::string warnings;
    for (const LoggedLine& line : run.logs)
        if (line.level != LogLevel::Info) warnings += line.source + ": " + line.text + "\n";
    page.heading("More");
    if (!warnings.empty()) page.preformatted("Warnings and errors", warnings);
    const auto config = run.summary.find("resolved_config");
    if (config != run.summary.end() && config->is_string())
        page.preformatted("Configuration", config->get<std::string>());
}

}  // namespace

std::string runReport(const RunRecord& run, const std::string& whoWorks) {
    const std::string method = run.text("method", "variant");
    HtmlPage page(run.text("model", "variant") + " " + run.text("quantization", "mode") +
                  (method.empty() ? "" : ", " + method));
    addFacts(page, run);
    if (!run.ended) addUnfinished(page, whoWorks);
    addAccuracy(page, run);
    addGates(page, run);
    addStability(page, run);
    addCurves(page, run);
    addLayers(page, run);
    addCorrection(page, run);
    addRest(page, run);
    return page.finish();
}

std::filesystem::path writeRunReport(const std::filesystem::path& folder, const std::string& whoWorks) {
    const auto file = folder / "report.html";
    writeFileAtomic(file, runReport(readRunRecord(folder), whoWorks));
    return file;
}

}  // namespace qat
