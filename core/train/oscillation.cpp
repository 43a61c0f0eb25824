// Code tracking.
#include "train/oscillation.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <map>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "train/update_loops.h"

namespace qat {
namespace {

constexpr int kWidest = 4;  // bits; wider grids hardly oscillate
constexpr float kMomentum = 0.01f;
constexpr float kOscillating = 0.005f;  // frequency above which a weight counts

constexpr int kByteOffset = 128;         // signed codes as unsigned bytes, the form checkpoints keep

TensorPtr asBytes(const at::Tensor& codes) { return std::make_shared<at::Tensor>((codes.to(at::kShort) + kByteOffset).to(at::kByte)); }

}  // namespace

OscillationTracker::OscillationTracker(const Graph& graph, const QuantizerSet& quantizers) {
    for (const Quantizer& q : quantizers.all()) {
        if (!q.weight || q.grid.bits > kWidest) continue;
        const at::Tensor& weight = *graph.value(q.observed.front()).data;
        const auto bytes = [&] { return std::make_shared<at::Tensor>(at::zeros(weight.sizes(), at::kChar)); };
        m_tracked.push_back({graph.node(q.layers.front()).name, std::get<FakeQuantize>(graph.node(q.nodes.front()).op),
                             q.observed.front(), q.scale, q.zeroPoint, bytes(), bytes(),
                             std::make_shared<at::Tensor>(at::zeros(weight.sizes()))});
        track(graph, m_tracked.back(), true);
    }
}

void OscillationTracker::step(const Graph& graph) {
    for (Tracked& tracked : m_tracked) track(graph, tracked, false);
}

void OscillationTracker::track(const Graph& graph, Tracked& tracked, bool first) {
    const at::Tensor weight = graph.value(tracked.weight).data->detach().contiguous();
    const at::Tensor scale = graph.value(tracked.scale).data->detach().contiguous();
    const at::Tensor zeroPoint = graph.value(tracked.zeroPoint).data->detach().contiguous();
    // Weight grids are per tensor or along axis 0, whose slices are contiguous.
    const int64_t rows = scale.numel(), length = weight.numel() / rows;
    at::parallel_for(0, rows, std::max<int64_t>(1, 16384 / length), [&](int64_t begin, int64_t end) {
        for (int64_t r = begin; r < end; ++r) {
            const loops::Grid grid = gridOf(tracked.op, scale.data_ptr<float>()[r], 0);
            const float shift = zeroPoint.data_ptr<float>()[r];
            const loops::OscillationState state{tracked.code->data_ptr<int8_t>() + r * length,
                                                tracked.direction->data_ptr<int8_t>() + r * length,
                                                tracked.frequency->data_ptr<float>() + r * length};
            loops::trackOscillation(weight.data_ptr<float>() + r * length, state, length, grid.inverse,
                                    grid.qmin - shift, grid.qmax - shift, kMomentum);
        }
    });
    if (!first) return;
    tracked.direction->zero_();
    tracked.frequency->zero_();
}

std::vector<OscillationShare> OscillationTracker::shares() const {
    std::vector<OscillationShare> shares;
    for (const Tracked& t : m_tracked)
        shares.push_back({t.layer, static_cast<int>(t.op.bits),
                          t.frequency->gt(kOscillating).to(at::kDouble).mean().item<double>(),
                          t.frequency->mean(at::kDouble).item<double>()});
    return shares;
}

double OscillationTracker::totalShare() const {
    double oscillating = 0, all = 0;
    for (const Tracked& t : m_tracked) {
        oscillating += t.frequency->gt(kOscillating).sum().item<double>();
        all += static_cast<double>(t.frequency->numel());
    }
    return all > 0 ? oscillating / all : 0;
}

OscillationTracker::State OscillationTracker::state() const {
    State state;
    for (const Tracked& t : m_tracked) {
        state.emplace_back(t.layer + "#code", asBytes(*t.code));
        state.emplace_back(t.layer + "#direction", asBytes(*t.direction));
        state.emplace_back(t.layer + "#frequency", t.frequency);
    }
    return state;
}

void OscillationTracker::restore(const State& state) {
    std::map<std::string_view, const at::Tensor*> given;
    for (const auto& [name, tensor] : state) given[name] = tensor.get();
    for (Tracked& t : m_tracked)
        for (const auto& [suffix, target] :
             {std::pair{"#code", t.code}, {"#direction", t.direction}, {"#frequency", t.frequency}}) {
            const auto found = given.find(t.layer + suffix);
            require(found != given.end() && found->second->sizes() == target->sizes(), ErrorKind::BadInput,
                    "the checkpoint's oscillation state does not fit: ", t.layer);
            if (target->scalar_type() == at::kChar) target->copy_(found->second->to(at::kShort) - kByteOffset);
            else target->copy_(*found->second);
        }
}

}  // namespace qat
