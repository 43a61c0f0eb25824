// Summary and events of the made-up run: those of the recorded one with other values.
#include "report/made_run.h"

#include "base/files.h"
#include "support/recorded_run.h"

namespace qat::test {

using nlohmann::json;

json madeSummary(const MadeRun& m) {
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

void writeMadeRun(const std::filesystem::path& folder, const MadeRun& m) {
    std::string events;
    const auto add = [&](const json& event) { events += recordedEvent(event).dump() + "\n"; };
    for (int epoch = 1; epoch <= 3; ++epoch) {
        add({{"type", "scalar"}, {"series", "metrics/mAP50-95(B)"}, {"x", epoch}, {"value", m.map * epoch / 3}});
        add({{"type", "scalar"}, {"series", "metrics/mAP50(B)"}, {"x", epoch}, {"value", m.map * epoch / 2}});
        add({{"type", "scalar"}, {"series", "oscillation/share"}, {"x", epoch}, {"value", m.oscillation}});
    }
    for (int step = 1; step <= 5000; ++step)
        add({{"type", "scalar"}, {"series", "train/box_loss"}, {"x", step}, {"value", 1.0 / step}});
    for (const char* layer : {"model.0.conv", "model.1.conv"}) {
        add({{"type", "layer"},
             {"table", "error"},
             {"layer", layer},
             {"bits", 4},
             {"stage", "ptq"},
             {"metrics", {{"mse", 0.1}, {"rel_error", 0.2}}}});
        add({{"type", "layer"},
             {"table", "sensitivity"},
             {"layer", layer},
             {"bits", 4},
             {"stage", ""},
             {"metrics", {{"score", 0.3}}}});
    }
    add({{"type", "log"}, {"level", "warning"}, {"source", "data"}, {"text", "a <broken> label"}});
    add({{"type", "stage"}, {"stage", "train"}, {"state", "end"}, {"seconds", m.seconds}});
    std::filesystem::create_directories(folder);
    writeFileAtomic(folder / "events.jsonl", events + "{\"type\":\"scal");
    writeFileAtomic(folder / "run_summary.json", madeSummary(m).dump());
}

}  // namespace qat::test
