// The loop. A checkpoint is only taken between optimiser steps, when no gradient is pending: the state then is
// complete.
#include "train/trainer.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "export/weights_file.h"
#include "quant/gradual_width.h"
#include "quant/unquantized.h"
#include "run/executor.h"
#include "runs/words.h"
#include "train/begin_quantizing.h"
#include "train/clip_decay.h"
#include "train/distiller.h"
#include "train/frozen_layers.h"
#include "train/loader_options.h"
#include "train/multi_scale.h"
#include "train/resume_state.h"
#include "train/sentinel.h"
#include "train/train_reports.h"
#include "train/train_state.h"

namespace qat {
namespace {

LoaderOptions wholeBatches(const Config& config) {
    LoaderOptions options = shuffledOptions(config);
    options.augment = config.data.augment;
    options.dropLast = true;
    return options;
}

// Leaf tensors of our own, in the memory order the convolutions like: they would reorder weight and gradient otherwise.
void prepareParameters(Graph& graph) {
    for (const ValueId id : graph.storedValues()) {
        Value& value = graph.value(id);
        const auto order = value.data->dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
        at::Tensor tensor = value.data->detach().clone(order);
        if (value.kind == ValueKind::Parameter) tensor.requires_grad_(true);
        value.data = std::make_shared<at::Tensor>(std::move(tensor));
    }
}

// What makes a training's state fit, beside the configuration.
std::string modelsOf(const TrainJob& job) {
    return storedShapes(job.graph) + (job.teacher ? storedDigest(*job.teacher) : "");
}

// Sizes of images are multiples of it.
int64_t coarsestStride(const ModelInfo& model) {
    return model.strides.empty() ? 32 : model.strides.back();
}

// Takes what follows the first `count` tensors off.
std::vector<at::Tensor> split(std::vector<at::Tensor>& tensors, size_t count) {
    const std::vector<at::Tensor> rest(tensors.begin() + static_cast<std::ptrdiff_t>(count), tensors.end());
    tensors.resize(count);
    return rest;
}

class Run {
public:
    Run(const TrainJob& job, EventSink& sink, const CancelToken& cancel)
        : m_job(job),
          m_config(job.config.train),
          m_tuningEpochs(job.quantizers ? fineTuningEpochs(job.config) : 0),
          m_sink(sink),
          m_cancel(cancel),
          m_identity(jobIdentity(job.config, modelsOf(job))),
          m_loader(job.data, wholeBatches(job.config)) {
        require(m_loader.batchesPerEpoch() > 0, ErrorKind::BadInput, "train_params.batch_size is ", m_config.batchSize,
                " but the training data has only ", job.data->size(), " images");
        prepareParameters(job.graph);
        const std::vector<ValueId> frozen = freezeLayers(job.graph, m_config.frozenLayers);
        if (!frozen.empty())
            m_sink.log(LogLevel::Info, "trainer", str(frozen.size(), " weights and biases are not trained"));
        if (job.quantizers) m_widths.emplace(*job.quantizers, job.config.qat.gradualBits);
        if (job.quantizers && job.config.qat.floatEpochs > 0) m_plain.emplace(withoutQuantizers(job.graph));
        if (job.teacher) m_distiller.emplace(job.graph, *job.teacher, job.config);
        m_optimizer.emplace(job.graph, m_config, m_distiller ? m_distiller->adapters() : Optimizer::State{},
                            job.quantizers ? clipDecays(*job.quantizers, m_config) : Optimizer::Decays{});
        if (job.config.ema.enabled) m_ema.emplace(job.graph, job.config.ema);
        if (m_ema) m_ema->freeze(frozen);  // averaging would change their last bits
        if (job.quantizers) m_stabilizer.emplace(job.graph, *job.quantizers, job.config.oscillation);
        if (job.quantizers) m_observer.emplace(*job.quantizers);
        m_sentinel.emplace(job, m_stabilizer ? &*m_stabilizer : nullptr, sink);
        makeExecutor();
        for (const std::string& setting : job.loss.settings()) sink.log(LogLevel::Info, "trainer", setting);
        warnOfNothingToStabilize();
    }

