// The stage `reestimate`: statistics of batch norms measured anew after training.
#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "config/derived.h"
#include "session/stages/batches.h"
#include "session/stages/job_state.h"
#include "session/stages/measure.h"
#include "session/stages/stage_table.h"
#include "train/reestimate_norms.h"

namespace qat {
namespace {

// Keeps the statistics that are more accurate on the validation images.
void reestimateModel(JobState& job) {
    const int64_t wanted = std::min<int64_t>(
        job.train->size(), int64_t{job.config.oscillation.bnReestimation} * job.config.train.batchSize);
    const int64_t batches = (wanted + job.config.train.batchSize - 1) / job.config.train.batchSize;
    const NormStatistics estimated =
        reestimateNorms(job.model, imageBatches(job, job.train, wanted, job.config.train.batchSize, true), job.cancel,
                        [&](int64_t done) { job.log.progress(kReestimateStage.name, done, batches); });
    const Metrics trainedBefore = trainedMetrics(job);
    const double before = trainedBefore.score();
    const NormStatistics trained = exchangeNorms(job.model, estimated);
    const Metrics measured = validate(job, job.model, "", false).metrics;
    const double after = measured.score();
    const std::string& label = measured.best().label;
    job.log.scalar("reestimate/before/" + label, 0, before);
    job.log.scalar("reestimate/after/" + label, 0, after);
    if (after < before) exchangeNorms(job.model, trained);
    job.reestimated = after < before ? trainedBefore : measured;
    job.log.log(
        after < before ? LogLevel::Warning : LogLevel::Info, "trainer",
        str("statistics of ", estimated.size() / 2, " batch norms estimated again on ", wanted, " images: ", label, " ",
            before, " before, ", after, " after", after < before ? "; those of the training are kept" : ""));
}

}  // namespace

const Stage kReestimateStage{
    .name = stages::kReestimate,
    .applies = [](const Config& config, JobKind kind) { return kind == JobKind::Pipeline && reestimatesNorms(config); },
    .reads = JobPart::Data | JobPart::Model | JobPart::Training,
    .writes = JobPart::Model,
    .onResume = OnResume::Repeat,
    .run = reestimateModel};

}  // namespace qat
