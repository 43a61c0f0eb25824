// Checks, the likely cause, and going back.
#include "train/sentinel.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "import/checkpoint.h"
#include "ops/fake_quantize.h"
#include "train/resume_state.h"
#include "train/trainer.h"

namespace qat {
namespace {

constexpr int64_t kScaleInterval = 16;   // optimiser steps between looks at the scales
constexpr int64_t kLostSteps = 3;        // in a row: one may be a freak of its batch, three are a state of the model
constexpr int64_t kHopelessSteps = 100;  // in a row: nothing is trained any more
constexpr double kDeadShare = 1e-3;      // of the range that a dead grid covers at most
constexpr double kFallenShare = 0.1;     // where the scale stands at its floor, and can fall no further
constexpr double kExploded = 2.0;        // a step of that many largest magnitudes rounds everything to zero
constexpr double kTroubledScales = 0.5;  // share of a quantizer's scales
constexpr double kRestless = 0.1;        // share of oscillating weights that is worth a mention
constexpr double kDrifted = 0.5;         // standard deviations

// Largest magnitude below each scale of a quantizer, empty if nothing was seen.
std::vector<double> magnitudes(const Graph& graph, const Quantizer& q) {
    std::vector<double> found;
    if (q.weight) {
        const at::Tensor weight = graph.value(q.observed.front()).data->detach();
        const int64_t axis = q.observer.axis();
        const at::Tensor rows =
            axis < 0 ? weight.reshape({1, -1}) : weight.transpose(0, axis).reshape({weight.size(axis), -1});
        const at::Tensor largest = rows.abs().amax({1}).cpu().to(at::kDouble).contiguous();
        found.assign(largest.data_ptr<double>(), largest.data_ptr<double>() + largest.numel());
        return found;
    }
    const ObservedRange& range = q.observer.range();
    for (size_t i = 0; i < range.low.size(); ++i)
        found.push_back(std::max(std::abs(range.low[i]), std::abs(range.high[i])));
    return found;
}

struct ScaleCounts {
    int64_t alive = 0, dead = 0, exploding = 0;
};

ScaleCounts countScales(const Graph& graph, const Quantizer& q) {
    const std::vector<double> largest = magnitudes(graph, q);
    const auto& op = std::get<FakeQuantize>(graph.node(q.nodes.front()).op);
    const at::Tensor scales = plainScales(op, graph.value(q.scale).data->detach().cpu()).contiguous();
    ScaleCounts counts;
    if (static_cast<int64_t>(largest.size()) != scales.numel()) return counts;
    const auto steps = static_cast<double>(q.grid.qmax - q.grid.qmin);
    for (size_t i = 0; i < largest.size(); ++i) {
        const auto scale = static_cast<double>(scales.data_ptr<float>()[i]);
        if (std::isfinite(scale) && largest[i] == 0) continue;
        ++counts.alive;
        if (!std::isfinite(scale) || scale > kExploded * largest[i])
            ++counts.exploding;
        else if (scale * steps < (q.isAtFloor(scale) ? kFallenShare : kDeadShare) * largest[i])
            ++counts.dead;
    }
    return counts;
}

std::string nameOf(const Graph& graph, const Quantizer& q) {
    return q.weight ? graph.node(q.layers.front()).name : q.name;
}

std::string percent(double share) {
    return str(std::round(1000 * share) / 10, " %");
}

std::string clauseOf(const ScaleTrouble& trouble) {
    return trouble.exploding ? str("the scale of ", trouble.name, " exploded, its values all round to zero")
                             : str("the scale of ", trouble.name, " is dead, its values are all clipped");
}

}  // namespace

const char* troubleName(Trouble trouble) {
    switch (trouble) {
        case Trouble::Collapse:
            return "collapse";
        case Trouble::NotFinite:
            return "not_finite";
        case Trouble::DeadScale:
            return "dead_scale";
        case Trouble::ExplodingScale:
            return "exploding_scale";
        case Trouble::LostSteps:
            return "lost_steps";
    }
    return "";
}

const char* reactionName(GateReaction reaction) {
    switch (reaction) {
        case GateReaction::Continue:
            return "continue";
        case GateReaction::Stop:
            return "stop";
        case GateReaction::Retry:
            return "retry";
    }
    return "";
}

std::string Incident::sentence() const {
    const char* follows = reaction == GateReaction::Continue ? "gate.reaction is continue, so nothing is done"
                          : reaction == GateReaction::Stop   ? "training stops with its best weights"
                                                             : "training goes back to its best epoch with a lower rate";
    return str(what, "; likely cause: ", cause, "; ", follows);
}

std::optional<ScaleTrouble> worstScale(const Graph& graph, const QuantizerSet& quantizers) {
    for (const Quantizer& q : quantizers.all()) {
        const ScaleCounts counts = countScales(graph, q);
        const auto share = [&](int64_t count) {
            return static_cast<double>(count) / static_cast<double>(std::max<int64_t>(counts.alive, 1));
        };
        if (share(counts.exploding) >= kTroubledScales)
            return ScaleTrouble{nameOf(graph, q), true, share(counts.exploding)};
        if (share(counts.dead) >= kTroubledScales) return ScaleTrouble{nameOf(graph, q), false, share(counts.dead)};
    }
    return std::nullopt;
}

std::optional<double> normDrift(const Graph& graph, const std::filesystem::path& bestWeights) {
    if (!std::filesystem::exists(bestWeights)) return std::nullopt;
    const Checkpoint best = readCheckpoint(bestWeights);
    double sum = 0, channels = 0;
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        const auto* norm = std::get_if<BatchNorm>(&node.op);
        const NamedTensor* mean = norm ? best.find(graph.value(node.inputs[3]).name) : nullptr;
        const NamedTensor* variance = norm ? best.find(graph.value(node.inputs[4]).name) : nullptr;
        if (!mean || !variance) continue;
        const at::Tensor shift = (graph.value(node.inputs[3]).data->detach() - *mean->tensor).abs() /
                                 at::sqrt(*variance->tensor + norm->eps);
        sum += shift.sum(at::kDouble).item<double>();
        channels += static_cast<double>(shift.numel());
    }
    return channels > 0 ? std::optional(sum / channels) : std::nullopt;
}