    TrainOutcome train() {
        std::filesystem::path start = checkpointFile();
        if (m_job.resume)
            start = restore();
        else
            checkpoint();
        m_at.outcome.startMap = m_job.startMap;
        m_sentinel->keepBest(start, m_at);
        if (!std::filesystem::exists(m_sentinel->bestState()))
            keepSecondName(start, m_sentinel->bestState());  // of an earlier version
        if (m_at.tuning)
            freeze();
        else if (m_job.resume)
            adoptMode();
        if (isDueForTuning()) startTuning();  // resumed for fewer epochs
        while (!over()) {
            try {
                if (!trainEpoch() || !finishEpoch()) {
                    m_at.outcome.stopped = true;
                    return m_at.outcome;
                }
            } catch (const Instability& unstable) {
                recover(unstable.incident);
            }
        }
        m_sentinel->seeEnd(m_at);
        if (!m_at.tuning) settle();
        adoptAverage();
        return m_at.outcome;
    }

private:
    std::filesystem::path checkpointFile() const { return m_job.checkpointFolder / "train_state.safetensors"; }
    TrainObjects objects() {
        return {m_job.graph,      m_ema ? &*m_ema : nullptr,
                *m_optimizer,     m_stabilizer ? &*m_stabilizer : nullptr,
                m_job.quantizers, m_distiller ? m_distiller->adapters() : Optimizer::State{}};
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
                   over() ? "resumed: training was over"
                          : str("resumed: going on in epoch ", m_at.epoch + 1, " of ", lastEpoch(), ", behind ",
                                m_at.batch, " of ", m_loader.batchesPerEpoch(), " batches"));
        return loaded;
    }
    // A run that is resumed for more (or fewer) epochs goes on along the schedule of the new length.
    void adoptLength() {
        const bool patient = m_config.patience > 0 && !m_at.outcome.epochs.empty() &&
                             m_at.outcome.epochs.back().epoch - m_at.outcome.bestEpoch >= m_config.patience;
        const bool exhausted = m_at.outcome.exhausted;
        m_at.outcome.exhausted = exhausted && patient;
        if (m_at.planned == 0 || m_at.planned == m_config.epochs) return;
        if (over() && m_at.outcome.exhausted)
            m_sink.log(
                LogLevel::Warning, "trainer",
                str("train_params.epochs was ", m_at.planned, " and is ", m_config.epochs,
                    ", but patience ran out after epoch ", m_at.epoch, ": a larger train_params.patience would go on"));
        else
            m_sink.log(LogLevel::Info, "trainer",
                       str("train_params.epochs was ", m_at.planned, " and is ", m_config.epochs,
                           ": from here on learning rates and all else that follows the training's length are those of "
                           "a run of ",
                           m_config.epochs, " epochs; the next learning rate is ", settingsOf(m_at.step).lrWeight));
    }
    void checkpoint() {
        m_at.planned = m_config.epochs;
        saveTrainState(checkpointFile(), m_identity, m_at, objects());
    }
    StepSettings settingsOf(int64_t step) const {
        const int64_t batches = m_loader.batchesPerEpoch();
        return slowed(m_at.tuning ? fineTuningSettings(m_config, batches) : settingsAt(m_config, step, batches),
                      m_at.lrFactor);
    }
    int64_t lastEpoch() const { return m_config.epochs + m_tuningEpochs; }
    bool trained() const { return m_at.epoch >= m_config.epochs || m_at.outcome.exhausted; }
    bool isDueForTuning() const { return !m_at.outcome.halted && !m_at.tuning && trained() && m_tuningEpochs > 0; }
    bool over() const {
        return m_at.outcome.halted || (m_at.tuning ? m_at.tuned >= m_tuningEpochs : trained() && m_tuningEpochs == 0);
    }

    // Back to the best state, for another try or for good.
    void recover(const Incident& incident) {
        const TrainPosition failed = m_at;
        m_optimizer->dropGradients();
        if (m_observer) m_observer.emplace(*m_job.quantizers);  // forgets half a batch
        m_at = loadTrainState(m_sentinel->bestState(), m_identity, objects(),
                              formerJobIdentity(m_job.config, modelsOf(m_job)));
        m_at.outcome.startMap = m_job.startMap;
        m_sentinel->react(incident, failed, m_at);
        if (!m_at.tuning) adoptMode();
        m_job.epochDone(m_at.outcome);
        checkpoint();
    }

