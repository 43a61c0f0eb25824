// inspect: what a model consists of. check: what a configuration says and matches.
#include <iomanip>
#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/files.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "config/config_io.h"
#include "config/pattern.h"
#include "session/inspect.h"

namespace qat::cli {
namespace {

using nlohmann::ordered_json;

ordered_json layerJson(const LayerInfo& layer) {
    return {{"name", layer.name}, {"aliases", layer.aliases}, {"op", layer.op}, {"weight_shape", layer.weightShape}, {"output_shape", layer.outputShape}, {"macs", layer.macs}};
}

std::string shapeText(const std::vector<int64_t>& shape) {
    std::string text;
    for (const int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
    return text;
}

int inspect(const std::string& model, int imgsz, const std::string& json) {
    const ModelDescription description = describeModel(model, imgsz);
    ordered_json layers = ordered_json::array();
    for (const LayerInfo& layer : description.layers) layers.push_back(layerJson(layer));
    writeJson(json, {{"parameters", description.parameters}, {"macs", description.macs}, {"input", description.input}, {"layers", layers}});
    if (json == "-") return kDone;
    std::cout << description.parameters << " parameters, " << description.macs << " multiply-accumulates at " << imgsz << "x" << imgsz << ", "
              << description.layers.size() << " layers, " << description.classNames.size() << " classes\n";
    for (const LayerInfo& layer : description.layers)
        std::cout << std::left << std::setw(28) << layer.name << std::setw(10) << layer.op << std::setw(16) << shapeText(layer.weightShape) << std::setw(18)
                  << shapeText(layer.outputShape) << layer.macs << "\n";
    return kDone;
}

ordered_json patternsJson(const Config& config, const ModelDescription& description) {
    ordered_json patterns = ordered_json::array();
    for (const LayerConfig& entry : config.quantization.layerConfigs) {
        const LayerPattern pattern(entry.pattern);
        ordered_json matched = ordered_json::array();
        for (const LayerInfo& layer : description.layers)
            if (pattern.matches(layer.name, layer.aliases)) matched.push_back(layer.name);
        patterns.push_back({{"pattern", entry.pattern}, {"line", entry.line}, {"layers", matched}});
    }
    return patterns;
}

int check(const std::string& file, const std::string& json) {
    const ConfigReading reading = readConfig(readFile(file));
    ordered_json issues = ordered_json::array();
    for (const ConfigIssue& issue : reading.issues) {
        const char* severity = issue.severity == Severity::Error ? "error" : "warning";
        issues.push_back({{"severity", severity}, {"line", issue.line}, {"column", issue.column}, {"key", issue.key}, {"message", issue.message}});
        if (json != "-") std::cout << file << ":" << issue.line << ":" << issue.column << ": " << severity << ": " << issue.message << "\n";
    }
    ordered_json patterns = ordered_json::array();
    if (reading.valid()) {
        // The family's layers are what patterns are matched with: no checkpoint is needed to check a file.
        patterns = patternsJson(reading.config, describeModel(std::filesystem::path("yolov8" + reading.config.model.variant), 64));
        for (const auto& pattern : patterns)
            if (json != "-") std::cout << file << ":" << pattern["line"] << ": \"" << pattern["pattern"].get<std::string>() << "\" matches " << pattern["layers"].size() << " layers\n";
    }
    writeJson(json, {{"valid", reading.valid()}, {"issues", issues}, {"patterns", patterns}});
    if (json != "-") std::cout << file << (reading.valid() ? ": valid\n" : ": not valid\n");
    return reading.valid() ? kDone : kBadInput;
}

}  // namespace

void addInspect(CLI::App& app, Context& context) {
    struct Options { std::string model, json; int imgsz = 640; };
    const auto o = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("inspect", "Layers, aliases, shapes, parameters and multiply-accumulates of a model");
    command->add_option("MODEL", o->model, "Checkpoint (.pt, .th, .safetensors), run folder, yolov8n .. yolov8x, or builtin:shapes")->required();
    command->add_option("--imgsz", o->imgsz, "Side of the square input, pixels")->capture_default_str();
    command->add_option("--json", o->json, "Write JSON to this file, - for standard output");
    command->callback([&context, o] { context.chosen = [o] { return inspect(o->model, o->imgsz, o->json); }; });
}

void addCheck(CLI::App& app, Context& context) {
    struct Options { std::string config, json; };
    const auto o = std::make_shared<Options>();
    CLI::App* command = app.add_subcommand("check", "Validate a configuration and show what its patterns match");
    command->add_option("CONFIG", o->config, "qat_config.yaml")->required();
    command->add_option("--json", o->json, "Write JSON to this file, - for standard output");
    command->callback([&context, o] { context.chosen = [o] { return check(o->config, o->json); }; });
}

}  // namespace qat::cli
