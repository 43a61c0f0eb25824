// Keeping and restoring.
#include "session/stages/progress.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "graph/device.h"
#include "session/stages/quantize.h"
#include "task/detect_metrics.h"
#include "task/metrics_json.h"
#include "train/quantizer_state.h"
#include "train/resume_state.h"

namespace qat {
namespace {

using nlohmann::json;

json measuredJson(const std::optional<Metrics>& metrics) {
    return metrics ? metricsJson(*metrics) : json(nullptr);
}

// An array is of an earlier version, which knew detectors only: mAP50-95 and mAP50.
std::optional<Metrics> measuredFrom(const json& j) {
    if (j.is_null()) return std::nullopt;
    if (j.is_object()) return metricsFrom(j);
    const auto isShare = [](const json& value) { return value.is_number() && value >= 0 && value <= 1; };
    require(j.is_array() && j.size() == 2 && isShare(j[0]) && isShare(j[1]), ErrorKind::BadInput,
            "an accuracy is none");
    return detectMetrics(0, 0, j[1].get<double>(), j[0].get<double>());
}

std::string listed(const std::set<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// Two files, so that a repair which was interrupted while it was kept starts from what was calibrated.
std::filesystem::path calibratedFile(const JobState& job) {
    return job.folder.checkpoint() / (job.done.contains("repair") ? "repaired.safetensors" : "calibrated.safetensors");
}

void restoreCalibrated(JobState& job) {
    try {
        require(job.done.contains("calibrate"), ErrorKind::BadInput, (job.folder.checkpoint() / "stages.json").string(),
                " is of an earlier version");
        inProcessorMemory({&job.model}, [&] {
            loadCalibrated(calibratedFile(job), checkpointIdentity(job), job.model, *job.quantizers);
        });
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::BadInput && error.kind() != ErrorKind::Io) throw;
        job.log.log(LogLevel::Warning, "session",
                    str("what was calibrated cannot be used (", error.what(), "), so that calibration is done anew"));
        job.done.clear();
        job.facts.outcome.fp32 = job.facts.outcome.ptq = std::nullopt;
        job.model = job.floatModel.clone(true);
        insertQuantizers(job);
    }
}

}  // namespace

// The network goes first: a stage counts as finished when all that it made is on disk.
void finish(JobState& job, std::string_view name, bool keepsModel) {
    job.done.emplace(name);
    if (keepsModel) saveCalibrated(calibratedFile(job), checkpointIdentity(job), job.model, *job.quantizers);
    const json progress{{"fp32", measuredJson(job.facts.outcome.fp32)},
                        {"ptq", measuredJson(job.facts.outcome.ptq)},
                        {"done", job.done},
                        {"repair", job.facts.repairNote}};
    writeFileAtomic(job.folder.checkpoint() / "stages.json", jsonText(progress) + "\n");
    std::filesystem::remove(sweepFile(job, name));
}

void restoreProgress(JobState& job) {
    const auto file = job.folder.checkpoint() / "stages.json";
    const auto again = [&](const std::string& why) { job.log.log(LogLevel::Info, "session", "resumed: " + why); };
    std::error_code unreadable;
    if (!std::filesystem::exists(file, unreadable)) return again("no stage was finished, so it starts again from load");
    try {
        const json progress = json::parse(readFile(file));
        job.facts.outcome.fp32 = measuredFrom(progress.at("fp32"));
        job.facts.outcome.ptq = measuredFrom(progress.at("ptq"));
        job.done = progress.value("done", std::set<std::string>{});
        job.facts.repairNote = progress.value("repair", "");
    } catch (const json::exception&) {
        fail(ErrorKind::BadInput, file.string(), " is damaged");
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::BadInput) throw;
        fail(ErrorKind::BadInput, file.string(), " is damaged");
    }
    if (job.quantizers) restoreCalibrated(job);
    if (job.done.empty()) return again("it starts again from calibrate");
    again(listed(job.done) + " are done");
}

std::filesystem::path sweepFile(const JobState& job, std::string_view name) {
    return job.folder.checkpoint() / str(name, ".json");
}

std::string checkpointIdentity(const JobState& job) {
    return jobIdentity(job.config, storedShapes(job.floatModel));
}

}  // namespace qat
