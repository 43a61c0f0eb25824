// Inserting quantizers and keeping their ranges.
#include "quant/quantizer_set.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "quant/clip.h"

namespace qat {
namespace {

// Per channel needs a channel axis; activations are quantized per channel only where the configuration insists.
int64_t axisOf(const TensorQuantConfig& config, FakeQuantKind kind, bool weight) {
    const bool perChannel = config.scheme == Scheme::PerChannel || config.observer == ObserverKind::PerChannelMinMax ||
                            kind == FakeQuantKind::PerChannel;
    if (!weight) return config.scheme == Scheme::PerChannel ? 1 : -1;
    return perChannel ? config.channelAxis : -1;
}

FakeQuantize opFor(const Quantizer& quantizer, int64_t axis) {
    const FakeQuantMode mode = quantizer.how.fakeQuantize.type == FakeQuantKind::Lsq ? FakeQuantMode::Lsq : FakeQuantMode::Ste;
    return {mode, quantizer.grid.bits, quantizer.grid.qmin, quantizer.grid.qmax, axis, quantizer.how.fakeQuantize.gradFactor, quantizer.weight};
}

void addScale(Graph& graph, Quantizer& quantizer, FakeQuantMode mode) {
    const auto ones = std::make_shared<at::Tensor>(at::ones({1}));
    const auto zeros = std::make_shared<at::Tensor>(at::zeros({1}));
    quantizer.scale = mode == FakeQuantMode::Lsq ? graph.addParameter(quantizer.name + ".scale", ones, {1})
                                                 : graph.addBuffer(quantizer.name + ".scale", ones, {1});
    quantizer.zeroPoint = graph.addBuffer(quantizer.name + ".zero_point", zeros, {1});
}

// Range of a tensor; what is wrong with it is said of `name`.
ObservedRange rangeOfNamed(const std::string& name, const at::Tensor& tensor, int64_t axis) {
    try {
        return rangeOf(tensor, axis);
    } catch (const Error& error) {
        fail(error.kind(), name, ": ", error.what());
    }
}

// SiLU of anything below is between -0.015 and 0, less than half a step of an 8-bit result that reaches beyond 4; codes
// spent there would coarsen the rest. (W8A8 yolov8n on coco128: mAP50-95 0.4653 with, 0.4496 without.)
constexpr float kSiluFloor = -6.0f;

constexpr float kLeastSilu = -0.2785f;
constexpr size_t kChannelBins = 2048;

// Below this no value is made by what stands in front of the quantizer.
std::optional<float> leastMade(const Graph& graph, const std::vector<ValueId>& sources) {
    float least = 0;
    for (const ValueId source : sources) {
        const auto maker = graph.producer(source);
        const auto* activation = maker ? std::get_if<Activation>(&graph.node(*maker).op) : nullptr;
        if (!activation) return std::nullopt;
        if (activation->kind == ActivationKind::Silu) least = kLeastSilu;
    }
    return least;
}

void requireBounds(const Quantizer& q) {
    const TensorQuantConfig& config = q.how.tensor;
    if (config.observer != ObserverKind::CustomMinMax) return;
    require(!config.fixed || (config.min && config.max), ErrorKind::BadInput, q.name, ": fixed needs both min and max");
    require(!config.min || !config.max || *config.min < *config.max, ErrorKind::BadInput, q.name, ": min ", config.min.value_or(0),
            " is not below max ", config.max.value_or(0));
}

// What the observer custom_minmax makes of a range.
void bound(const Quantizer& q, ObservedRange& range) {
    const TensorQuantConfig& config = q.how.tensor;
    for (size_t i = 0; i < range.low.size(); ++i) {
        float low = range.low[i], high = range.high[i];
        if (q.floor) low = std::max(low, *q.floor);
        if (config.min) low = config.fixed ? static_cast<float>(*config.min) : std::max(low, static_cast<float>(*config.min));
        if (config.max) high = config.fixed ? static_cast<float>(*config.max) : std::min(high, static_cast<float>(*config.max));
        range.low[i] = std::min(low, high);
        range.high[i] = std::max(low, high);
    }
}

// The part of each channel's range that the histogram search chooses.
ObservedRange searchedRange(const Quantizer& q, const at::Tensor& weight) {
    const int64_t axis = q.observer.axis();
    const at::Tensor rows = axis < 0 ? weight.reshape({1, -1}) : weight.transpose(0, axis).reshape({weight.size(axis), -1});
    const at::Tensor values = rows.contiguous();
    const auto channels = static_cast<size_t>(values.size(0));
    ObservedRange range{std::vector<float>(channels), std::vector<float>(channels)};
    at::parallel_for(0, values.size(0), 1, [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) {
            StreamingHistogram counts;
            counts.add(values[c]);
            const Clip clip = chooseClip(coarser(counts.histogram(), kChannelBins), {CalibrationMethod::Histogram, 100, q.grid, scaleFloor(q.how.fakeQuantize.eps, q.grid.bits)});
            range.low[static_cast<size_t>(c)] = static_cast<float>(clip.low);
            range.high[static_cast<size_t>(c)] = static_cast<float>(clip.high);
        }
    });
    return range;
}

void setTensor(Graph& graph, ValueId id, at::Tensor tensor) {
    graph.value(id).shape = tensor.sizes().vec();
    graph.value(id).data = std::make_shared<at::Tensor>(std::move(tensor));
}

}  // namespace

