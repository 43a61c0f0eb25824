// Digests of data and weights, not copies: what changed is not known, only that something did. Tables are small.
#include "session/run_inputs.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "config/table_name.h"
#include "config/yaml_tree.h"

namespace qat {
namespace {

using nlohmann::json;

json inputsJson(const RunInputs& inputs) {
    const auto digest = [](const DataDigest& data) { return json{{"covers", data.covers}, {"sha256", data.sha256}}; };
    return {{"train", digest(inputs.train)},
            {"val", digest(inputs.val)},
            {"classes", inputs.classNames},
            {"model", inputs.modelSha256}};
}

RunInputs readInputs(const std::filesystem::path& file) {
    try {
        const json kept = json::parse(readFile(file));
        const auto digest = [&](const char* split) {
            return DataDigest{kept.at(split).at("covers"), kept.at(split).at("sha256")};
        };
        return {digest("train"), digest("val"), kept.at("classes"), kept.at("model")};
    } catch (const json::exception&) {
        fail(ErrorKind::BadInput, file.string(), " is damaged");
    }
}

void requireSame(bool same, const RunFolder& folder, const std::string& what) {
    require(same, ErrorKind::BadInput, "cannot resume ", folder.root.string(), ": ", what, " it began with");
}

bool hasBegun(const RunFolder& folder) {
    std::error_code unreadable;
    return std::filesystem::exists(folder.checkpoint() / "stages.json", unreadable) ||
           std::filesystem::exists(folder.checkpoint() / "train_state.safetensors", unreadable);
}

}  // namespace

std::string holdToInputs(const RunFolder& folder, const Config& config, const RunInputs& inputs) {
    const auto file = folder.checkpoint() / "data.json";
    std::error_code unreadable;
    if (!std::filesystem::exists(file, unreadable)) {
        writeFileAtomic(file, jsonText(inputsJson(inputs), 2) + "\n");
        return hasBegun(folder)
                   ? "this run does not say which pictures and labels it began with, so it is taken on trust "
                     "that they are still the same"
                   : "";
    }
    const RunInputs kept = readInputs(file);
    const auto pictures = [&](const std::string& split) {
        return str("the pictures or labels of the ", split, " split of ", config.data.path, " are not those");
    };
    requireSame(kept.train.sha256 == inputs.train.sha256, folder, pictures(config.data.trainSplit));
    requireSame(kept.val.sha256 == inputs.val.sha256, folder, pictures(config.data.valSplit));
    requireSame(kept.classNames == inputs.classNames, folder,
                str("the class names of ", config.data.path, " are not those"));
    requireSame(kept.modelSha256 == inputs.modelSha256, folder,
                str("the weights in ", config.model.pretrainedPath, " are not those"));
    return "";
}

void holdToTable(const RunFolder& folder, const Config& config) {
    const std::string& file = config.model.architecture;
    std::error_code unreadable;
    const bool both = namesTable(file) && std::filesystem::exists(folder.table(), unreadable) &&
                      std::filesystem::exists(file, unreadable);
    if (both)
        requireSame(readFile(file, kMaxConfigBytes) == readFile(folder.table()), folder,
                    str("the table of layers in ", file, " is not that"));
}

void keepTable(const RunFolder& folder, const Config& config) {
    std::error_code unreadable;
    if (!namesTable(config.model.architecture) || std::filesystem::exists(folder.table(), unreadable)) return;
    writeFileAtomic(folder.table(), readFile(config.model.architecture, kMaxConfigBytes));
}

}  // namespace qat
