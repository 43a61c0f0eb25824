// The loop over the subset, and its checkpoint: factors, offsets, their moments, and the place in the epoch.
#include "train/correction.h"

#include <ATen/ATen.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/error.h"
#include "config/pattern.h"
#include "graph/device.h"
#include "runs/words.h"
#include "train/exact_number.h"
#include "train/loader_options.h"
#include "train/optimizer.h"
#include "train/parameters.h"
#include "train/resume_state.h"
#include "train/training_step.h"

namespace qat {
namespace {

constexpr const char* kCorrectionKind = "correction_state";
constexpr double kMomentum = 0.9;

LoaderOptions augmented(const Config& config) {
    LoaderOptions options = shuffledOptions(config);
    options.augment = config.data.augment;
    return options;
}

TrainConfig optimizerConfig(const Config& config) {
    TrainConfig adam = config.train;
    adam.optimizer = OptimizerKind::Adam;
    return adam;
}

std::vector<NodeId> convolutionsOf(const CorrectionJob& job) {
    std::vector<LayerPattern> patterns;
    for (const std::string& text : job.config.qc.layers) patterns.emplace_back(text);
    std::vector<bool> hit(patterns.size(), false);
    std::vector<NodeId> chosen;
    for (const Quantizer& q : job.quantizers.all()) {
        if (!q.weight) continue;
        const Node& layer = job.graph.node(q.layers.front());
        if (!std::holds_alternative<Conv2d>(layer.op)) continue;
        bool wanted = patterns.empty();
        for (size_t i = 0; i < patterns.size(); ++i)
            if (patterns[i].matches(layer.name, layerAliases(job.graph, layer.name))) wanted = hit[i] = true;
        if (wanted) chosen.push_back(q.layers.front());
    }
    for (size_t i = 0; i < patterns.size(); ++i)
        require(hit[i], ErrorKind::BadInput, "qc.layers holds ", patterns[i].text(),
                ", which matches no quantized convolution");
    require(!chosen.empty(), ErrorKind::BadInput, "qc.enabled is true, but no convolution is quantized");
    return chosen;
}

class Correction {
public:
    Correction(const CorrectionJob& job, EventSink& sink, const CancelToken& cancel)
        : m_job(job),
          m_sink(sink),
          m_cancel(cancel),
          m_model(storedDigest(job.graph)),
          m_identity(jobIdentity(job.config, m_model)),
          m_loader(job.data, augmented(job.config)) {
        const auto chosen = convolutionsOf(job);
        prepareTensors(job.graph, Gradients::None);
        inProcessorMemory({&job.graph}, [&] {
            for (const NodeId id : chosen) m_affines.push_back(insertAffine(job.graph, id));
        });
        for (const ChannelAffine& affine : m_affines)
            for (const ValueId id : {affine.gamma, affine.beta}) {
                const Value& value = job.graph.value(id);
                value.data->requires_grad_(true);
                m_corrections.push_back({.name = value.name, .tensor = value.data});
            }
        m_optimizer.emplace(m_corrections, optimizerConfig(job.config));
        m_step.emplace(StepParts{.graph = job.graph, .loss = job.loss, .optimizer = *m_optimizer});
        m_step->enter({.movesGrids = false, .followsNorms = false});
    }

    CorrectionOutcome run() {
        if (m_job.resume && std::filesystem::exists(stateFile())) restore();
        for (; m_epoch < m_job.config.qc.epochs; ++m_epoch, m_batch = 0)
            if (!runEpoch())
                return {.layers = {},
                        .steps = m_optimizer->steps(),
                        .addedBytes = 0,
                        .stopped = m_diverged.empty(),
                        .diverged = m_diverged};
        save();
        return fold();
    }

private:
    std::filesystem::path stateFile() const { return m_job.checkpointFolder / "correction_state.safetensors"; }
    int64_t allSteps() const { return m_job.config.qc.epochs * m_loader.batchesPerEpoch(); }

    // False: stopped on request, a checkpoint was written; or the loss is not finite.
    bool runEpoch() {
        m_loader.startEpoch(m_epoch, m_batch, /*mosaic=*/false);
        const int every = m_job.config.train.checkpointEvery;
        while (const auto batch = m_loader.next()) {
            if (!step(*batch)) return false;
            ++m_batch;
            m_sink.progress(stages::kCorrect, m_optimizer->steps(), allSteps());
            if (m_cancel.level() == StopLevel::Abandon) m_cancel.poll();
            if (m_cancel.requested() || (every > 0 && m_optimizer->steps() % every == 0)) save();
            if (m_cancel.requested()) return false;
        }
        return true;
    }

