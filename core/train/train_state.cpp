// Training state as a safetensors file: tensors under a prefix each, numbers as JSON in the metadata (doubles in
// hexadecimal, so that they come back bit by bit).
#include "train/train_state.h"

#include <ATen/ATen.h>

#include <map>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "task/detect_metrics.h"
#include "task/metrics_json.h"
#include "train/exact_number.h"
#include "train/quantizer_state.h"
#include "train/resume_state.h"

namespace qat {
namespace {

using nlohmann::json;

constexpr const char* kTrainKind = "train_state";

// One of the names that the enumeration begins with 0 and ends with `last`.
template <class Enum>
Enum oneOf(const json& value, Enum last) {
    const int64_t number = count(value);
    require(number <= static_cast<int64_t>(last), ErrorKind::BadInput, "its incidents are damaged");
    return static_cast<Enum>(number);
}

json optionalJson(const std::optional<double>& value) {
    return value ? exact(*value) : json(nullptr);
}

std::optional<double> optionalFrom(const json& value) {
    return value.is_null() ? std::nullopt : std::optional(exact(value));
}

json termsJson(const LossTerms& terms) {
    json list = json::array();
    for (const LossTerm& term : terms) list.push_back({term.name, exact(term.value)});
    return list;
}

LossTerms termsFrom(const json& list) {
    LossTerms terms;
    for (const json& term : list) terms.push_back({term.at(0), exact(term.at(1))});
    return terms;
}

json epochJson(const EpochResult& e) {
    return {e.epoch,
            termsJson(e.losses),
            metricsJson(e.metrics),
            exact(e.lrBias),
            exact(e.lrWeight),
            exact(e.lrNorm),
            optionalJson(e.distillLoss),
            e.raw ? metricsJson(*e.raw) : json(nullptr),
            e.easier};
}

// Of version 1, which knew detectors only: precision, recall, mAP50 and mAP50-95 by their place.
EpochResult formerEpochFrom(const json& j) {
    EpochResult e{count(j.at(0)), termsFrom(j.at(1)), {}, exact(j.at(6)), exact(j.at(7)), exact(j.at(8))};
    e.metrics = detectMetrics(exact(j.at(2)), exact(j.at(3)), exact(j.at(4)), exact(j.at(5)));
    e.distillLoss = optionalFrom(j.at(9));
    const auto map50 = optionalFrom(j.at(10)), map = optionalFrom(j.at(11));
    if (map50 && map) e.raw = detectMetrics(0, 0, *map50, *map);
    e.easier = j.at(12).get<bool>();
    return e;
}

EpochResult epochFrom(const json& j, int64_t version) {
    if (version == 1) return formerEpochFrom(j);
    EpochResult e{count(j.at(0)), termsFrom(j.at(1)), metricsFrom(j.at(2)),
                  exact(j.at(3)), exact(j.at(4)),     exact(j.at(5))};
    e.distillLoss = optionalFrom(j.at(6));
    if (!j.at(7).is_null()) e.raw = metricsFrom(j.at(7));
    e.easier = j.at(8).get<bool>();
    return e;
}

json incidentJson(const Incident& i) {
    return {static_cast<int>(i.trouble), i.epoch, i.step, i.subject, i.what, i.cause, static_cast<int>(i.reaction)};
}

Incident incidentFrom(const json& j) {
    return {oneOf(j.at(0), Trouble::LostSteps), count(j.at(1)), count(j.at(2)), j.at(3), j.at(4), j.at(5),
            oneOf(j.at(6), GateReaction::Retry)};
}

json sentinelJson(const SentinelState& s) {
    json incidents = json::array();
    for (const Incident& incident : s.incidents) incidents.push_back(incidentJson(incident));
    return {{"lr_factor", exact(s.lrFactor)}, {"retries", s.retries},        {"below", s.below},
            {"lost_steps", s.lostSteps},      {"dying_scale", s.dyingScale}, {"incidents", incidents}};
}

SentinelState sentinelFrom(const json& j) {
    SentinelState s{exact(j.at("lr_factor")),  count(j.at("retries")), count(j.at("below")),
                    count(j.at("lost_steps")), j.at("dying_scale"),    {}};
    for (const json& incident : j.at("incidents")) s.incidents.push_back(incidentFrom(incident));
    return s;
}

json positionJson(const TrainPosition& p) {
    json epochs = json::array();
    for (const EpochResult& epoch : p.outcome.epochs) epochs.push_back(epochJson(epoch));
    return {{"epoch", p.epoch},
            {"batch", p.batch},
            {"step", p.step},
            {"loss_sums", termsJson(p.lossSums)},
            {"distill_sum", exact(p.distillSum)},
            {"tuning", p.tuning},
            {"tuned", p.tuned},
            {"halted", p.outcome.halted},
            {"planned", p.planned},
            {"best_fitness", exact(p.bestFitness)},
            {"best_epoch", p.outcome.bestEpoch},
            {"exhausted", p.outcome.exhausted},
            {"epochs", epochs}};
}

TrainPosition positionFrom(const json& j) {
    TrainPosition p;
    p.epoch = count(j.at("epoch")), p.batch = count(j.at("batch")), p.step = count(j.at("step"));
    p.lossSums = termsFrom(j.at("loss_sums")), p.distillSum = exact(j.at("distill_sum"));
    p.tuning = j.at("tuning"), p.tuned = count(j.at("tuned"));
    p.outcome.halted = j.at("halted");
    p.planned = j.contains("planned") ? count(j.at("planned")) : 0;
    p.bestFitness = exact(j.at("best_fitness"));
    p.outcome.bestEpoch = count(j.at("best_epoch"));
    p.outcome.exhausted = j.at("exhausted");
    const int64_t version = count(j.at("version"));
    for (const json& epoch : j.at("epochs")) p.outcome.epochs.push_back(epochFrom(epoch, version));
    return p;
}

class Tensors {
public:
    void add(const std::string& prefix, const std::vector<std::pair<std::string, TensorPtr>>& tensors) {
        for (const auto& [name, tensor] : tensors) m_tensors.push_back({prefix + name, tensor, ""});
    }
    void addValues(const std::string& prefix, const Graph& graph) {
        for (const ValueId id : graph.storedValues())
            m_tensors.push_back({prefix + graph.value(id).name, graph.value(id).data, ""});
    }
    std::vector<NamedTensor> m_tensors;
};

// Entries below a prefix, the prefix removed.
std::vector<std::pair<std::string, TensorPtr>> below(const std::vector<NamedTensor>& tensors,
                                                     const std::string& prefix) {
    std::vector<std::pair<std::string, TensorPtr>> found;
    for (const NamedTensor& t : tensors)
        if (t.name.starts_with(prefix)) found.emplace_back(t.name.substr(prefix.size()), t.tensor);
    return found;
}

void restoreValues(Graph& graph, const std::vector<std::pair<std::string, TensorPtr>>& tensors) {
    std::map<std::string_view, const at::Tensor*> given;
    for (const auto& [name, tensor] : tensors) given[name] = tensor.get();
    for (const ValueId id : graph.storedValues()) {
        Value& value = graph.value(id);
        const auto found = given.find(value.name);
        require(found != given.end() && found->second->sizes() == value.data->sizes(), ErrorKind::BadInput,
                "its weights do not fit: ", value.name);
        const at::NoGradGuard noGrad;
        value.data->copy_(*found->second);
    }
}

void restoreAdapters(const Optimizer::State& adapters, const std::vector<std::pair<std::string, TensorPtr>>& tensors) {
    const std::map<std::string, TensorPtr> given(tensors.begin(), tensors.end());
    for (const auto& [name, tensor] : adapters) {
        const auto found = given.find(name);
        require(found != given.end() && found->second->sizes() == tensor->sizes(), ErrorKind::BadInput,
                "its distillation weights do not fit: ", name);
        const at::NoGradGuard noGrad;
        tensor->copy_(*found->second);
    }
}

}  // namespace

void saveTrainState(const std::filesystem::path& file, const std::string& identity, const TrainPosition& position,
                    const TrainObjects& o) {
    Tensors tensors;
    tensors.addValues("model/", o.graph);
    if (o.ema) tensors.addValues("ema/", o.ema->graph());
    tensors.add("optimizer/", o.optimizer.state());
    if (o.stabilizer) tensors.add("oscillation/", o.stabilizer->state());
    tensors.add("adapter/", o.adapters);
    json state = positionJson(position);
    state.update(sentinelJson(o.sentinel.state()));
    state["optimizer_steps"] = o.optimizer.steps();
    state["ema_updates"] = o.ema ? o.ema->updates() : 0;
    if (o.quantizers) state["observers"] = observersJson(*o.quantizers);
    writeResumeState(file, kTrainKind, identity, {std::move(state), std::move(tensors.m_tensors)});
}

TrainPosition loadTrainState(const std::filesystem::path& file, const std::string& identity, const TrainObjects& o,
                             const std::string& former) {
    const ResumeState stored = readResumeState(file, kTrainKind, identity, former);
    const json& state = stored.numbers;
    try {
        restoreValues(o.graph, below(stored.tensors, "model/"));
        if (o.ema) restoreValues(o.ema->graph(), below(stored.tensors, "ema/"));
        if (o.ema) o.ema->restore(count(state.at("ema_updates")));
        o.optimizer.restore(below(stored.tensors, "optimizer/"), count(state.at("optimizer_steps")));
        if (o.stabilizer) o.stabilizer->restore(below(stored.tensors, "oscillation/"));
        restoreAdapters(o.adapters, below(stored.tensors, "adapter/"));
        if (o.quantizers) restoreObservers(*o.quantizers, state.at("observers"));
        TrainPosition position = positionFrom(state);
        o.sentinel.restore(sentinelFrom(state));
        return position;
    } catch (const json::exception&) {
        fail(ErrorKind::BadInput, file.string(), " is damaged: its numbers are not those of a checkpoint");
    } catch (const Error& error) {
        fail(error.kind(), "cannot resume from ", file.string(), ": ", error.what());
    }
}

std::optional<TrainProgress> trainProgress(const std::filesystem::path& checkpointFolder) {
    const std::filesystem::path newest = checkpointFolder / "train_state.safetensors";
    for (const auto& file : {newest, predecessorOf(newest)}) {
        if (!std::filesystem::exists(file)) continue;
        try {
            const TrainPosition at = positionFrom(readResumeNumbers(file, kTrainKind));
            const int64_t begun = at.epoch - at.tuned + (at.batch > 0 && !at.tuning ? 1 : 0);
            return TrainProgress{begun, at.tuning, at.outcome.halted, at.planned == 0};
        } catch (const json::exception&) {
        } catch (const Error&) {
        }
    }
    return std::nullopt;
}

}  // namespace qat
