// Summary of the recorded run with other values, and events of the program's writer.
#include "report/made_run.h"

#include "base/files.h"
#include "runs/folder.h"
#include "support/detection_series.h"
#include "support/event_file.h"
#include "support/recorded_run.h"

namespace qat::test {

using nlohmann::json;

namespace {

json recordedWith(const MadeRun& m) {
    const json accuracy{{"mAP50-95", m.map}, {"mAP50", m.map + 0.2}};
    return recordedSummary(
        {{"status", m.status},
         {"error", nullptr},
         {"created_at", "2026-11-21T10:00:00+00:00"},
         {"model", {{"variant", m.variant}, {"checkpoint", "best <of> all.pt"}, {"imgsz", 320}}},
         {"quantization", {{"mode", m.mode}, {"calibration", m.calibration}}},
         {"method", {{"variant", m.method}}},
         {"dataset", {{"dataset_yaml", "data.yaml"}, {"train_images", 100}, {"val_images", 20}}},
         {"training", {{"seed", std::stoll(m.seed)}}},
         {"metrics",
          {{"fp32", {{"mAP50-95", 0.6}, {"mAP50", 0.8}}},
           {"ptq", {{"mAP50-95", 0.3}, {"mAP50", 0.5}}},
           {"final", accuracy},
           {"measured", {{"input", "320x320"}, {"post_processing", "the 300 best <scores>"}}},
           {"recommended_confidence", {{"fp32", 0.4321}, {"ptq", 0.25}, {"final", 0.3117}}},
           {"best_value", m.map}}},
         {"size", {{"fp32_bytes", 8000}, {"quantized_bytes", 1000}}},
         {"stability",
          {{"collapse_threshold_ratio", 0.5},
           {"outcome", m.outcome},
           {"incidents",
            json::array(
                {{{"epoch", 2}, {"what", "mAP fell & broke"}, {"likely_cause", "<rate>"}, {"reaction", "retry"}}})}}},
         {"gates", json::array({"a \"gate\""})},
         {"resolved_config", "model:\n  variant: \"n\"\n"}});
}

}  // namespace

json madeSummary(const MadeRun& m) {
    json summary = recordedWith(m);
    summary["metrics"]["measured"]["head"] = "one2one";  // what the recorded network has one of only
    return summary;
}

void writeMadeRun(const std::filesystem::path& folder, const MadeRun& m) {
    std::filesystem::create_directories(folder);
    EventFile events(folder);
    for (int epoch = 1; epoch <= 3; ++epoch) {
        events.scalar(series::kMap, epoch, m.map * epoch / 3);
        events.scalar(series::kMap50, epoch, m.map * epoch / 2);
        events.scalar(series::kOscillating, epoch, m.oscillation);
    }
    for (int step = 1; step <= 5000; ++step) events.scalar(series::loss("box"), step, 1.0 / step);
    for (const char* layer : {"model.0.conv", "model.1.conv"}) {
        events.add(LayerRow{std::string(tables::kError), layer, 4, 0, "ptq", {{"mse", 0.1}, {"rel_error", 0.2}}});
        events.add(LayerRow{std::string(tables::kSensitivity), layer, 4, 0, "", {{"score", 0.3}}});
    }
    events.log(LogLevel::Warning, "data", "a <broken> label");
    events.end(stages::kTrain, m.seconds);
    events.raw("{\"type\":\"scal");
    writeFileAtomic(RunFolder{folder}.summary(), madeSummary(m).dump());
}

}  // namespace qat::test
