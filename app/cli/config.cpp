// check: what a configuration says and matches. diff: where two differ. schema: the keys, for editors.
#include <algorithm>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <memory>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json_option.h"
#include "cli/output.h"
#include "cli/placement.h"
#include "config/config_io.h"
#include "config/data_name.h"
#include "config/derived.h"
#include "config/table_name.h"
#include "config/yaml_tree.h"
#include "data/chosen_classes.h"
#include "data/class_match.h"
#include "data/dataset.h"
#include "data/shapes.h"
#include "export/exporter.h"
#include "session/data_source.h"
#include "session/inspect.h"
#include "session/model_source.h"
#include "session/pattern_report.h"
#include "task/task.h"

namespace qat::cli {
namespace {

using nlohmann::ordered_json;

ordered_json reportIssues(const std::string& file, const std::vector<ConfigIssue>& found, bool print) {
    ordered_json issues = ordered_json::array();
    for (const ConfigIssue& issue : found) {
        const char* severity = issue.severity == Severity::Error ? "error" : "warning";
        issues.push_back({{"severity", severity},
                          {"line", issue.line},
                          {"column", issue.column},
                          {"key", issue.key},
                          {"message", issue.message}});
        if (print)
            std::cout << file << ":" << issue.line << ":" << issue.column << ": " << severity << ": " << issue.message
                      << "\n";
    }
    return issues;
}

// The layers of the family or table are what patterns are matched with: no checkpoint is needed to check a file.
ModelDescription networkOf(Config config) {
    config.model.pretrainedPath.clear();
    if (!namesTable(config.model.architecture) && !classifies(config.model)) config.data.imgsz = 64;
    return describeModel(config);
}

ordered_json reportPatterns(const std::string& file, const Config& config, const ModelDescription& model, bool print) {
    ordered_json patterns = ordered_json::array();
    for (const PatternMatch& match : matchPatterns(config, model)) {
        patterns.push_back({{"key", match.key},
                            {"pattern", match.pattern},
                            {"line", match.line},
                            {"layers", match.layers},
                            {"warnings", match.warnings}});
        ordered_json others = ordered_json::array();
        for (const OtherUnit& other : match.others) others.push_back({{"unit", other.unit}, {"layers", other.layers}});
        if (!match.modules.empty()) patterns.back()["modules"] = match.modules, patterns.back()["others"] = others;
        if (!print) continue;
        const std::string place = match.line > 0 ? str(file, ":", match.line, ": ") : str(file, ": ", match.key, ": ");
        std::cout << place << "\"" << match.pattern << "\" matches " << match.layers.size()
                  << (match.layers.size() == 1 ? " layer" : " layers") << listed(match.layers) << "\n";
        for (const OtherUnit& other : match.others)
            std::cout << place << "  " << other.layers.size()
                      << (other.layers.size() == 1 ? " of them is " : " of them are ") << joinedWords(other.unit, " + ")
                      << ", not " << joinedWords(match.modules, " + ") << listed(other.layers) << "\n";
        for (const std::string& warning : match.warnings)
            std::cout << place << "warning: \"" << match.pattern << "\" " << warning << "\n";
    }
    return patterns;
}

// Every value of every layer and who stated it: in the file, by a pattern, by a default.
ordered_json reportLayers(const ModelDescription& model, bool print) {
    ordered_json layers = ordered_json::array();
    for (const LayerInfo& layer : model.layers) {
        ordered_json values = ordered_json::object();
        if (print) std::cout << layer.name << "\n";
        for (const LayerValue& v : layer.values) {
            values[v.key] = {{"value", v.value}, {"origin", v.origin}};
            if (print)
                std::cout << "  " << std::left << std::setw(36) << v.key << " " << std::setw(24)
                          << (v.value.empty() ? "-" : v.value) << " " << v.origin << "\n";
        }
        ordered_json policies = ordered_json::array();
        for (const PolicyInfo& policy : layer.policies) {
            policies.push_back({{"name", policy.name}, {"reason", policy.reason}});
            if (print) std::cout << "  " << policy.name << " policy: " << policy.reason << "\n";
        }
        layers.push_back({{"layer", layer.name}, {"values", values}, {"policies", policies}});
    }
    return layers;
}

// Which parts of the detector get more than the sections say, if these ask for less, and why.
ordered_json reportPolicies(const ModelDescription& model, bool print) {
    ordered_json policies = ordered_json::array();
    for (const PolicyInfo& policy : model.policies) {
        policies.push_back({{"name", policy.name}, {"reason", policy.reason}, {"layers", policy.layers}});
        if (print)
            std::cout << policy.name << " policy, " << policy.layers << (policy.layers == 1 ? " layer: " : " layers: ")
                      << policy.reason << "\n";
    }
    return policies;
}

// The guide's loss weights are those of networks with anchors; what they become in others is shown where somebody
// states them.
ordered_json reportLossGains(const Config& config, bool anchors, bool print) {
    const LossWeights& w = config.train.lossWeights;
    const LossGains gains = lossGains(w);
    const auto isStated = [](const auto& source) { return source.first.starts_with("train_params.loss_weights."); };
    if (print && std::ranges::any_of(config.sources.byKey, isStated)) {
        std::cout << "loss_weights box " << w.box << ", cls " << w.cls << ", obj " << w.obj << " are YOLOv5's";
        if (anchors)
            std::cout << ", whose loss this network has\n";
        else
            std::cout << "; gains in YOLOv8's loss: box " << gains.box << ", cls " << gains.cls << ", dfl " << gains.dfl
                      << "\n";
    }
    if (anchors) return {{"box", w.box}, {"cls", w.cls}, {"obj", w.obj}};
    return {{"box", gains.box}, {"cls", gains.cls}, {"dfl", gains.dfl}};
}

// What the runtime of the exported files would refuse, as warnings about export.formats.
void reportRefusals(const std::string& file, const Config& config, const PlacementReport& placement,
                    ordered_json& issues, bool print) {
    for (const Runtime runtime : runtimesOf(config.exporting.formats))
        for (const std::string& refusal : refusals(placement.findings, runtime)) {
            issues.push_back(
                {{"severity", "warning"}, {"line", 0}, {"column", 0}, {"key", "export.formats"}, {"message", refusal}});
            if (print) std::cout << file << ": warning: " << refusal << "\n";
        }
}

// Runs a part of the check; what it refuses becomes an issue of the key.
template <class Check>
void checkKey(std::string_view text, const std::string& key, Severity severity, ConfigReading& reading, Check check) {
    try {
        check();
    } catch (const Error& problem) {
        reading.issues.push_back({severity, configValueAt(text, key).line, 1, key, problem.what()});
    }
}

// What keys of the classifiers' guide mean here.
ordered_json reportSpellings(const std::string& file, const std::vector<ConfigSpelling>& spellings, bool print) {
    ordered_json list = ordered_json::array();
    for (const ConfigSpelling& spelling : spellings) {
        list.push_back({{"line", spelling.line}, {"key", spelling.key}, {"meaning", spelling.meaning}});
        if (print) std::cout << file << ":" << spelling.line << ": " << spelling.key << " " << spelling.meaning << "\n";
    }
    return list;
}

// What is wrong with a table of layers is said of model.architecture.
LabelKind labelsFor(const Config& config) {
    try {
        return taskNamed(taskAsked(config).name).labels();
    } catch (const Error&) {
        return LabelKind::Boxes;
    }
}

// What data.path names must be in order, and fit data.classes and the model. What is not there at all may be there on
// the machine that runs it: a warning.
void checkData(const std::string& file, std::string_view text, const ClassList& model, ConfigReading& reading) {
    Config config = reading.config;
    if (config.data.path.empty()) return;
    resolveConfigPaths(config, std::filesystem::path(file).parent_path());
    const std::string& path = config.data.path;
    std::error_code unknown;
    const std::string place = dataPathOf(path);
    const bool missing = !place.empty() && !std::filesystem::exists(place, unknown) && !unknown;
    ClassList classes{{}, path};
    const LabelKind kind = labelsFor(config);
    checkKey(text, "data.rect", Severity::Error, reading, [&] { requireForm(config.data, kind); });
    checkKey(text, "data.path", missing ? Severity::Warning : Severity::Error, reading, [&] {
        for (const std::string& split : {config.data.trainSplit, config.data.valSplit})
            classes.names = checkDescription(path, splitNamed(split), kind);
    });
    if (classes.names.empty()) return;
    checkKey(text, "data.classes", Severity::Error, reading, [&] { classNumbers(classes.names, config.data.classes); });
    if (model.names.empty()) return;
    checkKey(text, "data.path", Severity::Error, reading, [&] { matchClasses(classes, model, config.data.classes); });
}

struct CheckOptions {
    std::string config, json;
    bool layers = false, groups = false, placement = false;
};

// What the configuration does to its network, in the report and printed.
void describeNetwork(const CheckOptions& o, Config config, ordered_json& report) {
    const bool print = o.json != "-";
    resolveConfigPaths(config, std::filesystem::path(o.config).parent_path());
    const ModelDescription model = networkOf(config);
    const bool placed = config.train.quantize || o.groups || o.placement;
    const PlacementReport placement = placed ? describePlacement(config) : PlacementReport{};
    if (config.train.quantize) reportRefusals(o.config, config, placement, report["issues"], print);
    report["patterns"] = reportPatterns(o.config, config, model, print);
    report["loss_gains"] = reportLossGains(config, model.anchors, print);
    if (o.layers) {
        report["layers"] = reportLayers(model, print);
        report["policies"] = reportPolicies(model, print);
    }
    if (o.groups || o.placement) reportPlacement(placement, {o.groups, o.placement, print}, report);
}

int check(const CheckOptions& o) {
    const std::string &file = o.config, &json = o.json;
    const bool print = json != "-";
    const std::string text = readTextFile(file, kMaxConfigBytes);
    ConfigReading reading = readConfig(text);
    bool described = reading.valid();
    if (described) {
        const ModelCheck models = checkModels(reading.config, std::filesystem::path(file).parent_path());
        checkData(file, text, {models.classNames, models.model}, reading);
        std::ranges::copy(models.issues, std::back_inserter(reading.issues));
        described = models.built;
    }
    ordered_json report{{"valid", reading.valid()},
                        {"issues", reportIssues(file, reading.issues, print)},
                        {"spellings", reportSpellings(file, reading.spellings, print)},
                        {"patterns", ordered_json::array()}};
    if (described) describeNetwork(o, reading.config, report);
    writeJson(json, report);
    if (print) std::cout << file << (reading.valid() ? ": valid\n" : ": not valid\n");
    return reading.valid() ? kDone : kBadInput;
}

int diff(const std::string& first, const std::string& second, const std::string& json) {
    ordered_json rows = ordered_json::array();
    const auto shown = [](const std::string& value) { return value.empty() ? std::string("-") : value; };
    for (const ConfigDifference& d : diffConfigs(loadConfig(first), loadConfig(second))) {
        rows.push_back({{"key", d.key}, {"first", d.first}, {"second", d.second}});
        if (json != "-")
            std::cout << std::left << std::setw(64) << d.key << " " << std::setw(24) << shown(d.first) << " "
                      << shown(d.second) << "\n";
    }
    if (json != "-" && rows.empty()) std::cout << "both mean the same\n";
    writeJson(json, {{"differences", rows}});
    return kDone;
}

}  // namespace

void addCheck(CLI::App& app, Context& context) {
    const auto o = std::make_shared<CheckOptions>();
    CLI::App* command = app.add_subcommand("check", "Validate a configuration and show what its patterns match");
    command->add_option("CONFIG", o->config, "qat_config.yaml")->required();
    addJsonOption(*command, o->json);
    command->add_flag("--layers", o->layers, "Also every value of every layer, and who stated it");
    command->add_flag("--groups", o->groups, "Also which tensors share a range, and which operators join them");
    command->add_flag("--placement", o->placement,
                      "Also what TensorRT and ONNX Runtime make of where the quantizers stand");
    command->callback([&context, o] { context.chosen = [o] { return check(*o); }; });
}

void addDiff(CLI::App& app, Context& context) {
    struct Options {
        std::string first, second, json;
    };
    const auto o = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("diff", "Settings in which two configurations differ, defaults filled in");
    command->add_option("FIRST", o->first, "qat_config.yaml")->required();
    command->add_option("SECOND", o->second, "qat_config.yaml")->required();
    addJsonOption(*command, o->json);
    command->callback([&context, o] { context.chosen = [o] { return diff(o->first, o->second, o->json); }; });
}

void addSchema(CLI::App& app, Context& context) {
    CLI::App* command = app.add_subcommand("schema", "The keys of a configuration as JSON Schema, for editors");
    command->callback([&context] {
        context.chosen = [] {
            std::cout << configJsonSchema();
            return int{kDone};
        };
    });
}

}  // namespace qat::cli
