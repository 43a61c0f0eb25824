// The stage `train`.
#include "base/error.h"
#include "session/stages/conditions.h"
#include "session/stages/job_state.h"
#include "session/stages/measure.h"
#include "session/stages/stage_table.h"
#include "train/trainer.h"

namespace qat {
namespace {

// What a collapse is judged against; of random weights nothing, which needs no measuring.
std::optional<double> startScore(const JobState& job) {
    const auto& measured = job.config.train.quantize ? job.facts.outcome.ptq : job.facts.outcome.fp32;
    if (measured) return measured->score();
    if (job.config.model.pretrainedPath.empty() || job.config.gate.collapseRatio == 0) return std::nullopt;
    return validate(job, job.floatModel, "", false).metrics.score();
}

void trainModel(JobState& job) {
    const bool begun = std::filesystem::exists(job.folder.checkpoint() / "train_state.safetensors");
    if (job.quantizers && !begun) job.quantizers->startLearnedScales(job.model);
    const std::unique_ptr<Loss> loss = taskOf(job.model.info).makeLoss(job.model, job.config.train, *job.train);
    const TrainJob training{.graph = job.model,
                            .loss = *loss,
                            .quantizers = job.quantizers ? &*job.quantizers : nullptr,
                            .teacher = job.teacher ? &*job.teacher : nullptr,
                            .config = job.config,
                            .data = job.train,
                            .checkpointFolder = job.folder.checkpoint(),
                            .weightsFolder = job.folder.weights(),
                            .resume = job.request.resume && begun,
                            .startScore = startScore(job),
                            .validate = [&](const Graph& graph) { return validate(job, graph, "", false).metrics; },
                            .epochDone =
                                [&](const TrainOutcome& outcome) {
                                    // If training fails later, the summary still tells of these epochs.
                                    job.facts.training = outcome;
                                    writeResults(job.folder.results(), outcome.epochs);
                                }};
    job.facts.training = qat::train(training, job.log, job.cancel);
    job.stopped = job.facts.training.stopped;
}

}  // namespace

const Stage kTrainStage{
    .name = stages::kTrain,
    .applies = [](const Config& config, JobKind kind) { return kind == JobKind::Pipeline && trains(config); },
    .reads = JobPart::Data | JobPart::FloatModel | JobPart::Model,
    .writes = JobPart::Model | JobPart::Training,
    .onResume = OnResume::Continue,
    .run = trainModel};

}  // namespace qat
