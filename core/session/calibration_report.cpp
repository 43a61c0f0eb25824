// Writing calibration.json.
#include "session/calibration_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "config/slot.h"

namespace qat {
namespace {

using nlohmann::ordered_json;

ordered_json trialJson(const MethodTrial& trial) {
    const double sqnr = trial.quality.sqnrDb();
    return {{"low", trial.clip.low},
            {"high", trial.clip.high},
            {"scale", trial.quality.params.scale},
            {"zero_point", trial.quality.params.zeroPoint},
            {"clipped", trial.quality.clipped},
            {"sqnr_db", std::isfinite(sqnr) ? ordered_json(sqnr) : ordered_json(nullptr)}};
}

ordered_json tensorJson(const TensorCalibration& tensor) {
    ordered_json methods = ordered_json::object();
    for (const MethodTrial& trial : tensor.trials) methods[spelling(trial.method)] = trialJson(trial);
    return {{"name", tensor.name},         {"bits", tensor.grid.bits},          {"symmetric", tensor.grid.symmetric},
            {"channels", tensor.channels}, {"values", tensor.values},           {"low", tensor.low},
            {"high", tensor.high},         {"method", spelling(tensor.method)}, {"applied", trialJson(tensor.applied)},
            {"methods", methods}};
}

ordered_json coresetJson(const CalibrationImages& images) {
    ordered_json coverage = ordered_json::array();
    for (const Coverage& point : images.coverage)
        coverage.push_back({{"images", point.images}, {"farthest", point.farthest}, {"mean", point.mean}});
    return {{"method", images.coresetMethod},
            {"candidates", images.candidates},
            {"images", images.paths},
            {"coverage", coverage}};
}

ordered_json leaksJson(const std::vector<Leak>& leaks) {
    ordered_json list = ordered_json::array();
    for (const Leak& leak : leaks)
        list.push_back({{"calibration", leak.calibration},
                        {"validation", leak.validation},
                        {"same", leak.sameFile ? "file" : "pixels"}});
    return list;
}

}  // namespace

std::string leakSentence(const std::vector<Leak>& leaks, int64_t images) {
    constexpr size_t kNamed = 3;
    std::string names;
    for (size_t i = 0; i < std::min(kNamed, leaks.size()); ++i)
        names += (i ? "; " : "") + leaks[i].calibration +
                 (leaks[i].calibration == leaks[i].validation ? "" : " is " + leaks[i].validation);
    return str(leaks.size(), " of ", images,
               " calibration images are validation images too, so that accuracy is measured on images that ranges were "
               "chosen for: ",
               names, leaks.size() > kNamed ? "; and others, see calibration.json" : "");
}

void writeCalibration(const std::filesystem::path& file, const CalibrationResult& result,
                      const CalibrationImages& images, const std::vector<Leak>& leaks) {
    ordered_json report{{"schema_version", 1},       {"images", result.images},          {"coreset", nullptr},
                        {"leaks", leaksJson(leaks)}, {"tensors", ordered_json::array()}, {"warnings", result.warnings}};
    if (!images.coresetMethod.empty()) report["coreset"] = coresetJson(images);
    for (const TensorCalibration& tensor : result.tensors) report["tensors"].push_back(tensorJson(tensor));
    writeFileAtomic(file, jsonText(report, 1) + "\n");
}

}  // namespace qat
