// The quantizers of a graph: inserted by plan, calibrated, observed during training, frozen and restored.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "quant/observer.h"
#include "quant/plan.h"

namespace qat {

// One scale and zero point with everybody who uses them.
struct Quantizer {
    std::string name;  // of the weight (model.0.conv.weight) or of the group
    bool weight = false;
    QuantGrid grid;
    Resolved how;
    std::vector<NodeId> nodes;  // its FakeQuantize nodes
    std::vector<ValueId>
        observed;  // the float values that make the range: all before the nodes but addends that follow a sum
    bool largest =
        false;  // the widest of them makes it: calibration chooses the leader, which the range follows from then on
    std::optional<size_t> leader;          // place in observed
    std::vector<NodeId> layers;            // the layers it serves
    std::optional<ActivationKind> before;  // see ActivationGroup
    ValueId scale, zeroPoint;
    MinMaxObserver observer{0, -1};
    // The part of the observed range that calibration (for weights: an observer that searches) chose, as ratios of its
    // two bounds; empty: all of it. Training keeps the ratios while the observer follows the data.
    ObservedRange clipRatios;
    std::optional<float> floor;  // custom_minmax: the activation in front makes nothing below
    bool follows(ValueId value) const { return !leader || observed[*leader] == value; }

    // fake_quantize.eps for its width; the next power of two where scales are powers of two. No scale, observed or
    // learned, is less.
    float smallestScale() const;
    // A held logarithm may stand for a little more than the floor.
    bool isAtFloor(double scale) const { return scale <= smallestScale() * (1 + 1e-6); }
};

// The grid of a resolved answer.
QuantGrid gridOf(const Resolved& how);

// The range a quantizer lays its grid over: the chosen part of the observed one, within its bounds. For a group in
// front of an activation it ends where the activation does not tell values apart.
ObservedRange usefulRange(const Quantizer& quantizer);

// The least value that matters to whoever reads the quantized values; minus infinity if all do.
float usefulFloor(const Quantizer& quantizer);

// Makes [low, high] the useful part of what was seen, whose extremes are `seen`.
void chooseShares(Quantizer& quantizer, ObservedRange seen, const ObservedRange& chosen);

class QuantizerSet {
public:
    // Adds FakeQuantize nodes for the plan (made for this graph), weights before their layers, activations after
    // their sources; value ids of the graph stay as they were. Weights are observed at once; activations wait for
    // calibration.
    QuantizerSet(Graph& graph, const QuantPlan& plan);

    std::vector<Quantizer>& all() { return m_quantizers; }
    const std::vector<Quantizer>& all() const { return m_quantizers; }
    const Quantizer* weightOf(NodeId layer) const;
    const Quantizer* inputOf(NodeId layer) const;

    // Writes scale and zero point from the observer's range. Throws Error{BadInput} naming the quantizer if it saw
    // nothing.
    void applyRange(Graph& graph, const Quantizer& quantizer) const;

    // LSQ quantizers of weights on integers start at the range that their observer chooses from the weights (mse,
    // percentile, ...), or at 2 mean|w| / sqrt(qmax) (Esser et al. 2020) where it would only hold the extremes.
    void startLearnedScales(Graph& graph);

    // Straight-through weight quantizers take the range that their weights have now.
    void followWeights(Graph& graph);

private:
    void addWeight(Graph& graph, const WeightPlan& plan);
    void addGroup(Graph& graph, const ActivationGroup& group);

    std::vector<Quantizer> m_quantizers;
};

// A quantizer as it would be on a plain integer grid of another width, over the range it has now.
struct QuantizerTrial {
    FakeQuantize op;
    at::Tensor scale, zeroPoint;
};
QuantizerTrial quantizerAt(const Graph& graph, const Quantizer& quantizer, int bits);

// Collects what the activation observers see of one batch. The same object serves calibration (on the float graph) and
// training (on the quantized one): the observed values have the same ids in both.
class BatchObserver {
public:
    explicit BatchObserver(QuantizerSet& set);
    void see(ValueId value, const at::Tensor& tensor);  // for the executor's hook; ignores values nobody observes
    void seeRange(ValueId value, const ObservedRange& range);
    void seeRange(ValueId value, float low, float high) { seeRange(value, ObservedRange{{low}, {high}}); }
    void endBatch();  // moves the observers by the joint ranges
    bool wants(ValueId value) const { return placeOf(value).has_value(); }

private:
    std::optional<size_t> placeOf(ValueId value) const;

    QuantizerSet& m_set;
    std::map<ValueId, size_t> m_quantizerOf;
    std::map<size_t, ObservedRange> m_pending;
};

}  // namespace qat