float usefulFloor(const Quantizer& quantizer) {
    if (!quantizer.before || *quantizer.before == ActivationKind::Sigmoid) return -std::numeric_limits<float>::infinity();
    return *quantizer.before == ActivationKind::Relu ? 0.0f : kSiluFloor;
}

ObservedRange usefulRange(const Quantizer& quantizer) {
    ObservedRange range = quantizer.observer.range();
    const TensorQuantConfig& config = quantizer.how.tensor;
    for (size_t i = 0; i < quantizer.shares.low.size(); ++i) {
        range.low[i] *= quantizer.shares.low[i];
        range.high[i] *= quantizer.shares.high[i];
    }
    if (config.observer == ObserverKind::CustomMinMax) bound(quantizer, range);
    const float floor = usefulFloor(quantizer);
    for (size_t i = 0; i < range.low.size(); ++i) {
        range.low[i] = std::max(range.low[i], floor);
        range.high[i] = std::max(range.high[i], range.low[i]);
    }
    return range;
}

void chooseShares(Quantizer& quantizer, ObservedRange seen, const ObservedRange& chosen) {
    quantizer.shares = {std::vector<float>(seen.low.size(), 1.0f), std::vector<float>(seen.low.size(), 1.0f)};
    for (size_t i = 0; i < seen.low.size(); ++i) {
        if (seen.low[i] < 0) quantizer.shares.low[i] = chosen.low[i] / seen.low[i];
        if (seen.high[i] > 0) quantizer.shares.high[i] = chosen.high[i] / seen.high[i];
    }
    quantizer.observer.restore(std::move(seen));
}

QuantizerSet::QuantizerSet(Graph& graph, const QuantPlan& plan) {
    for (const WeightPlan& weight : plan.weights) addWeight(graph, weight);
    for (const ActivationGroup& group : plan.groups) addGroup(graph, group);
    verify(graph);
}

void QuantizerSet::addWeight(Graph& graph, const WeightPlan& plan) {
    const ValueId weight = graph.node(plan.node).inputs[1];
    Quantizer q;
    q.name = graph.value(weight).name;
    q.weight = true;
    q.grid = gridFor(plan.how.tensor, true);
    q.how = plan.how;
    q.observed = {weight};
    q.layers = {plan.node};
    const int64_t axis = axisOf(plan.how.tensor, plan.how.fakeQuantize.type, true);
    q.observer = MinMaxObserver(0, axis);
    const FakeQuantize op = opFor(q, axis);
    addScale(graph, q, op.mode);
    const NodeId node = graph.insertAfter(weight, q.name + ".quant", op, {weight, q.scale, q.zeroPoint});
    graph.replaceUsesIn(plan.node, weight, graph.node(node).outputs.front());
    q.nodes = {node};
    requireBounds(q);
    q.observer.observe(rangeOfNamed(q.name, *graph.value(weight).data, axis));
    if (plan.how.tensor.observer == ObserverKind::Histogram) chooseShares(q, q.observer.range(), searchedRange(q, *graph.value(weight).data));
    applyRange(graph, q);
    m_quantizers.push_back(std::move(q));
}

void QuantizerSet::addGroup(Graph& graph, const ActivationGroup& group) {
    Quantizer q;
    q.name = group.name;
    q.grid = gridFor(group.how.tensor, false);
    q.how = group.how;
    q.observed = group.sources;
    q.layers = group.readers;
    q.before = group.before;
    const int64_t axis = axisOf(group.how.tensor, group.how.fakeQuantize.type, false);
    const ObserverKind observer = group.how.tensor.observer;
    const bool averages = observer == ObserverKind::MovingAverageMinMax || observer == ObserverKind::CustomMinMax;
    if (observer == ObserverKind::CustomMinMax) q.floor = leastMade(graph, group.sources);
    requireBounds(q);
    q.observer = MinMaxObserver(averages ? group.how.fakeQuantize.momentum : 0.0, axis);
    const FakeQuantize op = opFor(q, axis);
    addScale(graph, q, op.mode);
    for (const ValueId source : group.sources) {
        const NodeId node = graph.insertAfter(source, graph.value(source).name + ".quant", op, {source, q.scale, q.zeroPoint});
        const ValueId quantized = graph.node(node).outputs.front();
        graph.replaceUses(source, quantized);
        graph.replaceUsesIn(node, quantized, source);
        q.nodes.push_back(node);
    }
    m_quantizers.push_back(std::move(q));
}

