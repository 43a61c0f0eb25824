// Watches training: the loss, the gradients, the scales and the accuracy of each epoch. What it does when they go wrong is section
// `gate` of the configuration.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/events.h"
#include "train/incident.h"
#include "train/stabilizer.h"
#include "train/train_state.h"
#include "train/trainer.h"

namespace qat {

// Thrown where training cannot go on as it is.
struct Instability {
    Incident incident;
};

// A quantizer whose scale lost its values.
struct ScaleTrouble {
    std::string name;  // of the layer (weights) or of the range (activations)
    bool exploding = false;
    double share = 0;  // of its scales that are so
};

// The first quantizer with at least half of its scales (over channels that are not zero)
//   dead       the grid covers less than a thousandth of the range of the values: all of them are clipped
//   exploding  a step is more than twice the largest magnitude, so that everything rounds to zero; or not a number
// Weights are looked at themselves, activations through their observers; nothing if all scales are fine.
std::optional<ScaleTrouble> worstScale(const Graph& graph, const QuantizerSet& quantizers);

// How far running statistics of batch norms are from those of the best weights, as a mean over all channels of
// |mean - best mean| / sqrt(best var); nothing without batch norms or without the file.
std::optional<double> normDrift(const Graph& graph, const std::filesystem::path& bestWeights);

class Sentinel {
public:
    // stabilizer may be null; what is given must outlive the sentinel.
    Sentinel(const TrainJob& job, const Stabilizer* stabilizer, EventSink& sink);

    // Whether a state to go back to is kept: any reaction but `continue`.
    bool guards() const { return m_gate.reaction != GateReaction::Continue; }
    std::filesystem::path bestState() const { return m_job.checkpointFolder / "best_state.safetensors"; }
    // Keeps a copy of the checkpoint if the position is that of the start or behind the best epoch.
    void keepBest(const std::filesystem::path& checkpoint, const TrainPosition& at) const;

    // These throw Instability if training has to leave its path, and Error{BadInput} for what is not finite if it may
    // not. What is only to be reported is logged, and kept in at.outcome.incidents.
    void seeLoss(double loss, TrainPosition& at) const;
    void seeRange(ValueId value, float low, float high, TrainPosition& at) const;
    // The norm behind a batch's step, which the optimizer left out if it is not finite: three in a row are trouble, a
    // hundred end a run that may not react.
    void seeGradient(double norm, TrainPosition& at) const;
    void seeScales(int64_t optimizerSteps, TrainPosition& at) const;
    void seeEpoch(TrainPosition& at) const;

    // at: the best state, just loaded; failed: where training was. Lowers the rate for a retry, or halts.
    void react(Incident incident, const TrainPosition& failed, TrainPosition& at) const;

private:
    void report(Trouble trouble, const std::string& subject, const std::string& what, TrainPosition& at) const;
    void lookAtScales(TrainPosition& at) const;
    std::string likelyCause() const;

    const TrainJob& m_job;
    const GateConfig& m_gate;
    const Stabilizer* m_stabilizer;
    EventSink& m_sink;
};

}  // namespace qat
