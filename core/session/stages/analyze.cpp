// The stage `analyze`: errors of layers, and how sensitive the network is to each.
#include <ATen/ATen.h>

#include <algorithm>

#include "analysis/report.h"
#include "analysis/sensitivity.h"
#include "base/error.h"
#include "config/table_name.h"
#include "session/clock.h"
#include "session/describe.h"
#include "session/precision.h"
#include "session/stages/batches.h"
#include "session/stages/conditions.h"
#include "session/stages/job_state.h"
#include "session/stages/measure.h"
#include "session/stages/progress.h"
#include "session/stages/stage_table.h"

namespace qat {
namespace {

// Parts of the stage, which finish one by one.
constexpr const char *kLayerError = "layer_error", *kSweep = "sensitivity";

bool layerErrorIsLeft(const JobState& job) {
    const JobKind kind = job.request.kind;
    const bool wanted = kind == JobKind::LayerError || (kind == JobKind::Pipeline && measuresLayerErrors(job.config));
    return wanted && !job.done.contains(kLayerError);
}

bool sensitivityIsLeft(const JobState& job) {
    return job.request.kind != JobKind::LayerError && !job.config.sensitivity.bits.empty() &&
           !job.done.contains(kSweep);
}

void sweepSensitivity(JobState& job) {
    const StopWatch watch;
    const int64_t count = std::min<int64_t>(job.facts.valImages, job.config.sensitivity.samples);
    const int batch = job.config.data.imgsz <= 320 ? 8 : 1;
    const int64_t batches = (count + batch - 1) / batch;
    const SensitivityJob sweep{job.floatModel,
                               *job.quantizers,
                               job.config.sensitivity.bits,
                               true,
                               job.config.sensitivity.tensors == SensitivityTensors::Weights,
                               sweepFile(job, kSweep),
                               checkpointIdentity(job)};
    const auto rows = measureSensitivity(
        sweep, imageBatches(job, job.val, count, batch, false), batches, job.cancel,
        [&](int64_t done, int64_t total) { job.log.progress(kAnalyzeStage.name, done, total); },
        [&](int64_t done) {
            job.log.log(LogLevel::Info, "analysis", str("resumed: ", done, " passes of the sweep were done"));
        });
    for (const LayerSensitivity& row : rows) {
        auto metrics = row.error.metrics();
        metrics["score"] = row.error.noiseToSignal();
        job.log.layer({std::string(tables::kSensitivity), row.layer, row.bits, 0, "", metrics});
    }
    const ReportHeader header{modelName(job.config.model),
                              precisionName(job.config),
                              job.config.quantization.weight.scheme == Scheme::PerChannel ? "per_channel" : "per_layer",
                              job.config.sensitivity.tensors == SensitivityTensors::Weights
                                  ? "one layer's weights quantized at a time, noise-to-signal power at the head outputs"
                                  : "one layer quantized at a time, noise-to-signal power at the head outputs",
                              count,
                              effectiveBits(job.floatModel, job.plan),
                              watch.seconds()};
    writeSensitivityReport(job.folder.root, header, rows, {}, job.floatModel);
    job.log.log(
        LogLevel::Info, "analysis",
        str("sensitivity of ", rows.size(), " layer and width pairs on ", count, " images in ", watch.seconds(), " s"));
}

void analyzeModel(JobState& job) {
    if (layerErrorIsLeft(job)) {
        measureLayerErrors(job, "ptq");
        finish(job, kLayerError, false);
    }
    if (!sensitivityIsLeft(job)) return;
    sweepSensitivity(job);
    finish(job, kSweep, false);
}

}  // namespace

// Another kind of job may have done a part of it in this folder.
const Stage kAnalyzeStage{
    .name = stages::kAnalyze,
    .applies = [](const Config& config, JobKind kind) { return kind != JobKind::Pipeline || analyzesEffects(config); },
    .reads = JobPart::Data | JobPart::FloatModel | JobPart::Model,
    .writes = {},
    .onResume = OnResume::Keep,
    .run = analyzeModel,
    .isLeft =
        [](const JobState& job) {
            return layerErrorIsLeft(job) || sensitivityIsLeft(job) || !job.done.contains("analyze");
        }};

}  // namespace qat
