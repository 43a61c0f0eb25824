// The stages that measure accuracy on the validation images: of the network in float, calibrated, and at the end.
#include "base/error.h"
#include "session/stages/conditions.h"
#include "session/stages/job_state.h"
#include "session/stages/measure.h"
#include "session/stages/stage_table.h"

namespace qat {
namespace {

// Previews compare with the detections of the network in float, which are not kept.
bool comparesLater(const JobState& job) {
    const bool later = trains(job.config) || corrects(job.config) || !job.done.contains("evaluate_ptq");
    return job.config.train.quantize && wantsPreviews(job.config) && later;
}

void evaluateFloat(JobState& job) {
    EvaluationResult result = validate(job, job.floatModel, kEvaluateFp32Stage.name, true);
    job.floatDetections = std::move(result.images);
    reportAccuracy(job, "fp32", result.metrics, job.facts.outcome.fp32);
}

void evaluatePtq(JobState& job) {
    const EvaluationResult result = validate(job, job.model, kEvaluatePtqStage.name, true);
    reportAccuracy(job, "ptq", result.metrics, job.facts.outcome.ptq);
    showImages(job, result.images, "ptq");
}

void compareCorrection(JobState& job) {
    const auto& before = job.facts.correction->before;
    if (!before || !job.facts.correction->outcome.diverged.empty()) return;
    const double after = job.facts.outcome.final->map;
    job.log.log(after < before->map ? LogLevel::Warning : LogLevel::Info, "qc",
                str("quantization correction took mAP50-95 from ", before->map, " to ", after));
}

void evaluateFinal(JobState& job) {
    const EvaluationResult result = validate(job, job.model, kEvaluateStage.name, true);
    reportAccuracy(job, "final", result.metrics, job.facts.outcome.final);
    if (!job.quantizers) return;
    if (corrects(job.config)) compareCorrection(job);
    const std::string made = corrects(job.config) ? "qc" : "qat";
    showImages(job, result.images, made);
    if (measuresLayerErrors(job.config)) measureLayerErrors(job, made);
}

}  // namespace

const Stage kEvaluateFp32Stage{
    .name = stages::kEvaluateFp32,
    .applies = [](const Config& config,
                  JobKind kind) { return kind == JobKind::Pipeline && config.analysis.compareWithFp32; },
    .reads = JobPart::Data | JobPart::FloatModel,
    .writes = JobPart::FloatDetections,
    .onResume = OnResume::Keep,
    .run = evaluateFloat,
    .isLeft = [](const JobState& job) { return comparesLater(job) || !job.done.contains("evaluate_fp32"); }};

const Stage kEvaluatePtqStage{
    .name = stages::kEvaluatePtq,
    .applies = [](const Config& config, JobKind kind) { return kind == JobKind::Pipeline && config.train.quantize; },
    .reads = JobPart::Data | JobPart::Model,
    .writes = {},
    .onResume = OnResume::Keep,
    .run = evaluatePtq};

const Stage kEvaluateStage{
    .name = stages::kEvaluate,
    .applies = [](const Config& config,
                  JobKind kind) { return kind == JobKind::Pipeline && (trains(config) || corrects(config)); },
    .reads = JobPart::Data | JobPart::Model,
    .writes = {},
    .onResume = OnResume::Repeat,
    .run = evaluateFinal};

}  // namespace qat
