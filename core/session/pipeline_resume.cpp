// The stages in front of training that earlier sittings have finished: their results are in checkpoint/stages.json, the
// calibrated network and the repaired one beside it, so that a resumed sitting goes on with the rest.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "session/pipeline.h"
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

}  // namespace

void Pipeline::once(const std::string& name, const std::function<void()>& work) {
    if (m_done.contains(name)) return;
    stage(name, work);
    finished(name);
}

// The network goes first: a stage counts as finished when all that it made is on disk.
void Pipeline::finished(const std::string& name) {
    const bool moved = name == "calibrate" || name == "search" || name == "repair";
    m_done.insert(name);
    if (moved) saveCalibrated(calibratedFile(), stageIdentity(), m_model, *m_quantizers);
    const json progress{{"fp32", measuredJson(m_facts.outcome.fp32)},
                        {"ptq", measuredJson(m_facts.outcome.ptq)},
                        {"done", m_done},
                        {"repair", m_facts.repairNote}};
    writeFileAtomic(m_folder.checkpoint() / "stages.json", jsonText(progress) + "\n");
    if (name == "sensitivity" || name == "search") std::filesystem::remove(sweepFile(name));
}

// Two files, so that a repair which was interrupted while it was kept starts from what was calibrated.
std::filesystem::path Pipeline::calibratedFile() const {
    return m_folder.checkpoint() / (m_done.contains("repair") ? "repaired.safetensors" : "calibrated.safetensors");
}

std::filesystem::path Pipeline::sweepFile(const std::string& name) const {
    return m_folder.checkpoint() / (name + ".json");
}

std::string Pipeline::stageIdentity() const {
    return jobIdentity(m_config, storedShapes(m_float));
}

// Previews compare with the detections of the network in float, which are not kept.
bool Pipeline::comparesLater() const {
    const bool later = m_config.train.epochs > 0 || corrects() || !m_done.contains("evaluate_ptq");
    return m_config.train.quantize && wantsPreviews() && later;
}

void Pipeline::restoreProgress() {
    const auto file = m_folder.checkpoint() / "stages.json";
    const auto again = [&](const std::string& why) { m_log.log(LogLevel::Info, "session", "resumed: " + why); };
    std::error_code unreadable;
    if (!std::filesystem::exists(file, unreadable)) return again("no stage was finished, so it starts again from load");
    try {
        const json progress = json::parse(readFile(file));
        m_facts.outcome.fp32 = measuredFrom(progress.at("fp32"));
        m_facts.outcome.ptq = measuredFrom(progress.at("ptq"));
        m_done = progress.value("done", std::set<std::string>{});
        m_facts.repairNote = progress.value("repair", "");
    } catch (const json::exception&) {
        fail(ErrorKind::BadInput, file.string(), " is damaged");
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::BadInput) throw;
        fail(ErrorKind::BadInput, file.string(), " is damaged");
    }
    if (m_quantizers) restoreCalibrated();
    if (m_done.empty()) return again("it starts again from calibrate");
    again(listed(m_done) + " are done");
}

void Pipeline::restoreCalibrated() {
    try {
        require(m_done.contains("calibrate"), ErrorKind::BadInput, (m_folder.checkpoint() / "stages.json").string(),
                " is of an earlier version");
        loadCalibrated(calibratedFile(), stageIdentity(), m_model, *m_quantizers);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::BadInput && error.kind() != ErrorKind::Io) throw;
        m_log.log(LogLevel::Warning, "session",
                  str("what was calibrated cannot be used (", error.what(), "), so that calibration is done anew"));
        m_done.clear();
        m_facts.outcome.fp32 = m_facts.outcome.ptq = std::nullopt;
        m_model = m_float.clone(true);
        insertQuantizers();
    }
}

}  // namespace qat
