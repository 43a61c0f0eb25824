// Code tracking.
#include "train/oscillation.h"

#include <ATen/ATen.h>

#include <limits>

#include "base/error.h"
#include "ops/fixed_split.h"
#include "train/update_kernels.h"

namespace qat {
namespace {

constexpr float kOscillating = 0.005f;  // frequency above which a weight counts

constexpr int kByteOffset = 128;

// Mean distance of weights within the grid to the nearest boundary between two codes, in steps.
double boundaryDistance(const Graph& graph, const LowBitWeight& weight) {
    const at::Tensor values = inRunOrder(graph, weight, *graph.value(weight.weight).data);
    const auto [total, count] = updateKernelsOf(values).boundaryDistances(values, gridRuns(graph, weight));
    return count > 0 ? total / static_cast<double>(count) : 0;
}

}  // namespace

OscillationTracker::OscillationTracker(const Graph& graph, const QuantizerSet& quantizers, double momentum)
    : m_momentum(static_cast<float>(momentum)) {
    for (LowBitWeight& weight : lowBitWeights(graph, quantizers)) {
        const at::Tensor values = inRunOrder(graph, weight, *graph.value(weight.weight).data);
        const auto zeros = [&](at::ScalarType type) {
            return std::make_shared<at::Tensor>(at::zeros_like(values, type));
        };
        m_codes.push_back({std::move(weight), zeros(at::kChar), zeros(at::kChar), zeros(at::kFloat)});
    }
    restart(graph);
}

void OscillationTracker::step(const Graph& graph) {
    for (const Codes& codes : m_codes) track(graph, codes);
}

void OscillationTracker::restart(const Graph& graph) {
    step(graph);
    for (const Codes& codes : m_codes) {
        codes.direction->zero_();
        codes.frequency->zero_();
    }
}

void OscillationTracker::track(const Graph& graph, const Codes& codes) const {
    const at::Tensor values = inRunOrder(graph, codes.weight, *graph.value(codes.weight.weight).data);
    updateKernelsOf(values).track(values, {*codes.code, *codes.direction, *codes.frequency},
                                  gridRuns(graph, codes.weight), m_momentum);
}

std::vector<OscillationShare> OscillationTracker::shares(const Graph& graph) const {
    const OneThread one;
    std::vector<OscillationShare> shares;
    for (const Codes& c : m_codes)
        shares.push_back({c.weight.layer,
                          static_cast<int>(std::get<FakeQuantize>(graph.node(c.weight.quantizer).op).bits),
                          c.frequency->gt(kOscillating).to(at::kDouble).mean().item<double>(),
                          c.frequency->mean(at::kDouble).item<double>(), boundaryDistance(graph, c.weight)});
    return shares;
}

double OscillationTracker::totalShare() const {
    double oscillating = 0, all = 0;
    for (const Codes& c : m_codes) {
        oscillating += c.frequency->gt(kOscillating).sum().item<double>();
        all += static_cast<double>(c.frequency->numel());
    }
    return all > 0 ? oscillating / all : 0;
}

OscillationTracker::State OscillationTracker::state() const {
    State state;
    for (const Codes& c : m_codes) {
        state.emplace_back(c.weight.layer + "#code", codesAsBytes(*c.code));
        state.emplace_back(c.weight.layer + "#direction", codesAsBytes(*c.direction));
        state.emplace_back(c.weight.layer + "#frequency", c.frequency);
    }
    return state;
}

void OscillationTracker::restore(const State& state) {
    for (const Codes& c : m_codes) {
        restoreState(state, c.weight.layer, "#code", *c.code);
        restoreState(state, c.weight.layer, "#direction", *c.direction);
        restoreState(state, c.weight.layer, "#frequency", *c.frequency);
    }
}

TensorPtr codesAsBytes(const at::Tensor& codes) {
    return std::make_shared<at::Tensor>((codes.to(at::kShort) + kByteOffset).to(at::kByte));
}

void restoreState(const OscillationTracker::State& state, const std::string& layer, const char* suffix,
                  at::Tensor& target) {
    const std::string name = layer + suffix;
    const auto found = std::ranges::find_if(state, [&](const auto& entry) { return entry.first == name; });
    require(found != state.end() && found->second->sizes() == target.sizes(), ErrorKind::BadInput,
            "the checkpoint's oscillation state does not fit: ", layer);
    if (target.scalar_type() == at::kChar)
        target.copy_(found->second->to(at::kShort) - kByteOffset);
    else
        target.copy_(*found->second);
}

}  // namespace qat
