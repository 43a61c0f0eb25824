// qat_config as typed values: one struct per section of the configuration guide, defaults included.
// Sections and keys marked (+) are ours: the guide says nothing about data sets, seeds or evaluation.
#pragma once

#include <map>
#include <string>

#include "config/job_config.h"
#include "config/quantization_config.h"
#include "config/training_config.h"

namespace qat {

// Who stated a value: "line 12" or "command line" by dotted key; what is missing has its default. Not part of what a
// configuration means, so all are equal.
inline constexpr const char* kCommandLine = "command line";
struct ConfigSources {
    std::map<std::string, std::string> byKey;
    std::string of(const std::string& key) const {
        const auto found = byKey.find(key);
        return found == byKey.end() ? "default" : found->second;
    }
    bool operator==(const ConfigSources&) const { return true; }
};

struct Config {
    ModelConfig model;
    QuantizationConfig quantization;
    CalibrationConfig calibration;
    QatConfig qat;
    DistillationConfig distillation;
    TrainConfig train;
    EmaConfig ema;
    OscillationConfig oscillation;
    RepairConfig repair;
    AnalysisConfig analysis;
    ExportConfig exporting;
    QcConfig qc;
    GateConfig gate;
    DataConfig data;
    RunConfig run;
    SensitivityConfig sensitivity;
    MixedPrecisionConfig mixedPrecision;
    ConfigSources sources;
    bool operator==(const Config&) const = default;
};

// Without what changes no bit of a result, so that sittings of one run may differ in it.
inline Config essentials(Config config) {
    config.run.workers = 0;
    config.run.output.clear();
    config.gate.evidence.clear();
    return config;
}

}  // namespace qat
