// Entering run folders and writing results.csv.
#include "session/run_folder.h"

#include <array>
#include <cstdio>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"

namespace qat {
namespace {

std::string column(const std::string& text) {
    std::array<char, 64> field;
    std::snprintf(field.data(), field.size(), "%23s", text.c_str());
    return field.data();
}

std::string column(double value) {
    std::array<char, 64> text;
    std::snprintf(text.data(), text.size(), "%.5g", value);
    return column(std::string(text.data()));
}

}  // namespace

void requireSameRun(const RunFolder& folder, const Config& config) {
    require(std::filesystem::exists(folder.config()), ErrorKind::BadInput, "cannot resume: ", folder.root.string(), " is not a run folder (no config.yaml)");
    require(writeConfig(essentials(loadConfig(folder.config()))) == writeConfig(essentials(config)), ErrorKind::BadInput, "cannot resume: ", folder.config().string(),
            " differs from the given configuration");
}

void checkRunFolder(const JobRequest& request, const Config& config) {
    const RunFolder folder{request.out};
    if (request.resume) requireSameRun(folder, config);
    else
        require(!std::filesystem::exists(folder.config()), ErrorKind::BadInput, folder.root.string(),
                " already holds a run: resume it or choose another folder");
}

RunFolder enterRunFolder(const JobRequest& request, const Config& config) {
    checkRunFolder(request, config);
    const RunFolder folder{request.out};
    for (const auto& path : {folder.root, folder.weights(), folder.checkpoint(), folder.previews(), folder.exports()}) makeWritableFolder(path);
    if (request.resume) {
        removeHalfWritten(folder.root);
        return folder;
    }
    if (std::filesystem::exists(request.config)) writeFileAtomic(folder.userConfig(), readFile(request.config));
    writeFileAtomic(folder.config(), writeConfig(config));
    return folder;
}

void writeResults(const std::filesystem::path& file, const std::vector<EpochResult>& epochs) {
    const bool distilled = !epochs.empty() && epochs.front().distillLoss;
    std::vector<std::string> columns{"epoch"};
    if (!epochs.empty())
        for (const LossTerm& loss : epochs.front().losses) columns.push_back("train/" + loss.name + "_loss");
    columns.insert(columns.end(), {"metrics/precision(B)", "metrics/recall(B)", "metrics/mAP50(B)", "metrics/mAP50-95(B)", "lr/pg0", "lr/pg1", "lr/pg2"});
    const bool both = !epochs.empty() && epochs.front().rawMap;
    if (both) columns.insert(columns.end(), {"metrics/raw/mAP50(B)", "metrics/raw/mAP50-95(B)"});
    if (distilled) columns.push_back("train/distill_loss");
    std::string text;
    for (const std::string& name : columns) text += (text.empty() ? "" : ",") + column(name);
    text += "\n";
    for (const EpochResult& e : epochs) {
        text += column(std::to_string(e.epoch));
        for (const LossTerm& loss : e.losses) text += "," + column(loss.value);
        for (const double value : {e.precision, e.recall, e.map50, e.map, e.lrBias, e.lrWeight, e.lrNorm})
            text += "," + column(value);
        if (both) text += "," + column(e.rawMap50.value_or(0)) + "," + column(e.rawMap.value_or(0));
        if (distilled) text += "," + column(e.distillLoss.value_or(0));
        text += "\n";
    }
    writeFileAtomic(file, text);
}

}  // namespace qat
