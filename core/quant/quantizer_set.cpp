// Inserting quantizers and keeping their ranges.
#include "quant/quantizer_set.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "base/error.h"
#include "graph/device.h"
#include "ops/activation.h"
#include "ops/fake_quantize.h"
#include "quant/clip.h"
#include "quant/declared_quantizers.h"
#include "quant/weight_range.h"

namespace qat {
namespace {

// Activations are quantized per channel only where the configuration insists.
int64_t activationAxis(const TensorQuantConfig& config) {
    return config.scheme == Scheme::PerChannel ? 1 : -1;
}

// The configuration counts axes as in a convolution's weight: 0 are the outputs, 1 the inputs. Groups cut rows,
// whatever these are.
int64_t weightAxis(const Resolved& how, int64_t outputAxis) {
    const TensorQuantConfig& config = how.tensor;
    if (config.scheme == Scheme::PerGroup) return 0;
    const bool perChannel = config.scheme == Scheme::PerChannel || config.observer == ObserverKind::PerChannelMinMax ||
                            how.fakeQuantize.type == FakeQuantKind::PerChannel;
    if (!perChannel) return -1;
    return config.channelAxis == 0 ? outputAxis : config.channelAxis == outputAxis ? 0 : config.channelAxis;
}

FakeQuantMode modeOf(FakeQuantKind kind) {
    return kind == FakeQuantKind::Lsq    ? FakeQuantMode::Lsq
           : kind == FakeQuantKind::Pact ? FakeQuantMode::Pact
                                         : FakeQuantMode::Ste;
}

ScaleForm formOf(ScaleKind kind) {
    return kind == ScaleKind::Log2         ? ScaleForm::Log2
           : kind == ScaleKind::PowerOfTwo ? ScaleForm::PowerOfTwo
                                           : ScaleForm::Plain;
}

FakeQuantize opFor(const Quantizer& quantizer, int64_t axis) {
    const FakeQuantizeConfig& how = quantizer.how.fakeQuantize;
    const QuantGrid& grid = quantizer.grid;
    FakeQuantize op{modeOf(how.type), grid.bits,        grid.qmin,  grid.qmax, axis,
                    how.gradFactor,   quantizer.weight, grid.format};
    if (grid.format == NumberFormat::Half)
        op.mode = FakeQuantMode::Ste;
    else
        op.scaleForm = formOf(how.scaleType);
    const bool groups = quantizer.weight && quantizer.how.tensor.scheme == Scheme::PerGroup;
    if (groups) op.group = quantizer.how.tensor.groupSize;
    op.learnOffset = how.learnOffset && op.mode == FakeQuantMode::Lsq && !grid.symmetric;
    if (op.mode != FakeQuantMode::Ste) op.floor = quantizer.smallestScale();
    return op;
}

void addScale(Graph& graph, Quantizer& quantizer, const FakeQuantize& op) {
    const at::Device device = deviceOf(graph);
    const auto ones = std::make_shared<at::Tensor>(at::ones({1}, device));
    const auto zeros = std::make_shared<at::Tensor>(at::zeros({1}, device));
    const std::string scale = quantizer.name + (op.scaleForm == ScaleForm::Plain ? ".scale" : ".log2_scale"),
                      zero = quantizer.name + ".zero_point";
    quantizer.scale =
        op.mode == FakeQuantMode::Ste ? graph.addBuffer(scale, ones, {1}) : graph.addParameter(scale, ones, {1});
    quantizer.zeroPoint = op.learnOffset ? graph.addParameter(zero, zeros, {1}) : graph.addBuffer(zero, zeros, {1});
}

const FakeQuantize& opOf(const Graph& graph, const Quantizer& q) {
    return std::get<FakeQuantize>(graph.node(q.nodes.front()).op);
}

// Below this no value is made by what stands before the quantizer.
std::optional<float> leastMade(const Graph& graph, const std::vector<ValueId>& sources) {
    float least = 0;
    for (const ValueId source : sources) {
        const auto maker = graph.producer(source);
        const auto* activation = maker ? std::get_if<Activation>(&graph.node(*maker).op) : nullptr;
        if (!activation) return std::nullopt;
        least = std::min(least, traitsOf(activation->kind).least);
    }
    return std::isfinite(least) ? std::optional(least) : std::nullopt;
}

void requireBounds(const Quantizer& q) {
    const TensorQuantConfig& config = q.how.tensor;
    if (config.observer != ObserverKind::CustomMinMax) return;
    require(!config.fixed || (config.min && config.max), ErrorKind::BadInput, q.name, ": fixed needs both min and max");
    require(!config.min || !config.max || *config.min < *config.max, ErrorKind::BadInput, q.name, ": min ",
            config.min.value_or(0), " is not below max ", config.max.value_or(0));
}

// What the observer custom_minmax makes of a range.
void bound(const Quantizer& q, ObservedRange& range) {
    const TensorQuantConfig& config = q.how.tensor;
    for (size_t i = 0; i < range.low.size(); ++i) {
        float low = range.low[i], high = range.high[i];
        if (q.floor) low = std::max(low, *q.floor);
        if (config.min)
            low = config.fixed ? static_cast<float>(*config.min) : std::max(low, static_cast<float>(*config.min));
        if (config.max)
            high = config.fixed ? static_cast<float>(*config.max) : std::min(high, static_cast<float>(*config.max));
        range.low[i] = std::min(low, high);
        range.high[i] = std::max(low, high);
    }
}

// On the device where the value lay before.
void setTensor(Graph& graph, ValueId id, const at::Tensor& tensor) {
    Value& value = graph.value(id);
    value.shape = tensor.sizes().vec();
    value.data = std::make_shared<at::Tensor>(tensor.to(value.data->device()));
}

// As the inputs of the op hold them.
std::pair<at::Tensor, at::Tensor> parametersOf(const FakeQuantize& op, const std::vector<QParams>& params) {
    const auto count = static_cast<int64_t>(params.size());
    std::pair made{at::empty({count}), at::empty({count})};
    for (int64_t i = 0; i < count; ++i) {
        made.first.data_ptr<float>()[i] = heldScale(op, params[static_cast<size_t>(i)].scale);
        made.second.data_ptr<float>()[i] = params[static_cast<size_t>(i)].zeroPoint;
    }
    return made;
}

}  // namespace

float Quantizer::smallestScale() const {
    const float floor = scaleFloor(how.fakeQuantize.eps, grid.bits);
    return grid.powerOfTwo ? std::exp2(std::ceil(std::log2(floor))) : floor;
}

QuantGrid gridOf(const Resolved& how) {
    QuantGrid grid = gridFor(how.tensor);
    grid.powerOfTwo = how.fakeQuantize.scaleType == ScaleKind::PowerOfTwo && grid.format != NumberFormat::Half;
    return grid;
}

float usefulFloor(const Quantizer& quantizer) {
    return quantizer.before ? traitsOf(*quantizer.before).usefulFloor : -std::numeric_limits<float>::infinity();
}

ObservedRange usefulRange(const Quantizer& quantizer) {
    ObservedRange range = quantizer.observer.range();
    const TensorQuantConfig& config = quantizer.how.tensor;
    for (size_t i = 0; i < quantizer.clipRatios.low.size(); ++i) {
        range.low[i] *= quantizer.clipRatios.low[i];
        range.high[i] *= quantizer.clipRatios.high[i];
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
    quantizer.clipRatios = {std::vector<float>(seen.low.size(), 1.0f), std::vector<float>(seen.low.size(), 1.0f)};
    for (size_t i = 0; i < seen.low.size(); ++i) {
        if (seen.low[i] < 0) quantizer.clipRatios.low[i] = chosen.low[i] / seen.low[i];
        if (seen.high[i] > 0) quantizer.clipRatios.high[i] = chosen.high[i] / seen.high[i];
    }
    quantizer.observer.restore(std::move(seen));
}

QuantizerSet::QuantizerSet(Graph& graph, const QuantPlan& plan) {
    for (const WeightPlan& weight : plan.weights) addWeight(graph, weight);
    for (const ActivationGroup& group : plan.groups) addGroup(graph, group);
    verify(graph);
}

void QuantizerSet::addWeight(Graph& graph, const WeightPlan& plan) {
    const ValueId weight = qat::weightOf(graph.node(plan.node));
    Quantizer q;
    q.name = graph.value(weight).name;
    q.weight = true;
    q.grid = gridOf(plan.how);
    q.how = plan.how;
    q.observed = {weight};
    q.layers = {plan.node};
    const int64_t axis = weightAxis(plan.how, traitsOf(graph.node(plan.node).op).layer.outputAxis);
    q.observer = MinMaxObserver(0, axis);
    const FakeQuantize op = opFor(q, axis);
    addScale(graph, q, op);
    const NodeId node = graph.insertAfter(weight, q.name + ".quant", op, {weight, q.scale, q.zeroPoint});
    graph.replaceUsesIn(plan.node, weight, graph.node(node).outputs.front());
    q.nodes = {node};
    requireBounds(q);
    q.observer.observe(weightRange(q, op, *graph.value(weight).data));
    const bool searched =
        methodOf(plan.how.tensor.observer) != CalibrationMethod::MinMax && op.format != NumberFormat::Binary;
    if (searched) chooseShares(q, q.observer.range(), searchedWeightRange(q, op, *graph.value(weight).data));
    applyRange(graph, q);
    m_quantizers.push_back(std::move(q));
}

void QuantizerSet::addGroup(Graph& graph, const ActivationGroup& group) {
    Quantizer q;
    q.name = group.name;
    q.grid = gridOf(group.how);
    q.how = group.how;
    q.observed = group.observed;
    q.largest = group.largest;
    q.layers = group.readers;
    q.before = group.before;
    const int64_t axis = activationAxis(group.how.tensor);
    const ObserverKind observer = group.how.tensor.observer;
    const bool averages = observer == ObserverKind::MovingAverageMinMax || observer == ObserverKind::CustomMinMax;
    if (observer == ObserverKind::CustomMinMax) q.floor = leastMade(graph, group.sources);
    requireBounds(q);
    q.observer = MinMaxObserver(averages ? group.how.fakeQuantize.momentum : 0.0, axis);
    const FakeQuantize op = opFor(q, axis);
    addScale(graph, q, op);
    for (const ValueId source : group.sources) {
        const NodeId node =
            graph.insertAfter(source, graph.value(source).name + ".quant", op, {source, q.scale, q.zeroPoint});
        const ValueId quantized = graph.node(node).outputs.front();
        graph.replaceUses(source, quantized);
        graph.replaceUsesIn(node, quantized, source);
        q.nodes.push_back(node);
    }
    if (statesRange(q.how.tensor)) {
        q.observer.restore({{static_cast<float>(*q.how.tensor.min)}, {static_cast<float>(*q.how.tensor.max)}});
        applyRange(graph, q);
    }
    m_quantizers.push_back(std::move(q));
}

const Quantizer* QuantizerSet::weightOf(NodeId layer) const {
    const auto found =
        std::ranges::find_if(m_quantizers, [&](const Quantizer& q) { return q.weight && q.layers.front() == layer; });
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
    const auto params = chooseQParams(range, quantizer.grid, quantizer.smallestScale());
    const auto [scale, zeroPoint] = parametersOf(opOf(graph, quantizer), params);
    setTensor(graph, quantizer.scale, scale);
    setTensor(graph, quantizer.zeroPoint, zeroPoint);
}

void QuantizerSet::startLearnedScales(Graph& graph) {
    for (Quantizer& q : m_quantizers) {
        const FakeQuantize& op = opOf(graph, q);
        if (!q.weight || op.mode != FakeQuantMode::Lsq || op.format != NumberFormat::Integer) continue;
        if (methodOf(q.how.tensor.observer) != CalibrationMethod::MinMax) {
            q.observer.restore(weightRange(q, op, *graph.value(q.observed.front()).data));
            applyRange(graph, q);
            continue;
        }
        const at::Tensor start = 2.0 / std::sqrt(static_cast<double>(q.grid.qmax)) *
                                 meanMagnitudes(op, *graph.value(q.observed.front()).data);
        const at::Tensor scale = start.clamp_min(q.smallestScale());
        setTensor(graph, q.scale, op.scaleForm == ScaleForm::Plain ? scale : scale.log2());
    }
}

void QuantizerSet::followWeights(Graph& graph) {
    for (Quantizer& q : m_quantizers) {
        if (!q.weight || isLearned(q.how.fakeQuantize.type)) continue;
        q.observer.restore(weightRange(q, opOf(graph, q), *graph.value(q.observed.front()).data));
        applyRange(graph, q);
    }
}

QuantizerTrial quantizerAt(const Graph& graph, const Quantizer& quantizer, int bits) {
    Quantizer trial = quantizer;
    trial.how.tensor.bitWidth = bits;
    if (floatBits(trial.how.tensor.dtype) > 0) trial.how.tensor.dtype = DType::QInt8, trial.how.tensor.symmetric = true;
    trial.how.fakeQuantize.type = FakeQuantKind::Custom;
    trial.how.fakeQuantize.scaleType = ScaleKind::Float;
    trial.grid = gridFor(trial.how.tensor);
    QuantizerTrial made{opFor(trial, quantizer.observer.axis()), {}, {}};
    const ObservedRange range = quantizer.weight
                                    ? weightRange(trial, made.op, *graph.value(quantizer.observed.front()).data)
                                    : usefulRange(quantizer);
    std::tie(made.scale, made.zeroPoint) =
        parametersOf(made.op, chooseQParams(range, trial.grid, trial.smallestScale()));
    return made;
}

BatchObserver::BatchObserver(QuantizerSet& set) : m_set(set) {
    for (size_t i = 0; i < set.all().size(); ++i) {
        const Quantizer& q = set.all()[i];
        if (q.weight) continue;
        for (const ValueId value : q.observed) m_quantizerOf[value] = i;
    }
}

std::optional<size_t> BatchObserver::placeOf(ValueId value) const {
    const auto found = m_quantizerOf.find(value);
    const bool followed = found != m_quantizerOf.end() && m_set.all()[found->second].follows(value);
    return followed ? std::optional(found->second) : std::nullopt;
}

void BatchObserver::see(ValueId value, const at::Tensor& tensor) {
    const auto place = placeOf(value);
    if (!place) return;
    ObservedRange& pending = m_pending[*place];
    const Quantizer& quantizer = m_set.all()[*place];
    pending = joined(pending, rangeOfNamed(quantizer.name, tensor, quantizer.observer.axis()));
}

void BatchObserver::seeRange(ValueId value, const ObservedRange& range) {
    const auto place = placeOf(value);
    if (!place) return;
    const auto finite = [](float bound) { return std::isfinite(bound); };
    require(std::ranges::all_of(range.low, finite) && std::ranges::all_of(range.high, finite), ErrorKind::BadInput,
            "activations of ", m_set.all()[*place].name, " are not finite");
    ObservedRange& pending = m_pending[*place];
    pending = joined(pending, range);
}

void BatchObserver::endBatch() {
    for (const auto& [index, range] : m_pending) m_set.all()[index].observer.observe(range);
    m_pending.clear();
}

}  // namespace qat
