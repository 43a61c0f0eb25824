// The loop. A checkpoint is only taken between optimiser steps, when no gradient is pending: the state then is
// complete.
#include "train/trainer.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "export/weights_file.h"
#include "quant/unquantized.h"
#include "runs/words.h"
#include "train/clip_decay.h"
#include "train/course.h"
#include "train/distiller.h"
#include "train/frozen_layers.h"
#include "train/loader_options.h"
#include "train/multi_scale.h"
#include "train/parameters.h"
#include "train/quantizer_phases.h"
#include "train/resume_state.h"
#include "train/sentinel.h"
#include "train/train_reports.h"
#include "train/train_state.h"
#include "train/training_step.h"

namespace qat {
namespace {

LoaderOptions wholeBatches(const Config& config) {
    LoaderOptions options = shuffledOptions(config);
    options.augment = config.data.augment;
    options.dropLast = true;
    return options;
}

// What makes a training's state fit, beside the configuration.
std::string modelsOf(const TrainJob& job) {
    return storedShapes(job.graph) + (job.teacher ? storedDigest(*job.teacher) : "");
}

// Sizes of images are multiples of it.
int64_t coarsestStride(const ModelInfo& model) {
    return model.strides.empty() ? 32 : model.strides.back();
}

void addTo(LossTerms& sums, const LossTerms& terms) {
    if (sums.empty()) sums.assign(terms.size(), {});
    for (size_t i = 0; i < terms.size(); ++i) sums[i] = {terms[i].name, sums[i].value + terms[i].value};
}

double meanOf(double sum, int64_t batches) {
    return sum / static_cast<double>(batches);
}

struct Validated {
    Metrics model;  // averaged, if there is an average
    std::optional<Metrics> raw;
};

// average: null if there is none.
Validated validated(const TrainJob& job, const Graph* average, bool inFloat) {
    const auto measured = [&](const Graph& model) {
        if (inFloat) return job.validate(withoutQuantizers(model));
        return job.validate(model);
    };
    if (!average) return {measured(job.graph), std::nullopt};
    Validated all{measured(*average), std::nullopt};
    if (job.config.ema.evaluateRaw) all.raw = measured(job.graph);
    return all;
}

// now: the rates of the epoch's last step.
EpochResult resultOf(const Validated& validated, const TrainPosition& at, const TrainCourse& course,
                     const StepSettings& now, bool distils) {
    const int64_t batches = course.batchesPerEpoch();
    EpochResult result{.epoch = at.epoch + 1,
                       .losses = at.lossSums,
                       .metrics = validated.model,
                       .lrBias = now.lrBias,
                       .lrWeight = now.lrWeight,
                       .lrNorm = now.lrNorm,
                       .raw = validated.raw,
                       .easier = course.isEasier(at)};
    for (LossTerm& loss : result.losses) loss.value = meanOf(loss.value, batches);
    if (distils) result.distillLoss = meanOf(at.distillSum, batches);
    return result;
}

// The tensors of the source, copied: no later step changes them.
void adoptTensors(Graph& graph, const Graph& source) {
    for (const ValueId id : graph.storedValues())
        graph.value(id).data = std::make_shared<at::Tensor>(source.value(id).data->detach().clone());
}

class Run {
public:
    Run(const TrainJob& job, EventSink& sink, const CancelToken& cancel)
        : m_job(job),
          m_config(job.config.train),
          m_sink(sink),
          m_cancel(cancel),
          m_identity(jobIdentity(job.config, modelsOf(job))),
          m_loader(job.data, wholeBatches(job.config)),
          m_course(job.config, job.quantizers != nullptr, m_loader.batchesPerEpoch()) {
        require(m_loader.batchesPerEpoch() > 0, ErrorKind::BadInput, "train_params.batch_size is ", m_config.batchSize,
                " but the training data has only ", job.data->size(), " images");
        prepareTensors(job.graph, Gradients::OfParameters);
        const std::vector<ValueId> frozen = freezeLayers(job.graph, m_config.frozenLayers);
        if (!frozen.empty())
            m_sink.log(LogLevel::Info, "trainer", str(frozen.size(), " weights and biases are not trained"));
        makeParts(frozen);
        makeStep();
        enterMode();
        for (const std::string& setting : job.loss.settings()) sink.log(LogLevel::Info, "trainer", setting);
        if (m_stabilizer) warnOfIdle(m_sink, *m_stabilizer);
    }

