// A declaration is an entry of layer_configs that nobody wrote.
#include "quant/declared_quantizers.h"

#include <algorithm>

#include "quant/overrides.h"

namespace qat {
namespace {

constexpr double kNoFloor = 1e-12;  // scales then end at float32's own epsilon (scaleFloor())

bool statesBounds(const DeclaredQuantizer& declared) {
    return declared.range == DeclaredRange::Constant ||
           (declared.range == DeclaredRange::Learned && declared.low < declared.high);
}

TensorQuantOverride tensorEntry(const DeclaredQuantizer& declared) {
    TensorQuantOverride entry;
    if (declared.bits > 0) entry.bitWidth = static_cast<int>(declared.bits);
    entry.dtype = declared.isSigned ? DType::QInt8 : DType::QUInt8;
    entry.symmetric = declared.isSigned;
    entry.narrowRange = declared.narrow && declared.isSigned;
    entry.reduceRange = false;
    entry.scheme = declared.perChannel ? Scheme::PerChannel : Scheme::PerTensor;
    if (!statesBounds(declared)) {
        entry.observer = declared.weight ? ObserverKind::MinMax : ObserverKind::MovingAverageMinMax;
        return entry;
    }
    entry.observer = ObserverKind::CustomMinMax;
    entry.min = declared.low, entry.max = declared.high, entry.fixed = true;
    return entry;
}

FakeQuantizeOverride trainingEntry(const DeclaredQuantizer& declared) {
    const bool learned = declared.range == DeclaredRange::Learned;
    FakeQuantizeOverride entry;
    entry.type = learned ? FakeQuantKind::Lsq : FakeQuantKind::Custom;
    entry.scaleType = learned ? ScaleKind::Log2 : ScaleKind::Float;
    entry.learnOffset = false;
    entry.eps = kNoFloor;
    return entry;
}

bool comesBefore(const DeclaredQuantizer& a, const DeclaredQuantizer& b) {
    return a.bits != b.bits ? a.bits > b.bits : a.isSigned && !b.isSigned;
}

}  // namespace

const DeclaredQuantizer* declaredWeight(const Graph& graph, const Node& layer) {
    const auto found = std::ranges::find_if(
        graph.declared, [&](const DeclaredQuantizer& each) { return each.weight && each.node == layer.name; });
    return found == graph.declared.end() ? nullptr : &*found;
}

const DeclaredQuantizer* declaredRange(const Graph& graph, const ScaleGroup& group) {
    const DeclaredQuantizer* first = nullptr;
    for (const ValueId source : group.sources)
        if (const DeclaredQuantizer* each = declaredResult(graph, source);
            each && (!first || comesBefore(*each, *first)))
            first = each;
    return first;
}

void apply(const DeclaredQuantizer& declared, Resolved& how, LayerValues& values) {
    LayerConfig entry;
    entry.origin = declared.reason;
    (declared.weight ? entry.weight : entry.activation) = tensorEntry(declared);
    entry.fakeQuantize = trainingEntry(declared);
    applyOverride(how.tensor, tensorEntry(declared));
    applyOverride(how.fakeQuantize, entry.fakeQuantize);
    for (const auto& [key, stated] : statedBy(entry)) values[key] = stated;
}

bool statesRange(const TensorQuantConfig& tensor) {
    return tensor.observer == ObserverKind::CustomMinMax && tensor.fixed && tensor.min && tensor.max &&
           tensor.scheme == Scheme::PerTensor;
}

}  // namespace qat