    void warnOfNothingToStabilize() const {
        if (!m_stabilizer || m_stabilizer->weights() > 0 || !(m_stabilizer->dampens() || m_stabilizer->freezes()))
            return;
        m_sink.log(LogLevel::Warning, "trainer",
                   "no weight has 4 bits or less: oscillation.dampen and oscillation.freeze have nothing to act on");
    }

    // The share of the training that is done; fine-tuning changes nothing about it.
    double progress() const {
        return m_at.tuning
                   ? 1
                   : static_cast<double>(m_at.step) / static_cast<double>(m_loader.batchesPerEpoch() * m_config.epochs);
    }

    bool inFloat() const { return m_plain && !m_at.tuning && m_at.epoch < m_job.config.qat.floatEpochs; }
    bool normsFrozen() const { return m_config.bnFreezeEpoch > 0 && m_at.epoch >= m_config.bnFreezeEpoch; }
    Graph* average() { return m_ema ? &m_ema->graph() : nullptr; }

    // The mode of the epoch that a checkpoint stands in, or of the one that it has ended: scales belong to that.
    void adoptMode() {
        if (m_widths) m_widths->adopt(m_job.graph, m_at.batch > 0 ? m_at.epoch : m_at.epoch - 1);
        if (m_widths && m_ema) m_widths->adopt(m_ema->graph(), m_at.batch > 0 ? m_at.epoch : m_at.epoch - 1);
        makeExecutor();
    }

    // What changes with an epoch: widths, from float to quantized, statistics of batch norms.
    void enterEpoch() {
        if (m_at.tuning || m_at.batch > 0) return;
        moveTo(m_at.epoch, m_plain && m_at.epoch == m_job.config.qat.floatEpochs);
        makeExecutor();
    }

    // However few epochs there were, the final model is quantized and on its own grids.
    void settle() {
        moveTo(std::numeric_limits<int64_t>::max(), m_plain && m_at.epoch <= m_job.config.qat.floatEpochs);
    }

    void moveTo(int64_t epoch, bool quantizes) {
        const bool narrowed = m_widths && m_widths->advance(m_job.graph, average(), epoch);
        if (quantizes) {
            m_sink.log(LogLevel::Info, "trainer",
                       str("quantizers join after ", m_at.epoch, " epochs in float; their ranges are calibrated anew"));
            beginQuantizing(m_job, *m_plain, average(), m_cancel);
        }
        if (m_stabilizer && (narrowed || quantizes)) m_stabilizer->restart();
    }

    void makeExecutor() {
        ExecutorOptions options{.outputs = m_job.loss.outputs(), .train = !m_at.tuning && !normsFrozen(), .grad = true};
        if (m_distiller) options.values = m_distiller->studentFeatures();
        if (inFloat())
            for (ValueId& value : options.values) value = unquantized(m_job.graph, value);
        m_executor.emplace(inFloat() ? *m_plain : m_job.graph, std::move(options));
        if (m_observer && !m_at.tuning)
            m_executor->setRangeSink([this](ValueId value) { return m_observer->wants(value); },
                                     [this](ValueId value, float low, float high) {
                                         m_sentinel->seeRange(value, low, high, m_at);
                                         m_observer->seeRange(value, low, high);
                                     });
    }

    // Fine-tuning starts from what training ends with, the averaged model.
    void startTuning() {
        settle();
        m_at.tuning = true;
        const at::NoGradGuard noGrad;
        for (const ValueId id : m_job.graph.storedValues())
            if (m_ema) m_job.graph.value(id).data->copy_(*m_ema->graph().value(id).data);
        freeze();
        m_sink.log(LogLevel::Info, "trainer",
                   str("fine-tuning begins: learning rate ", settingsOf(m_at.step).lrWeight, ", quantizers frozen"));
    }

    // What is no weight stays as it is: scales without gradient, running statistics read only.
    void freeze() {
        std::vector<ValueId> frozen;
        for (const ValueId id : m_job.graph.storedValues())
            if (m_job.graph.value(id).kind != ValueKind::Parameter) frozen.push_back(id);
        for (const Quantizer& q : m_job.quantizers->all()) {
            for (const ValueId value : {q.scale, q.zeroPoint}) {
                if (value != q.scale && m_job.graph.value(value).kind == ValueKind::Buffer) continue;
                m_job.graph.value(value).data->requires_grad_(false);
                frozen.push_back(value);
            }
        }
        if (m_ema) m_ema->freeze(frozen);
        makeExecutor();
    }