Sentinel::Sentinel(const TrainJob& job, const Stabilizer* stabilizer, EventSink& sink)
    : m_job(job), m_gate(job.config.gate), m_stabilizer(stabilizer), m_sink(sink) {}

std::filesystem::path Sentinel::bestState() const {
    return m_job.checkpointFolder / "best_state.safetensors";
}

void Sentinel::keepBest(const std::filesystem::path& checkpoint, const TrainPosition& at) const {
    if (at.batch == 0 && at.outcome.bestEpoch == at.epoch) keepSecondName(checkpoint, bestState());
}

std::optional<Floor> floorOf(const TrainOutcome& outcome) {
    const EpochResult* best = nullptr;  // of those that count
    for (const EpochResult& epoch : outcome.epochs)
        if (!epoch.easier && (!best || epoch.score() > best->score())) best = &epoch;
    const double start = outcome.startScore.value_or(0);
    if (start >= kSomeAccuracy && (!best || start > best->score()))
        return Floor{start, str("what training started from, ", start)};
    if (!best) return std::nullopt;
    return Floor{best->score(), str("the best, ", best->score(), " in epoch ", best->epoch)};
}

std::string Sentinel::likelyCause() const {
    if (m_job.quantizers)
        if (const auto scale = worstScale(m_job.graph, *m_job.quantizers)) return clauseOf(*scale);
    const auto drift = normDrift(m_job.graph, m_job.weightsFolder / "best.safetensors");
    if (drift && !std::isfinite(*drift))
        return "running statistics of batch norms are no longer finite, so the learning rate may be too high";
    if (drift && *drift >= kDrifted)
        return str("running statistics of batch norms drifted by ", *drift,
                   " standard deviations since the best epoch");
    if (m_stabilizer && m_stabilizer->oscillating() >= kRestless)
        return percent(m_stabilizer->oscillating()) + " of the low-bit weights swing between two codes";
    return "scales, batch norms and oscillation are inconspicuous, so the learning rate may be too high";
}

void Sentinel::report(Trouble trouble, const std::string& subject, const std::string& what, const TrainPosition& at) {
    auto& incidents = m_state.incidents;
    const bool fromScale = trouble == Trouble::DeadScale || trouble == Trouble::ExplodingScale;
    const bool known = fromScale && std::ranges::any_of(incidents, [&](const Incident& i) {
                           return i.trouble == trouble && i.subject == subject;
                       });
    if (known && !guards()) return;
    const std::string cause = fromScale ? "its gradient is too large for train_params.quant_lr_factor" : likelyCause();
    Incident incident{trouble, at.epoch + 1, at.step, subject, what, cause, GateReaction::Continue};
    if (guards() || trouble == Trouble::NotFinite) throw Instability{std::move(incident)};
    m_sink.log(LogLevel::Warning, "sentinel", incident.sentence());
    incidents.push_back(std::move(incident));
}

