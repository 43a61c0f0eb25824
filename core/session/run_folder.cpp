// Entering run folders and writing results.csv.
#include "session/run_folder.h"

#include <sys/stat.h>
#include <unistd.h>
#include <map>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "config/resumable.h"
#include "report/summary_version.h"
#include "runs/words.h"
#include "train/train_state.h"

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

// What results.csv says of an epoch beside its number, by column.
std::vector<std::pair<std::string, double>> figuresOf(const EpochResult& e) {
    std::vector<std::pair<std::string, double>> cells;
    for (const LossTerm& loss : e.losses) cells.emplace_back("train/" + loss.name + "_loss", loss.value);
    for (const Metric& metric : e.metrics.values) cells.emplace_back(series::ofEpochs(metric.key), metric.value);
    cells.insert(cells.end(), {{"lr/pg0", e.lrBias}, {"lr/pg1", e.lrWeight}, {"lr/pg2", e.lrNorm}});
    if (e.raw)
        for (const Metric& metric : e.raw->values)
            if (metric.headline) cells.emplace_back(series::ofRawEpochs(metric.key), metric.value);
    if (e.distillLoss) cells.emplace_back("train/distill_loss", *e.distillLoss);
    return cells;
}

// A link to a larger disk is the user's own; one that somebody else prepared sends our files where he wants them.
void refuseForeignLink(const std::filesystem::path& path) {
    struct stat info {};
    require(
        ::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode) || info.st_uid == ::geteuid() || info.st_uid == 0,
        ErrorKind::BadInput, path.string(), " is a link that belongs to another user: nothing is written through it");
}

// train_params.lr was 0.01 and is 0.1, ...: five at most.
std::string told(const std::vector<ConfigDifference>& differences) {
    constexpr size_t kMost = 5;
    const auto shown = [](const std::string& value) { return value.empty() ? std::string("empty") : value; };
    std::string text;
    for (size_t i = 0; i < std::min(differences.size(), kMost); ++i)
        text += str(i ? ", " : "", differences[i].key, " was ", shown(differences[i].first), " and is ",
                    shown(differences[i].second));
    return differences.size() > kMost ? str(text, " and ", differences.size() - kMost, " more") : text;
}

// More epochs go on, fewer than are done cannot be, and after the end of training there is no more of it.
void requireReachable(const RunFolder& folder, const Config& kept, const Config& config) {
    const int wanted = config.train.epochs;
    const auto done = wanted == kept.train.epochs ? std::nullopt : trainProgress(folder.checkpoint());
    if (!done) return;
    const std::string before = str("cannot resume ", folder.root.string(), " with ", wanted, " epochs: ");
    const std::string instead = "; a new run can start from its weights (model.pretrained_path)";
    require(wanted >= done->epochs, ErrorKind::BadInput, before, done->epochs, " have begun or are done");
    require(!done->earlier, ErrorKind::BadInput, before, "its checkpoint is of an earlier version", instead);
    require(!done->tuning, ErrorKind::BadInput, before, "its fine-tuning has begun", instead);
    require(!done->halted, ErrorKind::BadInput, before, "its training was stopped for good", instead);
}

// What was made after the last epoch is made anew after more of them. In this order a kill in between costs work only.
// user_config.yaml stays if the run is resumed with the configuration that was resolved from it.
void adoptSettings(const RunFolder& folder, const JobRequest& request, const Config& kept, const Config& config) {
    if (kept.train.epochs != config.train.epochs || kept.train.patience != config.train.patience) {
        for (const char* name : {"correction_state.safetensors", "correction_state.previous.safetensors"})
            std::filesystem::remove(folder.checkpoint() / name);
    }
    std::error_code unreadable;
    if (!std::filesystem::equivalent(request.config, folder.config(), unreadable))
        writeFileAtomic(folder.userConfig(), readFile(request.config));
    writeFileAtomic(folder.config(), writeConfig(config));
}

}  // namespace

void requireSameRun(const RunFolder& folder, const Config& config) {
    std::error_code unreadable;
    require(std::filesystem::exists(folder.config(), unreadable), ErrorKind::BadInput,
            "cannot resume: ", folder.root.string(), " is not a run folder (no config.yaml)");
    const Config kept = loadConfig(folder.config());
    const auto differences = lastingDifferences(kept, config);
    require(differences.empty(), ErrorKind::BadInput, "cannot resume ", folder.root.string(),
            " with another configuration: ", told(differences));
    requireReachable(folder, kept, config);
}

bool hasMoreToDo(const RunFolder& folder, const Config& config) {
    return std::ranges::any_of(diffConfigs(loadConfig(folder.config()), config),
                               [](const ConfigDifference& d) { return asksForMore(d.key); });
}

void checkRunFolder(const JobRequest& request, const Config& config) {
    const RunFolder folder{request.out};
    if (request.resume) {
        requireSameRun(folder, config);
        const SummaryTrouble trouble = summaryTrouble(request.out);  // a damaged one is made anew
        require(!trouble.newer, ErrorKind::BadInput, "cannot resume ", request.out.string(), ": ", trouble.sentence);
    }
    std::error_code unreadable;
    if (!request.resume)
        require(!std::filesystem::exists(folder.config(), unreadable), ErrorKind::BadInput, folder.root.string(),
                " already holds a run: resume it or choose another folder");
}

RunFolder enterRunFolder(const JobRequest& request, const Config& config) {
    checkRunFolder(request, config);
    const RunFolder folder{request.out};
    for (const auto& path :
         {folder.weights(), folder.checkpoint(), folder.previews(), folder.exports(), folder.tensorboard()})
        makeWritableFolder(path), refuseForeignLink(path);
    if (request.resume) {
        removeHalfWritten(folder.root);
        const Config kept = loadConfig(folder.config());
        if (!diffConfigs(kept, config).empty()) adoptSettings(folder, request, kept, config);
        return folder;
    }
    writeFileAtomic(folder.userConfig(), readFile(request.config));
    writeFileAtomic(folder.config(), writeConfig(config));
    return folder;
}

void writeResults(const std::filesystem::path& file, const std::vector<EpochResult>& epochs) {
    const auto columns = epochs.empty() ? figuresOf({}) : figuresOf(epochs.front());
    std::string text = column("epoch");
    for (const auto& [name, value] : columns) text += "," + column(name);
    text += "\n";
    for (const EpochResult& e : epochs) {
        const auto figures = figuresOf(e);
        const std::map<std::string_view, double> values(figures.begin(), figures.end());
        text += column(std::to_string(e.epoch));
        for (const auto& [name, first] : columns) text += "," + column(values.contains(name) ? values.at(name) : 0.0);
        text += "\n";
    }
    writeFileAtomic(file, text);
}

}  // namespace qat