    // False: stopped on request, a checkpoint was written.
    bool trainEpoch() {
        const bool mosaic = !m_at.tuning && m_at.epoch < m_config.epochs - m_job.config.data.augment.closeMosaic;
        enterEpoch();
        m_loader.startEpoch(m_at.epoch, m_at.batch, mosaic);
        int64_t pending = 0;
        while (auto batch = m_loader.next()) {
            backward(*batch);
            const StepSettings now = settingsOf(m_at.step);
            const bool last = m_at.batch + 1 == m_loader.batchesPerEpoch();
            const bool boundary = ++pending >= now.accumulate || last;
            ++m_at.batch, ++m_at.step;
            if (boundary) {
                if (last && m_job.quantizers && !inFloat())
                    reportGrids(m_sink, m_job.graph, *m_job.quantizers, batch->images, m_at.epoch + 1);
                optimizerStep(now, pending * m_config.batchSize);
                pending = 0;
            }
            m_sink.progress("train", m_at.step, m_loader.batchesPerEpoch() * lastEpoch());
            if (m_cancel.level() == StopLevel::Abandon) m_cancel.poll();
            if (!boundary) continue;
            const bool due = m_config.checkpointEvery > 0 && m_optimizer->steps() % m_config.checkpointEvery == 0;
            if (due || m_cancel.requested()) checkpoint();
            if (m_cancel.requested()) return false;
        }
        return true;
    }

    void backward(const Batch& batch) {
        if (m_job.quantizers && !m_at.tuning && !inFloat()) followWeights();
        const at::Tensor images = inDrawnSize(batch.images, m_job.config, coarsestStride(m_job.graph.info), m_at.step);
        auto outputs = m_executor->run(images);
        const auto features = split(outputs, m_job.loss.outputs().size());
        const at::AutoGradMode gradMode(true);
        const LossValue loss = m_job.loss.of(outputs, batch.targets);
        std::optional<Distiller::Loss> distillation;
        if (m_distiller) distillation = m_distiller->against(images, outputs, features);
        m_sentinel->seeLoss(sumOf(loss.terms) + (distillation ? distillation->value : 0), m_at);
        (distillation ? m_distiller->mixed(loss.total, *distillation) : loss.total).backward();
        moveActivationRanges();
        addToSums(loss.terms, distillation);
        reportLosses(m_sink, m_at.step + 1, loss.terms,
                     distillation ? std::optional(distillation->value) : std::nullopt);
    }

    void followWeights() {
        m_job.quantizers->followWeights(m_job.graph);
        m_stabilizer->hold(m_job.graph);
    }

    void addToSums(const LossTerms& terms, const std::optional<Distiller::Loss>& distillation) {
        if (m_at.lossSums.empty())
            m_at.lossSums = terms;
        else
            for (size_t i = 0; i < terms.size(); ++i) m_at.lossSums[i].value += terms[i].value;
        if (distillation) m_at.distillSum += distillation->value;
    }

    // Observed ranges follow the batch behind it: the next batch is quantized with them.
    void moveActivationRanges() {
        if (!m_observer || m_at.tuning || inFloat()) return;
        m_observer->endBatch();
        for (const Quantizer& q : m_job.quantizers->all())
            if (!q.weight && !isLearned(q.how.fakeQuantize.type)) m_job.quantizers->applyRange(m_job.graph, q);
    }

    void optimizerStep(const StepSettings& now, int64_t images) {
        const auto step = static_cast<double>(m_at.step);
        Stabilizer* const stabilizer = m_stabilizer && !inFloat() ? &*m_stabilizer : nullptr;
        const double dampening = stabilizer ? stabilizer->beforeStep(progress(), images) : 0;
        if (stabilizer && stabilizer->dampens()) m_sink.scalar(series::loss(series::kDampen), step, dampening);
        m_sentinel->seeGradient(m_optimizer->step(now), m_at);
        if (stabilizer) stabilizer->afterStep(progress());
        if (m_ema) m_ema->update(m_job.graph);
        if (m_ema && stabilizer) stabilizer->hold(m_ema->graph());
        m_sentinel->seeScales(m_optimizer->steps(), m_at);
        reportRates(m_sink, m_at.step, now);
    }

    DetectionMetrics measured(const Graph& model) const {
        if (inFloat()) return m_job.validate(withoutQuantizers(model));
        return m_job.validate(model);
    }