const Quantizer* QuantizerSet::weightOf(NodeId layer) const {
    const auto found = std::ranges::find_if(m_quantizers, [&](const Quantizer& q) { return q.weight && q.layers.front() == layer; });
    return found == m_quantizers.end() ? nullptr : &*found;
}

const Quantizer* QuantizerSet::inputOf(NodeId layer) const {
    const auto found = std::ranges::find_if(m_quantizers, [&](const Quantizer& q) {
        return !q.weight && std::ranges::find(q.layers, layer) != q.layers.end();
    });
    return found == m_quantizers.end() ? nullptr : &*found;
}

void QuantizerSet::applyRange(Graph& graph, const Quantizer& quantizer) const {
    const ObservedRange range = usefulRange(quantizer);
    require(!range.empty(), ErrorKind::BadInput, "no calibration data reached ", quantizer.name);
    const auto params = chooseQParams(range, quantizer.grid, scaleFloor(quantizer.how.fakeQuantize.eps, quantizer.grid.bits));
    const auto count = static_cast<int64_t>(params.size());
    at::Tensor scale = at::empty({count}), zeroPoint = at::empty({count});
    for (int64_t i = 0; i < count; ++i) {
        scale.data_ptr<float>()[i] = params[i].scale;
        zeroPoint.data_ptr<float>()[i] = params[i].zeroPoint;
    }
    setTensor(graph, quantizer.scale, scale);
    setTensor(graph, quantizer.zeroPoint, zeroPoint);
}

void QuantizerSet::startLearnedScales(Graph& graph) const {
    for (const Quantizer& q : m_quantizers) {
        const auto& op = std::get<FakeQuantize>(graph.node(q.nodes.front()).op);
        if (!q.weight || op.mode != FakeQuantMode::Lsq) continue;
        at::Tensor magnitude = graph.value(q.observed.front()).data->detach().abs();
        magnitude = op.axis < 0 ? magnitude.mean().reshape({1}) : magnitude.transpose(0, op.axis).reshape({magnitude.size(op.axis), -1}).mean(1);
        const float floor = scaleFloor(q.how.fakeQuantize.eps, q.grid.bits);
        setTensor(graph, q.scale, (2.0 / std::sqrt(static_cast<double>(q.grid.qmax)) * magnitude).clamp_min(floor));
    }
}

void QuantizerSet::followWeights(Graph& graph) {
    for (Quantizer& q : m_quantizers) {
        if (!q.weight || q.how.fakeQuantize.type == FakeQuantKind::Lsq) continue;
        q.observer.restore(rangeOfNamed(q.name, *graph.value(q.observed.front()).data, q.observer.axis()));
        applyRange(graph, q);
    }
}

BatchObserver::BatchObserver(QuantizerSet& set) : m_set(set) {
    for (size_t i = 0; i < set.all().size(); ++i) {
        const Quantizer& q = set.all()[i];
        if (q.weight) continue;
        for (const ValueId value : q.observed) m_quantizerOf[value] = i;
    }
}

void BatchObserver::see(ValueId value, const at::Tensor& tensor) {
    const auto found = m_quantizerOf.find(value);
    if (found == m_quantizerOf.end()) return;
    ObservedRange& pending = m_pending[found->second];
    const Quantizer& quantizer = m_set.all()[found->second];
    pending = joined(pending, rangeOfNamed(quantizer.name, tensor, quantizer.observer.axis()));
}

void BatchObserver::seeRange(ValueId value, float low, float high) {
    const auto found = m_quantizerOf.find(value);
    if (found == m_quantizerOf.end()) return;
    require(std::isfinite(low) && std::isfinite(high), ErrorKind::BadInput, "activations of ", m_set.all()[found->second].name, " are not finite");
    ObservedRange& pending = m_pending[found->second];
    pending = joined(pending, {{low}, {high}});
}

void BatchObserver::endBatch() {
    for (const auto& [index, range] : m_pending) m_set.all()[index].observer.observe(range);
    m_pending.clear();
}

}  // namespace qat