    TrainOutcome train() {
        std::filesystem::path start = checkpointFile();
        if (m_job.resume)
            start = restore();
        else
            checkpoint();
        m_at.outcome.startScore = m_job.startScore;
        m_sentinel->keepBest(start, m_at);
        if (!std::filesystem::exists(m_sentinel->bestState()))
            keepSecondName(start, m_sentinel->bestState());  // of an earlier version
        if (m_at.tuning)
            freeze();
        else if (m_job.resume)
            adoptMode();
        if (m_course.isDueForTuning(m_at)) startTuning();  // resumed for fewer epochs
        while (!m_course.over(m_at)) {
            try {
                if (!trainEpoch() || !finishEpoch()) {
                    m_at.outcome.stopped = true;
                    return outcome();
                }
            } catch (const Instability& unstable) {
                recover(unstable.incident);
            }
        }
        m_sentinel->seeEnd(m_at);
        if (!m_at.tuning) m_phases->settle(m_at);
        adoptTensors(m_job.graph, m_ema ? m_ema->graph() : m_job.graph);  // the final model is the averaged one
        return outcome();
    }

private:
    void makeParts(const std::vector<ValueId>& frozen) {
        QuantizerSet* const quantizers = m_job.quantizers;
        if (m_job.teacher) m_distiller.emplace(m_job.graph, *m_job.teacher, m_job.config);
        auto parameters =
            trainedParameters(m_job.graph, m_config, quantizers ? clipDecays(*quantizers, m_config) : ClipDecays{});
        for (const auto& [name, tensor] : adapters())
            parameters.push_back({.name = name, .tensor = tensor, .decay = m_config.weightDecay});
        m_optimizer.emplace(std::move(parameters), m_config);
        if (m_job.config.ema.enabled) m_ema.emplace(m_job.graph, m_job.config.ema);
        if (m_ema) m_ema->freeze(frozen);  // averaging would change their last bits
        if (quantizers) m_stabilizer.emplace(m_job.graph, *quantizers, m_job.config.oscillation);
        m_phases.emplace(m_job, m_ema ? &*m_ema : nullptr, stabilizer(), m_sink, m_cancel);
        m_sentinel.emplace(m_job, stabilizer(), m_sink);
    }
    void makeStep() {
        const StepParts parts{.graph = m_job.graph,
                              .loss = m_job.loss,
                              .optimizer = *m_optimizer,
                              .quantizers = m_job.quantizers,
                              .stabilizer = stabilizer(),
                              .distiller = m_distiller ? &*m_distiller : nullptr,
                              .average = m_ema ? &*m_ema : nullptr,
                              .communicator = m_job.communicator};
        m_step.emplace(parts,
                       [this](ValueId value, float low, float high) { m_sentinel->seeRange(value, low, high, m_at); });
    }

    Stabilizer* stabilizer() { return m_stabilizer ? &*m_stabilizer : nullptr; }
    Optimizer::State adapters() const { return m_distiller ? m_distiller->adapters() : Optimizer::State{}; }
    bool inFloat() const { return m_course.inFloat(m_at); }

    std::filesystem::path checkpointFile() const { return m_job.checkpointFolder / "train_state.safetensors"; }
    TrainObjects objects() {
        return {m_job.graph, m_ema ? &*m_ema : nullptr, *m_optimizer, stabilizer(), m_job.quantizers, *m_sentinel,
                adapters()};
    }
    TrainOutcome outcome() const {
        TrainOutcome outcome = m_at.outcome;
        outcome.incidents = m_sentinel->state().incidents;
        return outcome;
    }
    StepSettings settingsOf(int64_t step) const {
        return slowed(m_course.settings(m_at, step), m_sentinel->state().lrFactor);
    }

