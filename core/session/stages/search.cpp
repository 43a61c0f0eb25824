// The stage `search`: a width for each layer's weights.
#include <ATen/ATen.h>

#include <algorithm>

#include "analysis/sensitivity.h"
#include "base/error.h"
#include "session/stages/batches.h"
#include "session/stages/job_state.h"
#include "session/stages/progress.h"
#include "session/stages/quantize.h"
#include "session/stages/stage_table.h"
#include "session/width_search.h"

namespace qat {
namespace {

// Measures weights at every candidate width, chooses, and starts again with quantizers of the chosen widths.
void chooseWidths(JobState& job) {
    const int64_t count = std::min<int64_t>(job.train->size(), job.config.sensitivity.samples);
    const int batch = job.config.data.imgsz <= 320 ? 8 : 1;
    const SensitivityJob sweep{.floatGraph = job.floatModel,
                               .quantizers = *job.quantizers,
                               .bits = candidateWidths(job.config),
                               .weightsOnly = true,
                               .state = sweepFile(job, kSearchStage.name),
                               .identity = checkpointIdentity(job)};
    const auto rows = measureSensitivity(
        sweep, imageBatches(job, job.train, count, batch, false), (count + batch - 1) / batch, job.cancel,
        [&](int64_t done, int64_t total) { job.log.progress(kSearchStage.name, done, total); },
        [&](int64_t done) {
            job.log.log(LogLevel::Info, "search", str("resumed: ", done, " passes of the sweep were done"));
        });
    const WidthSearch search = searchWidths(job.config, job.floatModel, job.plan, rows);
    writeWidths(job.folder.root, search);
    applyChosenWidths(job.folder.root, job.config);
    job.model = job.floatModel.clone(true);
    insertQuantizers(job);
    describeModel(job);
    kCalibrateStage.run(job);
    job.log.log(LogLevel::Info, "search",
                str("widths of ", search.layers.size(), " layers chosen on ", count, " images: ", search.averageBits,
                    " bits a weight, of ", search.budgetBits, " allowed"));
}

}  // namespace

// Widths that an earlier sitting chose are part of the configuration by now.
const Stage kSearchStage{
    .name = stages::kSearch,
    .applies = [](const Config& config, JobKind kind) { return kind == JobKind::Pipeline && adaptsWidths(config); },
    .reads = JobPart::Data | JobPart::FloatModel | JobPart::Model,
    .writes = JobPart::Model,
    .onResume = OnResume::Keep,
    .run = chooseWidths,
    .isLeft = [](const JobState& job) { return !job.widthsChosen && !job.done.contains("search"); }};

}  // namespace qat
