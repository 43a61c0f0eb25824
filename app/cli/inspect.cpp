// inspect: what a model consists of.
#include <iomanip>
#include <iostream>
#include <memory>

#include "cli/commands.h"
#include "cli/json_option.h"
#include "cli/opened_model.h"
#include "cli/output.h"
#include "session/inspect.h"

namespace qat::cli {
namespace {

using nlohmann::ordered_json;

ordered_json layerJson(const LayerInfo& layer) {
    return {{"name", layer.name},
            {"aliases", layer.aliases},
            {"op", layer.op},
            {"weight_shape", layer.weightShape},
            {"output_shape", layer.outputShape},
            {"macs", layer.macs}};
}

std::string shapeText(const std::vector<int64_t>& shape) {
    std::string text;
    for (const int64_t size : shape) text += (text.empty() ? "" : "x") + std::to_string(size);
    return text;
}

int inspect(const std::string& model, int asked, const std::string& json) {
    const ModelDescription description = describeModel(model, asked > 0 ? imageSizeOption(asked) : 0);
    const int64_t imgsz = description.input.at(1);
    tellNotices(model, description.notes);
    ordered_json layers = ordered_json::array();
    for (const LayerInfo& layer : description.layers) layers.push_back(layerJson(layer));
    writeJson(json, {{"architecture", description.architecture},
                     {"variant", description.variant},
                     {"head", description.head},
                     {"parameters", description.parameters},
                     {"macs", description.macs},
                     {"input", description.input},
                     {"notes", description.notes},
                     {"layers", layers}});
    if (json == "-") return kDone;
    std::cout << description.parameters << " parameters, " << description.macs << " multiply-accumulates at " << imgsz
              << "x" << imgsz << ", " << description.layers.size() << " layers, " << description.classNames.size()
              << " classes\n";
    for (const LayerInfo& layer : description.layers)
        std::cout << std::left << std::setw(28) << layer.name << std::setw(10) << layer.op << std::setw(16)
                  << shapeText(layer.weightShape) << std::setw(18) << shapeText(layer.outputShape) << layer.macs
                  << "\n";
    return kDone;
}

}  // namespace

void addInspect(CLI::App& app, Context& context) {
    struct Options {
        std::string model, json;
        int imgsz = 0;
    };
    const auto o = std::make_shared<Options>();
    CLI::App* command =
        app.add_subcommand("inspect", "Layers, aliases, shapes, parameters and multiply-accumulates of a model");
    command->add_option("MODEL", o->model, kModelHelp)->required();
    command->add_option("--imgsz", o->imgsz, kImageSizeHelp);
    addJsonOption(*command, o->json);
    command->callback([&context, o] { context.chosen = [o] { return inspect(o->model, o->imgsz, o->json); }; });
}

}  // namespace qat::cli