    struct Validated {
        DetectionMetrics model;  // averaged, if there is an average
        std::optional<DetectionMetrics> raw;
    };

    // Nothing if it was stopped on request: the epoch's last batch is then checkpointed, and a resumed run validates
    // again.
    std::optional<Validated> validate() {
        try {
            if (!m_ema) return Validated{measured(m_job.graph), std::nullopt};
            Validated validated{measured(m_ema->graph()), std::nullopt};
            if (m_job.config.ema.evaluateRaw) validated.raw = measured(m_job.graph);
            return validated;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Cancelled || m_cancel.level() == StopLevel::Abandon) throw;
            checkpoint();
            return std::nullopt;
        }
    }

    // False: stopped on request, a checkpoint was written.
    bool finishEpoch() {
        const auto batches = static_cast<double>(m_loader.batchesPerEpoch());
        const auto validated = validate();
        if (!validated) return false;
        const DetectionMetrics& metrics = validated->model;
        const StepSettings now = settingsOf(m_at.step - 1);
        EpochResult result{m_at.epoch + 1,    m_at.lossSums,
                           metrics.precision, metrics.recall,
                           metrics.map50,     metrics.map,
                           now.lrBias,        now.lrWeight,
                           now.lrNorm,        m_distiller ? std::optional(m_at.distillSum / batches) : std::nullopt};
        for (LossTerm& loss : result.losses) loss.value /= batches;
        if (validated->raw) result.rawMap50 = validated->raw->map50, result.rawMap = validated->raw->map;
        result.easier = m_at.epoch < easierEpochs(m_job.config);
        m_at.outcome.epochs.push_back(result);
        reportEpoch(m_sink, result, lastEpoch());
        if (m_stabilizer && m_stabilizer->reports() && !inFloat())
            reportOscillation(m_sink, *m_stabilizer, result.epoch);
        keepWeights(result);
        m_sentinel->seeEpoch(m_at);
        ++m_at.epoch;
        m_at.batch = 0;
        m_at.lossSums.clear(), m_at.distillSum = 0;
        if (m_at.tuning)
            ++m_at.tuned;
        else if (isDueForTuning())
            startTuning();
        m_job.epochDone(m_at.outcome);
        checkpoint();
        m_sentinel->keepBest(checkpointFile(), m_at);
        return true;
    }

    void keepWeights(const EpochResult& result) {
        const Graph& model = m_ema ? m_ema->graph() : m_job.graph;
        saveWeightsWithGraph(m_job.weightsFolder / "last.safetensors", model);
        if (result.easier) return;
        TrainOutcome& outcome = m_at.outcome;
        if (result.fitness() > m_at.bestFitness) saveWeightsWithGraph(m_job.weightsFolder / "best.safetensors", model);
        if (result.fitness() >= m_at.bestFitness) {
            m_at.bestFitness = result.fitness();
            outcome.bestEpoch = result.epoch;
        }
        if (m_at.tuning) return;
        outcome.exhausted = m_config.patience > 0 && result.epoch - outcome.bestEpoch >= m_config.patience;
    }

    // The final model is the averaged one.
    void adoptAverage() {
        for (const ValueId id : m_job.graph.storedValues()) {
            const Graph& source = m_ema ? m_ema->graph() : m_job.graph;
            m_job.graph.value(id).data = std::make_shared<at::Tensor>(source.value(id).data->detach().clone());
        }
    }

    const TrainJob& m_job;
    const TrainConfig& m_config;
    const int64_t m_tuningEpochs;
    EventSink& m_sink;
    const CancelToken& m_cancel;
    std::string m_identity;
    Loader m_loader;
    TrainPosition m_at;
    std::optional<Distiller> m_distiller;
    std::optional<Optimizer> m_optimizer;
    std::optional<Ema> m_ema;
    std::optional<Stabilizer> m_stabilizer;
    std::optional<GradualWidths> m_widths;
    std::optional<Graph> m_plain;  // the graph without quantizers, for epochs in float
    std::optional<BatchObserver> m_observer;
    std::optional<Sentinel> m_sentinel;
    std::optional<Executor> m_executor;
};

}  // namespace

TrainOutcome train(const TrainJob& job, EventSink& sink, const CancelToken& cancel) {
    return Run(job, sink, cancel).train();
}

}  // namespace qat