    // Returns the checkpoint that it went on from.
    std::filesystem::path restore() {
        const std::string former = formerJobIdentity(m_job.config, modelsOf(m_job));
        std::filesystem::path loaded;
        const auto load = [&](const std::filesystem::path& file) {
            m_at = loadTrainState(file, m_identity, objects(), former);
            loaded = file;
        };
        restoreNewest(checkpointFile(), load,
                      [&](const std::string& why) { m_sink.log(LogLevel::Warning, "trainer", why); });
        adoptLength();
        m_sink.log(LogLevel::Info, "trainer",
                   m_course.over(m_at)
                       ? "resumed: training was over"
                       : str("resumed: going on in epoch ", m_at.epoch + 1, " of ", m_course.lastEpoch(), ", after ",
                             m_at.batch, " of ", m_course.batchesPerEpoch(), " batches"));
        return loaded;
    }
    // A run that is resumed for more (or fewer) epochs goes on along the schedule of the new length.
    void adoptLength() {
        m_at.outcome.exhausted = m_at.outcome.exhausted && m_course.isExhausted(m_at);
        if (m_at.planned == 0 || m_at.planned == m_config.epochs) return;
        const bool ends = m_course.over(m_at) && m_at.outcome.exhausted;
        reportNewLength(m_sink, m_at, m_config.epochs,
                        ends ? std::nullopt : std::optional(settingsOf(m_at.step).lrWeight));
    }
    void checkpoint() {
        m_at.planned = m_config.epochs;
        saveTrainState(checkpointFile(), m_identity, m_at, objects());
    }

    // Back to the best state, for another try or for good.
    void recover(const Incident& incident) {
        const TrainPosition failed = m_at;
        const SentinelState seen = m_sentinel->state();
        m_step->drop();
        m_at = loadTrainState(m_sentinel->bestState(), m_identity, objects(),
                              formerJobIdentity(m_job.config, modelsOf(m_job)));
        m_at.outcome.startScore = m_job.startScore;
        m_at.outcome.halted = !m_sentinel->react(incident, seen, failed.tuning);
        if (m_at.outcome.halted) m_at.outcome.epochs = failed.outcome.epochs;  // the collapse stays on record
        if (!m_at.tuning) adoptMode();
        m_job.epochDone(outcome());
        checkpoint();
    }

    void adoptMode() {
        m_phases->adopt(m_at);
        enterMode();
    }

    void enterMode() {
        m_step->enter({.plain = inFloat() ? m_phases->plain() : nullptr,
                       .movesGrids = !m_at.tuning,
                       .followsNorms = !m_at.tuning && !m_course.freezesNorms(m_at)});
    }

    // Fine-tuning starts from what training ends with, the averaged model.
    void startTuning() {
        m_phases->settle(m_at);
        m_at.tuning = true;
        const at::NoGradGuard noGrad;
        for (const ValueId id : m_job.graph.storedValues())
            if (m_ema) m_job.graph.value(id).data->copy_(*m_ema->graph().value(id).data);
        freeze();
        m_sink.log(LogLevel::Info, "trainer",
                   str("fine-tuning begins: learning rate ", settingsOf(m_at.step).lrWeight, ", quantizers frozen"));
    }

    void freeze() {
        m_phases->freeze();
        enterMode();
    }

    // False: stopped on request, a checkpoint was written.
    bool trainEpoch() {
        m_phases->enterEpoch(m_at);
        m_job.loss.beginEpoch(m_at.epoch, m_config.epochs);
        if (!m_at.tuning && m_at.batch == 0) enterMode();
        m_loader.startEpoch(m_at.epoch, m_at.batch, m_course.usesMosaic(m_at));
        int64_t pending = 0;
        while (auto batch = m_loader.next()) {
            addGradient(*batch);
            const StepSettings now = settingsOf(m_at.step);
            const bool last = m_at.batch + 1 == m_course.batchesPerEpoch();
            const bool boundary = ++pending >= now.accumulate || last;
            ++m_at.batch, ++m_at.step;
            if (boundary) {
                if (last && m_job.quantizers && !inFloat())
                    reportGrids(m_sink, m_job.graph, *m_job.quantizers, batch->images, m_at.epoch + 1);
                update(now, pending * m_config.batchSize);
                pending = 0;
            }
            m_sink.progress("train", m_at.step, m_course.batches());
            if (m_cancel.level() == StopLevel::Abandon) m_cancel.poll();
            if (!boundary) continue;
            const bool due = m_config.checkpointEvery > 0 && m_optimizer->steps() % m_config.checkpointEvery == 0;
            if (due || m_cancel.requested()) checkpoint();
            if (m_cancel.requested()) return false;
        }
        return true;
    }

