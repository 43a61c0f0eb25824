// Writing calibration.json.
#include "session/calibration_report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "config/slot.h"

namespace qat {
namespace {

using json = nlohmann::ordered_json;

json trialJson(const MethodTrial& trial) {
    const double sqnr = trial.quality.sqnrDb;
    return {{"low", trial.clip.low}, {"high", trial.clip.high}, {"scale", trial.quality.params.scale}, {"zero_point", trial.quality.params.zeroPoint},
            {"clipped", trial.quality.clipped}, {"sqnr_db", std::isfinite(sqnr) ? json(sqnr) : json(nullptr)}};
}

json tensorJson(const TensorCalibration& tensor) {
    json methods = json::object();
    for (const MethodTrial& trial : tensor.trials) methods[spelling(trial.method)] = trialJson(trial);
    return {{"name", tensor.name}, {"bits", tensor.grid.bits}, {"symmetric", tensor.grid.symmetric}, {"values", tensor.values}, {"low", tensor.low},
            {"high", tensor.high}, {"method", spelling(tensor.method)}, {"applied", trialJson(tensor.applied)}, {"methods", methods}};
}

}  // namespace

void writeCalibration(const std::filesystem::path& file, const CalibrationResult& result, const CalibrationImages& images) {
    json report{{"schema_version", 1}, {"images", result.images}, {"coreset", nullptr}, {"tensors", json::array()}, {"warnings", result.warnings}};
    if (!images.coresetMethod.empty())
        report["coreset"] = {{"method", images.coresetMethod}, {"candidates", images.candidates}, {"images", images.paths}};
    for (const TensorCalibration& tensor : result.tensors) report["tensors"].push_back(tensorJson(tensor));
    writeFileAtomic(file, report.dump(1) + "\n");
}

}  // namespace qat
