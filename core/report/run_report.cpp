// The sections of the page, in the order in which one asks.
#include "report/run_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "report/figures.h"
#include "report/html_page.h"
#include "report/svg_chart.h"
#include "runs/folder.h"

namespace qat {
namespace {

constexpr size_t kWorstLayers = 20;

std::string cell(const std::optional<double>& value, int digits = 4) {
    return fixed(value, digits);
}

std::string change(const std::optional<double>& value, const std::optional<double>& base, int decimals) {
    if (!value || !base) return "-";
    return (*value >= *base ? "+" : "") + fixed(*value - *base, decimals);
}

void addFacts(HtmlPage& page, const ReportedRun& run) {
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
                {"Time", fixed(run.events.seconds(), 0) + " s"}});
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

// Head, input and post-processing, which tell a model's figures from those of another protocol.
std::string measuredText(const ReportedRun& run) {
    const auto metrics = run.summary.find("metrics");
    const nlohmann::json measured =
        metrics != run.summary.end() && metrics->is_object() ? metrics->value("measured", nlohmann::json()) : nullptr;
    std::string text;
    for (const char* key : {"head", "input", "post_processing", "not_scored"})
        if (const std::string said = textOf(measured, key); !said.empty())
            text += str(text.empty() ? "" : ", ", said, key == std::string_view("head") ? " head" : "");
    return text;
}

std::optional<double> confidenceOf(const ReportedRun& run, std::string_view model) {
    const auto told = run.number("metrics", "recommended_confidence", model);
    return told ? told : run.events.value(series::accuracy(model, series::kConfidence));
}

// Quantization moves scores, those of heads without suppression most of all: a threshold chosen in FP32 is then wrong.
void addConfidence(HtmlPage& page, const ReportedRun& run) {
    const auto fp32 = confidenceOf(run, series::kFp32), final = confidenceOf(run, series::kFinal),
               quantized = final ? final : confidenceOf(run, series::kPtq);
    if (!fp32 || !quantized) return;
    page.paragraph(str("Recommended confidence of the quantized model: ", fixed(*quantized, 3), ", in FP32 ",
                       fixed(*fp32, 3), "; there F1 is best."),
                   "note");
}

void addAccuracy(HtmlPage& page, const ReportedRun& run) {
    const std::vector<MetricName> metrics = run.events.metrics.headlines();
    const int decimals = metrics.front().decimals;
    std::vector<std::vector<std::string>> rows{{"Model"}};
    for (const MetricName& metric : metrics) rows.front().push_back(metric.label);
    rows.front().emplace_back("to FP32");
    rows.front().emplace_back("recommended confidence");
    const auto fp32 = run.score(series::kFp32);
    for (const auto& [name, key] : {std::pair{"FP32", series::kFp32},
                                    {"Calibrated (PTQ)", series::kPtq},
                                    {"Before correction (QC)", series::kBeforeCorrection},
                                    {"Final", series::kFinal}}) {
        const auto score = run.score(key);
        if (!score) continue;
        rows.push_back({name});
        for (const MetricName& metric : metrics)
            rows.back().push_back(cell(run.number("metrics", key, metric.label), metric.decimals));
        rows.back().push_back(change(score, fp32, decimals));
        rows.back().push_back(cell(confidenceOf(run, key), 3));
    }
    if (rows.size() == 1) return;
    page.heading("Accuracy");
    page.table(rows);
    if (const std::string measured = measuredText(run); !measured.empty())
        page.paragraph("Measured with: " + measured + ".", "note");
    addConfidence(page, run);
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

void addGates(HtmlPage& page, const ReportedRun& run) {
    for (const auto& gate : listIn(run.summary, "gates"))
        if (gate.is_string()) page.paragraph("Gate failed: " + gate.get<std::string>(), "error");
    if (const std::string gate = run.text("overridden_gate"); !gate.empty())
        page.paragraph("Gate overridden: " + gate, "warning");
}

void addStability(HtmlPage& page, const ReportedRun& run) {
    const std::string outcome = run.text("stability", "outcome");
    if (outcome.empty() || outcome == "not_trained") return;
    page.heading("Stability");
    page.paragraph(outcome == "never_learned"
                       ? str("Training was without success: ", run.events.metrics.primary().label, " stayed 0.")
                       : "Training was " + outcome + ".",
                   outcome == "stable" ? "" : "warning");
    for (const auto& incident : listIn(run.summary.at("stability"), "incidents"))
        page.paragraph(str(textOf(incident, "what"), "; likely cause: ", textOf(incident, "likely_cause"),
                           "; reaction: ", textOf(incident, "reaction"), "."),
                       "warning");
}

ChartLine lineOf(const ReportedRun& run, const std::string& name, std::string_view series) {
    const RunSeries* found = run.events.find(series);
    return {name, found ? found->curve() : std::vector<std::pair<double, double>>{}};
}

void addCurves(HtmlPage& page, const ReportedRun& run) {
    LineChart accuracy{"Accuracy", "epoch", {}, {}};
    for (const MetricName& metric : run.events.metrics.headlines())
        accuracy.lines.push_back(lineOf(run, metric.label, series::ofEpochs(metric.key)));
    LineChart parts{"Losses", "step", {}, {}};
    for (const std::string& term : run.labelLossTerms())
        parts.lines.push_back(lineOf(run, term == "cls" ? "class" : term, series::loss(term)));
    parts.lines.push_back(lineOf(run, "distillation", series::loss(series::kDistill)));
    const std::string losses = lineChart(parts);
    if (accuracy.lines.front().points.empty() && losses.empty() && !run.events.find(series::kCorrectionLoss)) return;
    if (const auto fp32 = run.score(series::kFp32)) accuracy.levels.emplace_back("FP32", *fp32);
    const auto best = run.number("metrics", "best_value"), ratio = run.number("stability", "collapse_threshold_ratio");
    const double reference = std::max(best.value_or(0), run.number("stability", "started_from").value_or(0));
    if (reference > 0 && ratio && *ratio > 0) accuracy.levels.emplace_back("floor", reference * *ratio);
    page.heading("Training");
    if (!accuracy.lines.front().points.empty()) page.figure("Accuracy by epoch", lineChart(accuracy));
    page.figure("Losses by step", losses);
    page.figure("Learning rates by step",
                lineChart({"Learning rates",
                           "step",
                           {lineOf(run, "biases", series::kBiasRate), lineOf(run, "weights", series::kWeightRate),
                            lineOf(run, "norms", series::kNormRate)},
                           {}}));
    page.figure("Share of oscillating low-bit weights by epoch",
                lineChart({"Oscillation", "epoch", {lineOf(run, "share", series::kOscillating)}, {}}));
    page.figure("Loss of the correction by step",
                lineChart({"Correction", "step", {lineOf(run, "loss", series::kCorrectionLoss)}, {}}));
}

// Of the rows of a table: which, and the metrics.
using LayerRowRef = std::pair<const LayerKey, LayerMetrics>;

std::vector<const LayerRowRef*> rowsOf(const ReportedRun& run, std::string_view table) {
    std::vector<const LayerRowRef*> rows;
    for (const LayerRowRef& row : run.events.layerRows)
        if (row.first.table == table) rows.push_back(&row);
    std::ranges::sort(rows, {}, [](const LayerRowRef* row) { return row->second.line; });
    return rows;
}

// The layers with the largest values of a metric, among the rows of a stage; `bits`: 0 for those of any width.
void addWorst(HtmlPage& page, const std::vector<const LayerRowRef*>& rows, const std::string& title,
              const std::string& stage, std::string_view metric, int bits) {
    std::map<std::string, double> values;  // a later row replaces an earlier one
    for (const LayerRowRef* row : rows)
        if (row->first.stage == stage && (bits == 0 || row->first.bits == bits) &&
            std::isfinite(row->second.value(metric)))
            values[row->first.layer] = row->second.value(metric);
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

void addLayers(HtmlPage& page, const ReportedRun& run) {
    const auto errors = rowsOf(run, tables::kError), sensitivities = rowsOf(run, tables::kSensitivity);
    if (errors.empty() && sensitivities.empty()) return;
    page.heading("Layers");
    for (const char* metric : {"rel_error", "mse"}) {
        if (std::ranges::none_of(errors, [&](const LayerRowRef* row) { return row->second.contains(metric); }))
            continue;
        const std::string stage = errors.back()->first.stage;
        addWorst(page, errors, str("Largest output errors, everything quantized (", metric, ", stage ", stage, ")"),
                 stage, metric, 0);
        break;
    }
    if (sensitivities.empty()) return;
    const int fewest = run.events.bitsOf(tables::kSensitivity).front();
    addWorst(page, sensitivities,
             str("Most sensitive layers, alone at ", fewest, " bits (noise to signal at the heads)"), "", "score",
             fewest);
}

// What the correction (QC) multiplies and adds, layer by layer in the order of the network.
void addCorrection(HtmlPage& page, const ReportedRun& run) {
    const auto layers = rowsOf(run, tables::kCorrection);
    if (layers.empty()) return;
    std::vector<std::vector<std::string>> rows{{"Layer", "Smallest factor", "Largest factor", "Largest offset"}};
    const auto number = [](const LayerRowRef* row, const char* metric) {
        const double value = row->second.value(metric);
        return std::isfinite(value) ? fixed(value, 4) : "-";
    };
    for (const LayerRowRef* row : layers)
        rows.push_back({row->first.layer, number(row, "gamma_min"), number(row, "gamma_max"), number(row, "beta_max")});
    page.heading("Correction (QC)");
    page.table(rows);
}

void addExports(HtmlPage& page, const ReportedRun& run) {
    if (run.events.exports.empty()) return;
    std::vector<std::vector<std::string>> rows{{"File", "Format", "Bytes", "Check"}};
    for (const ExportEvent& file : run.events.exports)
        rows.push_back({file.file, file.format, std::to_string(file.bytes), file.sentence});
    page.heading("Exported files");
    page.table(rows);
}

void addRest(HtmlPage& page, const ReportedRun& run) {
    std::vector<Bar> stages;
    for (const RunStage& stage : run.events.stages)
        if (stage.state == StageState::Done || stage.allSeconds > 0)
            stages.push_back(
                {std::string(stages::title(stage.name)), fixed(stage.allSeconds, 1) + " s", stage.allSeconds});
    if (!stages.empty()) page.heading("Time");
    page.figure("Seconds by stage", barChart("Seconds by stage", stages));
    std::string warnings;
    for (const LogLine& line : run.events.log.lines)
        if (line.level != LogLevel::Info) warnings += line.source + ": " + line.text + "\n";
    page.heading("More");
    if (!warnings.empty()) page.preformatted("Warnings and errors", warnings);
    const auto config = run.summary.find("resolved_config");
    if (config != run.summary.end() && config->is_string())
        page.preformatted("Configuration", config->get<std::string>());
}

}  // namespace

std::string runReport(const ReportedRun& run, const std::string& whoWorks) {
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
    addExports(page, run);
    addRest(page, run);
    return page.finish();
}

std::filesystem::path writeRunReport(const std::filesystem::path& folder, const std::string& whoWorks) {
    const auto file = RunFolder{folder}.report();
    writeFileAtomic(file, runReport(readRun(folder), whoWorks));
    return file;
}

}  // namespace qat
