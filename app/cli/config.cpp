// check: what a configuration says and matches. diff: where two differ. schema: the keys, for editors.
#include <iomanip>
#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/config_io.h"
#include "session/inspect.h"
#include "session/pattern_report.h"

namespace qat::cli {
namespace {

using nlohmann::ordered_json;

ordered_json reportIssues(const std::string& file, const ConfigReading& reading, bool print) {
    ordered_json issues = ordered_json::array();
    for (const ConfigIssue& issue : reading.issues) {
        const char* severity = issue.severity == Severity::Error ? "error" : "warning";
        issues.push_back({{"severity", severity}, {"line", issue.line}, {"column", issue.column}, {"key", issue.key}, {"message", issue.message}});
        if (print) std::cout << file << ":" << issue.line << ":" << issue.column << ": " << severity << ": " << issue.message << "\n";
    }
    return issues;
}

// The layers on one line, cut where it would run on.
std::string listed(const std::vector<std::string>& layers) {
    constexpr size_t kMost = 6;
    std::string text;
    for (size_t i = 0; i < std::min(layers.size(), kMost); ++i) text += (i ? ", " : ": ") + layers[i];
    return layers.size() > kMost ? str(text, ", ... ", layers.back()) : text;
}

ordered_json reportPatterns(const std::string& file, const Config& config, bool print) {
    // The family's layers are what patterns are matched with: no checkpoint is needed to check a file.
    const ModelDescription model = describeModel(std::filesystem::path("yolov8" + config.model.variant), 64);
    ordered_json patterns = ordered_json::array();
    for (const PatternMatch& match : matchPatterns(config, model)) {
        patterns.push_back({{"key", match.key}, {"pattern", match.pattern}, {"line", match.line}, {"layers", match.layers}, {"warnings", match.warnings}});
        if (!print) continue;
        const std::string place = match.line > 0 ? str(file, ":", match.line, ": ") : str(file, ": ", match.key, ": ");
        std::cout << place << "\"" << match.pattern << "\" matches " << match.layers.size() << (match.layers.size() == 1 ? " layer" : " layers") << listed(match.layers) << "\n";
        for (const std::string& warning : match.warnings) std::cout << place << "warning: \"" << match.pattern << "\" " << warning << "\n";
    }
    return patterns;
}

int check(const std::string& file, const std::string& json) {
    const bool print = json != "-";
    const ConfigReading reading = readConfig(readFile(file));
    const ordered_json issues = reportIssues(file, reading, print);
    const ordered_json patterns = reading.valid() ? reportPatterns(file, reading.config, print) : ordered_json::array();
    writeJson(json, {{"valid", reading.valid()}, {"issues", issues}, {"patterns", patterns}});
    if (print) std::cout << file << (reading.valid() ? ": valid\n" : ": not valid\n");
    return reading.valid() ? kDone : kBadInput;
}

int diff(const std::string& first, const std::string& second, const std::string& json) {
    ordered_json rows = ordered_json::array();
    const auto shown = [](const std::string& value) { return value.empty() ? std::string("-") : value; };
    for (const ConfigDifference& d : diffConfigs(loadConfig(first), loadConfig(second))) {
        rows.push_back({{"key", d.key}, {"first", d.first}, {"second", d.second}});
        if (json != "-") std::cout << std::left << std::setw(64) << d.key << " " << std::setw(24) << shown(d.first) << " " << shown(d.second) << "\n";
    }
    if (json != "-" && rows.empty()) std::cout << "both mean the same\n";
    writeJson(json, {{"differences", rows}});
    return kDone;
}

}  // namespace

void addCheck(CLI::App& app, Context& context) {
    struct Options { std::string config, json; };
    const auto o = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("check", "Validate a configuration and show what its patterns match");
    command->add_option("CONFIG", o->config, "qat_config.yaml")->required();
    command->add_option("--json", o->json, "Write JSON to this file, - for standard output");
    command->callback([&context, o] { context.chosen = [o] { return check(o->config, o->json); }; });
}

void addDiff(CLI::App& app, Context& context) {
    struct Options { std::string first, second, json; };
    const auto o = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("diff", "Settings in which two configurations differ, defaults filled in");
    command->add_option("FIRST", o->first, "qat_config.yaml")->required();
    command->add_option("SECOND", o->second, "qat_config.yaml")->required();
    command->add_option("--json", o->json, "Write JSON to this file, - for standard output");
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
