// Entering run folders and writing results.csv.
#include "session/run_folder.h"

#include <sys/stat.h>
#include <unistd.h>

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

// A link to a larger disk is the user's own; one that somebody else prepared sends our files where he wants them.
void refuseForeignLink(const std::filesystem::path& path) {
    struct stat info {};
    require(::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode) || info.st_uid == ::geteuid() || info.st_uid == 0, ErrorKind::BadInput,
            path.string(), " is a link that belongs to another user: nothing is written through it");
}

}  // namespace

void requireSameRun(const RunFolder& folder, const Config& config) {
    std::error_code unreadable;
    require(std::filesystem::exists(folder.config(), unreadable), ErrorKind::BadInput, "cannot resume: ", folder.root.string(), " is not a run folder (no config.yaml)");
    require(writeConfig(essentials(loadConfig(folder.config()))) == writeConfig(essentials(config)), ErrorKind::BadInput, "cannot resume: ", folder.config().string(),
            " differs from the given configuration");
}

void checkRunFolder(const JobRequest& request, const Config& config) {
    const RunFolder folder{request.out};
    if (request.resume) requireSameRun(folder, config);
    std::error_code unreadable;
    if (!request.resume)
        require(!std::filesystem::exists(folder.config(), unreadable), ErrorKind::BadInput, folder.root.string(),
                " already holds a run: resume it or choose another folder");
}

RunFolder enterRunFolder(const JobRequest& request, const Config& config) {
    checkRunFolder(request, config);
    const RunFolder folder{request.out};
    for (const auto& path : {folder.weights(), folder.checkpoint(), folder.previews(), folder.exports(), folder.tensorboard()}) makeWritableFolder(path), refuseForeignLink(path);
    if (request.resume) {
        removeHalfWritten(folder.root);
        return folder;
    }
    writeFileAtomic(folder.userConfig(), readFile(request.config));
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
