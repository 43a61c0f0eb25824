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
    Measurement result = validate(job, job.floatModel, kEvaluateFp32Stage.name, true);
    report(job, "fp32", result, job.facts.outcome.fp32);
    job.floatDetections = std::move(result.detections);
}

void evaluatePtq(JobState& job) {
    const Measurement result = validate(job, job.model, kEvaluatePtqStage.name, true);
    report(job, "ptq", result, job.facts.outcome.ptq);
    showImages(job, result.detections, "ptq");
}

void compareCorrection(JobState& job) {
    const auto& before = job.facts.correction->before;
    if (!before || !job.facts.correction->outcome.diverged.empty()) return;
    const Metric& after = job.facts.outcome.final->best();
    job.log.log(after.value < before->score() ? LogLevel::Warning : LogLevel::Info, "qc",
                str("quantization correction took ", after.label, " from ", before->score(), " to ", after.value));
}

void evaluateFinal(JobState& job) {
    const Measurement result = validate(job, job.model, kEvaluateStage.name, true);
    report(job, "final", result, job.facts.outcome.final);
    if (!job.quantizers) return;
    if (corrects(job.config)) compareCorrection(job);
    const std::string made = corrects(job.config) ? "qc" : "qat";
    showImages(job, result.detections, made);
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
