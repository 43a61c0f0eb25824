// The stage `calibrate`: ranges from training images.
#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "data/shared_images.h"
#include "quant/calibrate.h"
#include "quant/coreset.h"
#include "quant/declared_quantizers.h"
#include "session/calibration_report.h"
#include "session/stages/batches.h"
#include "session/stages/job_state.h"
#include "session/stages/stage_table.h"

namespace qat {
namespace {

// Those of the `taken` images of `data` that the validation looks at too.
std::vector<Leak> leaksOf(const JobState& job, const Dataset& data, const std::vector<int64_t>& taken) {
    std::vector<Leak> leaks;
    for (const SharedImage& shared : sharedImages(data, taken, *job.val, job.facts.valImages))
        leaks.push_back({data.path(shared.first), job.val->path(shared.second), shared.sameFile});
    return leaks;
}

// Nothing need be seen then: the ranges stand since the quantizers do.
bool everyRangeIsStated(const QuantizerSet& set) {
    return std::ranges::all_of(set.all(), [](const Quantizer& q) { return q.weight || statesRange(q.how.tensor); });
}

void calibrateModel(JobState& job) {
    if (everyRangeIsStated(*job.quantizers)) {
        job.log.log(LogLevel::Info, "calib", "every range of activations is stated, so no image is looked at");
        return;
    }
    const int batch = job.config.train.batchSize;
    const auto batchesOf = [&](int64_t count) { return (count + batch - 1) / batch; };
    int64_t most = 0;
    for (const Quantizer& q : job.quantizers->all())
        most = std::max<int64_t>(most, q.weight ? 0 : q.how.calibration.numBatches);
    int64_t wanted = std::min<int64_t>(job.train->size(), most * batch);
    const bool coreset = job.config.calibration.useCoreset && job.config.calibration.coresetSize < job.train->size();
    if (job.config.calibration.useCoreset && !coreset)
        job.log.log(LogLevel::Warning, "calib",
                    str("calibration.coreset_size is ", job.config.calibration.coresetSize, " of ", job.train->size(),
                        " images: all take part"));
    if (coreset && wanted < job.config.calibration.coresetSize)
        job.log.log(LogLevel::Warning, "calib",
                    str("calibration.num_batches ends the coreset at ", wanted, " of ",
                        job.config.calibration.coresetSize, " images"));
    if (coreset) wanted = std::min<int64_t>(wanted, job.config.calibration.coresetSize);
    CalibrationImages said;
    const int64_t choosing = coreset && job.config.calibration.coresetMethod != CoresetMethod::Random
                                 ? batchesOf(job.train->size())
                                 : 0,
                  all = choosing + batchesOf(wanted);
    const auto data = coreset ? coresetOf(job, wanted, all, kCalibrateStage.name, said) : job.train;
    std::vector<int64_t> taken;
    const CalibrationResult result = calibrate(
        job.floatModel, job.model, *job.quantizers, imageBatches(job, data, wanted, batch, true, &taken),
        [&](int64_t done) { job.log.progress(kCalibrateStage.name, choosing + done, all); }, job.cancel);
    for (const auto& warning : result.warnings) job.log.log(LogLevel::Warning, "calib", warning);
    const std::vector<Leak> leaks = leaksOf(job, *data, taken);
    if (!leaks.empty()) job.log.log(LogLevel::Warning, "calib", leakSentence(leaks, result.images));
    for (const Coverage& point : said.coverage) {
        job.log.scalar("coreset/farthest", static_cast<double>(point.images), point.farthest);
        job.log.scalar("coreset/mean_distance", static_cast<double>(point.images), point.mean);
    }
    writeCalibration(job.folder.calibration(), result, said, leaks);
    job.log.log(LogLevel::Info, "calib",
                str("ranges from ", result.images, " images", coreset ? ", " + said.coresetMethod + " coreset of " : "",
                    coreset ? std::to_string(job.train->size()) : ""));
}

}  // namespace

const Stage kCalibrateStage{
    .name = stages::kCalibrate,
    .applies = [](const Config& config, JobKind kind) { return config.train.quantize || kind != JobKind::Pipeline; },
    .reads = JobPart::Data | JobPart::FloatModel | JobPart::Model,
    .writes = JobPart::Model,
    .onResume = OnResume::Keep,
    .run = calibrateModel};

}  // namespace qat