    void addGradient(const Batch& batch) {
        m_step->forward(resizeForMultiScale(batch.images, m_job.config, coarsestStride(m_job.graph.info), m_at.step));
        const StepLoss loss = m_step->loss(batch.targets);
        m_sentinel->seeLoss(loss.sum(), m_at);
        m_step->backward();
        addTo(m_at.lossSums, loss.terms);
        m_at.distillSum += loss.distillation.value_or(0);
        reportLosses(m_sink, m_at.step + 1, loss.terms, loss.distillation);
    }

    void update(const StepSettings& now, int64_t images) {
        m_step->reduce();
        const TrainingStep::Update done = m_step->update(now, m_course.progress(m_at), images);
        if (m_stabilizer && m_stabilizer->dampens() && !inFloat())
            m_sink.scalar(series::loss(series::kDampen), static_cast<double>(m_at.step), done.dampening);
        m_sentinel->seeGradient(done.gradientNorm, m_at);
        m_step->follow(m_course.progress(m_at));
        m_sentinel->seeScales(m_optimizer->steps(), m_at);
        reportRates(m_sink, m_at.step, now);
    }

    // Nothing if it was stopped on request: the epoch's last batch is then checkpointed, and a resumed run validates
    // again.
    std::optional<Validated> validate() {
        try {
            return validated(m_job, m_ema ? &m_ema->graph() : nullptr, inFloat());
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Cancelled || m_cancel.level() == StopLevel::Abandon) throw;
            checkpoint();
            return std::nullopt;
        }
    }

    // False: stopped on request, a checkpoint was written.
    bool finishEpoch() {
        const auto validated = validate();
        if (!validated) return false;
        const EpochResult result =
            resultOf(*validated, m_at, m_course, settingsOf(m_at.step - 1), m_distiller.has_value());
        m_at.outcome.epochs.push_back(result);
        reportEpoch(m_sink, result, m_course.lastEpoch());
        if (m_stabilizer && m_stabilizer->reports() && !inFloat())
            reportOscillation(m_sink, *m_stabilizer, result.epoch);
        keepWeights(result);
        m_sentinel->seeEpoch(m_at, m_course.isLastEpoch(m_at));
        ++m_at.epoch;
        m_at.batch = 0;
        m_at.lossSums.clear(), m_at.distillSum = 0;
        if (m_at.tuning)
            ++m_at.tuned;
        else if (m_course.isDueForTuning(m_at))
            startTuning();
        m_job.epochDone(outcome());
        checkpoint();
        m_sentinel->keepBest(checkpointFile(), m_at);
        return true;
    }

    void keepWeights(const EpochResult& result) {
        const Graph& model = m_ema ? m_ema->graph() : m_job.graph;
        saveWeightsWithGraph(m_job.weightsFolder / "last.safetensors", model);
        if (result.easier) return;
        if (result.metrics.fitness > m_at.bestFitness)
            saveWeightsWithGraph(m_job.weightsFolder / "best.safetensors", model);
        if (result.metrics.fitness >= m_at.bestFitness) {
            m_at.bestFitness = result.metrics.fitness;
            m_at.outcome.bestEpoch = result.epoch;
        }
        if (!m_at.tuning) m_at.outcome.exhausted = m_course.isExhausted(m_at);
    }

    const TrainJob& m_job;
    const TrainConfig& m_config;
    EventSink& m_sink;
    const CancelToken& m_cancel;
    std::string m_identity;
    Loader m_loader;
    const TrainCourse m_course;
    TrainPosition m_at;
    std::optional<Distiller> m_distiller;
    std::optional<Optimizer> m_optimizer;
    std::optional<Ema> m_ema;
    std::optional<Stabilizer> m_stabilizer;
    std::optional<QuantizerPhases> m_phases;
    std::optional<Sentinel> m_sentinel;
    std::optional<TrainingStep> m_step;
};

}  // namespace

TrainOutcome train(const TrainJob& job, EventSink& sink, const CancelToken& cancel) {
    return Run(job, sink, cancel).train();
}

}  // namespace qat