void Sentinel::seeLoss(double loss, const TrainPosition& at) {
    if (!std::isfinite(loss))
        report(Trouble::NotFinite, "", str("the loss is not finite in epoch ", at.epoch + 1, ", batch ", at.batch + 1),
               at);
}

void Sentinel::seeRange(ValueId value, float low, float high, const TrainPosition& at) {
    if (std::isfinite(low) && std::isfinite(high)) return;
    const std::string& name = m_job.graph.value(value).name;
    report(Trouble::NotFinite, name,
           str("activations of ", name, " are not finite in epoch ", at.epoch + 1, ", batch ", at.batch + 1), at);
}

void Sentinel::seeGradient(double norm, const TrainPosition& at) {
    if (std::isfinite(norm)) {
        m_state.lostSteps = 0;
        return;
    }
    ++m_state.lostSteps;
    m_sink.log(LogLevel::Warning, "trainer", str("step ", at.step, ": the gradient is not finite, step left out"));
    const auto tell = [&](Trouble trouble) {
        report(trouble, "",
               str("the gradient was not finite in ", m_state.lostSteps, " steps in a row, in epoch ", at.epoch + 1,
                   ", batch ", at.batch),
               at);
    };
    if (m_state.lostSteps == kLostSteps) tell(Trouble::LostSteps);
    if (m_state.lostSteps == kHopelessSteps) tell(Trouble::NotFinite);
}

void Sentinel::seeScales(int64_t optimizerSteps, const TrainPosition& at) {
    if (optimizerSteps % kScaleInterval == 0) lookAtScales(at);
}

// A learned scale may touch its floor and come back: dead is what is so at two looks in a row.
void Sentinel::lookAtScales(const TrainPosition& at) {
    const bool inUse = m_job.quantizers && at.epoch >= m_job.config.qat.floatEpochs;
    if (!inUse) return;
    const auto scale = worstScale(m_job.graph, *m_job.quantizers);
    const std::string dying = scale && !scale->exploding ? scale->name : "";
    const bool passing = !dying.empty() && dying != m_state.dyingScale;
    m_state.dyingScale = dying;
    if (!scale || passing) return;
    report(scale->exploding ? Trouble::ExplodingScale : Trouble::DeadScale, scale->name,
           str(clauseOf(*scale), " in epoch ", at.epoch + 1), at);
}

void Sentinel::seeEpoch(const TrainPosition& at, bool isLast) {
    lookAtScales(at);
    const EpochResult& last = at.outcome.epochs.back();
    const auto floor = floorOf(at.outcome);
    if (!floor || !(last.score() < m_gate.collapseRatio * floor->score)) {
        m_state.below = 0;
        return;
    }
    ++m_state.below;
    if (m_state.below != m_gate.patience && !(m_state.below < m_gate.patience && isLast)) return;
    report(Trouble::Collapse, "",
           str(last.metrics.best().label, " of epoch ", last.epoch, ", ", last.score(), ", is below ",
               m_gate.collapseRatio, " of ", floor->place),
           at);
}

void Sentinel::seeEnd(const TrainPosition& at) const {
    const bool learned =
        std::ranges::any_of(at.outcome.epochs, [](const EpochResult& epoch) { return epoch.score() > 0; });
    if (learned || at.outcome.epochs.empty() || !m_state.incidents.empty()) return;
    m_sink.log(LogLevel::Warning, "sentinel",
               str(at.outcome.epochs.back().metrics.best().label, " stayed 0 in all ", at.outcome.epochs.size(),
                   " epochs; likely cause: too few of them for where training started, or ", likelyCause()));
}

bool Sentinel::react(Incident incident, const SentinelState& failed, bool tuning) {
    const bool retry = m_gate.reaction == GateReaction::Retry && failed.retries < m_gate.retries && !tuning;
    incident.reaction = retry ? GateReaction::Retry : GateReaction::Stop;
    m_state.retries = failed.retries + (retry ? 1 : 0);
    m_state.lrFactor = failed.lrFactor * (retry ? m_gate.retryLrFactor : 1.0);
    m_state.incidents = failed.incidents;
    m_state.incidents.push_back(incident);
    m_sink.log(retry ? LogLevel::Warning : LogLevel::Error, "sentinel", incident.sentence());
    return retry;
}

}  // namespace qat