    bool step(const Batch& batch) {
        m_step->forward(batch.images);
        const double total = m_step->loss(batch.targets).sum();
        const auto done = static_cast<double>(m_optimizer->steps());
        if (!std::isfinite(total)) {
            m_diverged = str("quantization correction diverged: the loss is not finite in step ", done + 1,
                             "; a lower qc.lr may help");
            return false;
        }
        m_step->backward();
        const double lr =
            m_job.config.qc.lr * (1 + std::cos(std::numbers::pi * done / static_cast<double>(allSteps()))) / 2;
        m_step->reduce();
        m_step->update({lr, lr, lr, lr, kMomentum, 1}, done / static_cast<double>(allSteps()), batch.images.size(0));
        m_sink.scalar(series::kCorrectionLoss, done + 1, total);
        return true;
    }

    void save() const {
        std::vector<NamedTensor> tensors;
        for (const TrainedParameter& p : m_corrections) tensors.push_back({"model/" + p.name, p.tensor, ""});
        for (const auto& [name, tensor] : m_optimizer->state()) tensors.push_back({"optimizer/" + name, tensor, ""});
        nlohmann::json place{{"epoch", m_epoch}, {"batch", m_batch}, {"steps", m_optimizer->steps()}};
        writeResumeState(stateFile(), kCorrectionKind, m_identity, {std::move(place), std::move(tensors)});
    }

    void restore() {
        restoreNewest(
            stateFile(), [&](const std::filesystem::path& file) { restore(file); },
            [&](const std::string& why) { m_sink.log(LogLevel::Warning, "qc", why); });
        m_sink.log(LogLevel::Info, "qc",
                   str("resumed: ", m_optimizer->steps(), " of ", allSteps(), " steps were done"));
    }

    void restore(const std::filesystem::path& file) {
        const ResumeState stored =
            readResumeState(file, kCorrectionKind, m_identity, formerJobIdentity(m_job.config, m_model));
        Optimizer::State moments;
        std::map<std::string, TensorPtr> given;
        for (const NamedTensor& entry : stored.tensors) {
            if (entry.name.starts_with("optimizer/"))
                moments.emplace_back(entry.name.substr(10), entry.tensor);
            else
                given[entry.name] = entry.tensor;
        }
        const at::NoGradGuard noGrad;
        for (const TrainedParameter& p : m_corrections) {
            const auto found = given.find("model/" + p.name);
            require(found != given.end() && found->second->sizes() == p.tensor->sizes(), ErrorKind::BadInput,
                    "cannot resume from ", file.string(), ": its corrections do not fit: ", p.name);
            p.tensor->copy_(*found->second);
        }
        try {
            m_optimizer->restore(moments, count(stored.numbers.at("steps")));
            m_epoch = count(stored.numbers.at("epoch"));
            m_batch = count(stored.numbers.at("batch"));
        } catch (const nlohmann::json::exception&) {
            fail(ErrorKind::BadInput, file.string(), " is damaged: its numbers are not those of a checkpoint");
        } catch (const Error& error) {
            fail(error.kind(), "cannot resume from ", file.string(), ": ", error.what());
        }
    }

    CorrectionOutcome fold() {
        CorrectionOutcome outcome{.layers = {}, .steps = m_optimizer->steps(), .addedBytes = 0, .stopped = false};
        m_step.reset();
        inProcessorMemory({&m_job.graph}, [&] { foldAll(outcome); });
        verify(m_job.graph);
        return outcome;
    }

    void foldAll(CorrectionOutcome& outcome) {
        for (const ChannelAffine& affine : m_affines) {
            Graph& graph = m_job.graph;
            const std::string name = graph.node(affine.convolution).name;
            const at::Tensor gamma = graph.value(affine.gamma).data->detach().clone();
            const at::Tensor beta = graph.value(affine.beta).data->detach().abs();
            const int64_t scalesBefore = scalesOf(affine.convolution);
            AffineForm form = AffineForm::Operations;
            if (m_job.config.qc.fold == QcFold::Never)
                keepAffine(graph, affine);
            else
                form = foldAffine(graph, affine, m_job.config.qc.fold == QcFold::PerChannel);
            outcome.addedBytes += 4 * (scalesOf(affine.convolution) - scalesBefore);
            if (form == AffineForm::Operations) outcome.addedBytes += 8 * gamma.numel();
            outcome.layers.push_back(
                {name, form, gamma.min().item<double>(), gamma.max().item<double>(), beta.max().item<double>()});
        }
    }

    int64_t scalesOf(NodeId convolution) const {
        const Graph& graph = m_job.graph;
        return graph.value(graph.node(*graph.producer(graph.node(convolution).inputs[1])).inputs[1]).data->numel();
    }

    const CorrectionJob& m_job;
    EventSink& m_sink;
    const CancelToken& m_cancel;
    const std::string m_model, m_identity;
    std::string m_diverged;
    Loader m_loader;
    std::vector<ChannelAffine> m_affines;
    std::vector<TrainedParameter> m_corrections;
    std::optional<Optimizer> m_optimizer;
    std::optional<TrainingStep> m_step;
    int64_t m_epoch = 0, m_batch = 0;  // the next batch
};

}  // namespace

CorrectionOutcome correctQuantization(const CorrectionJob& job, EventSink& sink, const CancelToken& cancel) {
    return Correction(job, sink, cancel).run();
}

}  // namespace qat
