// Watches training: the loss, the gradients, the scales and the accuracy of each epoch. What it does when they go wrong
// is section `gate` of the configuration.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/events.h"
#include "quant/quantizer_set.h"
#include "train/incident.h"
#include "train/position.h"
#include "train/stabilizer.h"

namespace qat {

struct TrainJob;

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

constexpr double kSomeAccuracy = 0.01;  // mAP50-95; less is nothing to lose: random weights, heads of other classes

// What epochs are measured against: the best of those that count, or what training started from if that is more and
// at least kSomeAccuracy.
struct Floor {
    double score = 0;   // of the primary metric
    std::string place;  // of the best, 0.4 in epoch 1
};
std::optional<Floor> floorOf(const TrainOutcome& outcome);

// What a sentinel remembers; it is part of every checkpoint.
struct SentinelState {
    double lrFactor = 1;  // of all learning rates, lowered by retries
    int64_t retries = 0;
    int64_t below = 0;         // epochs in a row under the floor of the gate
    int64_t lostSteps = 0;     // optimizer steps in a row whose gradient was not finite
    std::string dyingScale{};  // whose grid covered next to nothing at the last look
    std::vector<Incident> incidents{};
};

class Sentinel {
public:
    // stabilizer may be null; what is given must outlive the sentinel.
    Sentinel(const TrainJob& job, const Stabilizer* stabilizer, EventSink& sink);

    // The state to go back to, also where gate.reaction is `continue`: a loss that is not finite ends every training.
    std::filesystem::path bestState() const;
    // Keeps the checkpoint if the position is that of the start or after the best epoch.
    void keepBest(const std::filesystem::path& checkpoint, const TrainPosition& at) const;

    // These throw Instability if training has to leave its path: for what gate.reaction says, and always for what is
    // not finite. What is only to be reported is logged, and kept in state().incidents.
    void seeLoss(double loss, const TrainPosition& at);
    void seeRange(ValueId value, float low, float high, const TrainPosition& at);
    // The norm after a batch's step, which the optimizer left out if it is not finite: three in a row are trouble, a
    // hundred end every run.
    void seeGradient(double norm, const TrainPosition& at);
    void seeScales(int64_t optimizerSteps, const TrainPosition& at);
    // An epoch below the floor: gate.collapse_ratio of the best one, or of the accuracy that training started from if
    // that is more. gate.patience of them in a row are a collapse, and the last epoch is one at once.
    void seeEpoch(const TrainPosition& at, bool last);
    // Once training is over: whether it ever learned anything.
    void seeEnd(const TrainPosition& at) const;

    // After the return to the best state, whose memory state() then is; failed: that of where training was. Lowers the
    // rate and returns true for another try, false to halt.
    bool react(Incident incident, const SentinelState& failed, bool tuning);

    const SentinelState& state() const { return m_state; }
    void restore(SentinelState state) { m_state = std::move(state); }

private:
    bool guards() const { return m_gate.reaction != GateReaction::Continue; }
    void report(Trouble trouble, const std::string& subject, const std::string& what, const TrainPosition& at);
    void lookAtScales(const TrainPosition& at);
    std::string likelyCause() const;

    const TrainJob& m_job;
    const GateConfig& m_gate;
    const Stabilizer* m_stabilizer;
    EventSink& m_sink;
    SentinelState m_state;
};

}  // namespace qat
