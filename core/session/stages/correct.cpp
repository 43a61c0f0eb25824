// The stage `qc`: which images take part in the correction, what was before, and what is said about it.
#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "data/chosen_images.h"
#include "quant/coreset.h"
#include "session/stages/batches.h"
#include "session/stages/conditions.h"
#include "session/stages/job_state.h"
#include "session/stages/measure.h"
#include "session/stages/stage_table.h"
#include "train/correction.h"

namespace qat {
namespace {

std::shared_ptr<const Dataset> correctionImages(JobState& job, std::string& said) {
    const int64_t wanted = std::min<int64_t>(job.config.qc.images, job.train->size());
    said = str(wanted, " of ", job.train->size(), " training images");
    if (wanted == job.train->size()) return job.train;
    CalibrationImages chosen;
    if (job.config.calibration.useCoreset) {
        const int batch = job.config.train.batchSize;
        const auto data = coresetOf(job, wanted, (job.train->size() + batch - 1) / batch, kCorrectStage.name, chosen);
        said += ", " + chosen.coresetMethod + " coreset";
        return data;
    }
    const auto seed = static_cast<uint64_t>(job.config.run.seed);
    return std::make_shared<ChosenImages>(
        job.train, selectCoreset(at::empty({job.train->size(), 0}), wanted, CoresetMethod::Random, seed));
}

void accuracyBefore(JobState& job, CorrectionFacts& facts) {
    if (!trains(job.config))
        facts.before = job.facts.outcome.ptq;
    else
        facts.before = job.reestimated ? *job.reestimated : trainedMetrics(job);
    if (facts.before) tellAccuracy(job, series::kBeforeCorrection, *facts.before);
}

void tellCorrection(JobState& job, const CorrectionFacts& facts) {
    job.facts.outcome.quantizedBytes += facts.outcome.addedBytes;
    const auto kept = std::ranges::count(facts.outcome.layers, AffineForm::Operations, &LayerCorrection::form);
    for (const LayerCorrection& layer : facts.outcome.layers)
        job.log.layer({std::string(tables::kCorrection),
                       layer.layer,
                       0,
                       0,
                       "qc",
                       {{"gamma_min", layer.gammaMin}, {"gamma_max", layer.gammaMax}, {"beta_max", layer.betaMax}}});
    job.log.log(
        LogLevel::Info, "qc",
        str(facts.outcome.layers.size(), " layers corrected in ", facts.outcome.steps, " steps over ", facts.images,
            "; ", kept, " corrections stay operations, the others are part of scales, biases and batch norms"));
}

void correctModel(JobState& job) {
    if (trains(job.config) && measuresLayerErrors(job.config)) measureLayerErrors(job, "qat");
    CorrectionFacts& facts = job.facts.correction.emplace();
    accuracyBefore(job, facts);
    const auto data = correctionImages(job, facts.images);
    Graph before = job.model.clone(true);
    const std::unique_ptr<Loss> loss = taskOf(job.model.info).makeLoss(job.model, job.config.train, *data);
    const CorrectionJob correction{.graph = job.model,
                                   .loss = *loss,
                                   .quantizers = *job.quantizers,
                                   .config = job.config,
                                   .data = data,
                                   .checkpointFolder = job.folder.checkpoint(),
                                   .resume = job.request.resume};
    facts.outcome = correctQuantization(correction, job.log, job.cancel);
    job.stopped = facts.outcome.stopped;
    if (job.stopped) return;
    if (!facts.outcome.diverged.empty()) {
        const std::string sentence = facts.outcome.diverged + "; the model stays as it was before";
        job.log.log(LogLevel::Error, "qc", sentence);
        job.facts.outcome.gates.push_back(sentence);
        job.model = std::move(before);
        return;
    }
    tellCorrection(job, facts);
}

}  // namespace

const Stage kCorrectStage{
    .name = stages::kCorrect,
    .applies = [](const Config& config, JobKind kind) { return kind == JobKind::Pipeline && corrects(config); },
    .reads = JobPart::Data | JobPart::Model,
    .writes = JobPart::Model,
    .onResume = OnResume::Continue,
    .run = correctModel};

}  // namespace qat
