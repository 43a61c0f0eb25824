// Finding the pairs, and rounds over them.
#include "passes/equalize.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "ops/activation.h"

namespace qat {
namespace {

constexpr int kRounds = 20;
constexpr double kEnough = 0.01;  // of a factor's logarithm

struct Neighbours {
    NodeId first, second;
};

class Equalizer {
public:
    explicit Equalizer(Graph& graph) : m_graph(graph) {
        for (const NodeId id : graph.order())
            if (std::holds_alternative<Conv2d>(graph.node(id).op)) match(id);
    }

    Equalization run() {
        m_result.pairs = static_cast<int64_t>(m_pairs.size());
        m_result.before = imbalance();
        for (int round = 0; round < kRounds; ++round) {
            double largest = 0;
            for (const Neighbours& pair : m_pairs) largest = std::max(largest, equalize(pair));
            if (largest < kEnough) break;
        }
        m_result.after = imbalance();
        return m_result;
    }

private:
    // The only reader of a value that is no output.
    std::optional<NodeId> onlyReader(ValueId value) const {
        for (const auto& output : m_graph.outputs())
            if (output.value == value) return std::nullopt;
        const auto users = m_graph.users(value);
        return users.size() == 1 ? std::optional(users.front()) : std::nullopt;
    }

    bool ownsWeight(NodeId conv) const {
        const Node& node = m_graph.node(conv);
        return std::ranges::all_of(node.inputs.begin() + 1, node.inputs.end(), [&](ValueId id) {
            return m_graph.value(id).data != nullptr && m_graph.users(id).size() == 1;
        });
    }

    void match(NodeId first) {
        auto reader = onlyReader(m_graph.node(first).outputs.front());
        bool curved = false;
        if (reader && std::holds_alternative<Activation>(m_graph.node(*reader).op)) {
            curved = !traitsOf(std::get<Activation>(m_graph.node(*reader).op).kind).homogeneous;
            reader = onlyReader(m_graph.node(*reader).outputs.front());
        }
        const auto* second = reader ? std::get_if<Conv2d>(&m_graph.node(*reader).op) : nullptr;
        if (!second || !ownsWeight(first) || !ownsWeight(*reader)) return;
        const bool depthwise = second->groups == weight(first).size(0) && weight(*reader).size(0) == second->groups;
        if (second->groups != 1 && !depthwise) return;
        if (curved)
            ++m_result.curved;
        else
            m_pairs.push_back({first, *reader});
    }

    at::Tensor weight(NodeId conv) const { return m_graph.value(m_graph.node(conv).inputs[1]).data->detach(); }

    // Largest magnitude of each output channel, [O].
    at::Tensor outputRanges(NodeId conv) const { return weight(conv).abs().flatten(1).amax(1); }
    // Of what each input channel is multiplied with, [C].
    at::Tensor inputRanges(NodeId conv) const {
        if (std::get<Conv2d>(m_graph.node(conv).op).groups > 1) return outputRanges(conv);
        return weight(conv).abs().transpose(0, 1).flatten(1).amax(1);
    }

    void set(ValueId value, const at::Tensor& tensor) {
        at::Tensor ordered = at::empty_like(*m_graph.value(value).data);
        m_graph.value(value).data = std::make_shared<at::Tensor>(ordered.copy_(tensor));
    }

    // Returns the largest |ln t|. Channels without a weight on either side stay.
    double equalize(const Neighbours& pair) {
        const at::Tensor first = outputRanges(pair.first).to(at::kDouble),
                         second = inputRanges(pair.second).to(at::kDouble);
        const at::Tensor t = at::where(first.mul(second).gt(0), (first / second).sqrt(), at::ones_like(first));
        const at::Tensor down = (1 / t).to(at::kFloat).reshape({-1, 1, 1, 1});
        const bool depthwise = std::get<Conv2d>(m_graph.node(pair.second).op).groups > 1;
        set(m_graph.node(pair.first).inputs[1], weight(pair.first) * down);
        if (m_graph.node(pair.first).inputs.size() > 2) {
            const ValueId bias = m_graph.node(pair.first).inputs[2];
            set(bias, m_graph.value(bias).data->detach() * down.flatten());
        }
        const Shape up = depthwise ? Shape{-1, 1, 1, 1} : Shape{1, -1, 1, 1};
        set(m_graph.node(pair.second).inputs[1], weight(pair.second) * t.to(at::kFloat).reshape(up));
        return t.log().abs().max().item<double>();
    }

    double imbalance() const {
        double sum = 0;
        for (const Neighbours& pair : m_pairs) {
            const at::Tensor ranges = outputRanges(pair.first);
            sum += ranges.max().item<double>() / std::max(ranges.min().item<double>(), 1e-12);
        }
        return m_pairs.empty() ? 1 : sum / static_cast<double>(m_pairs.size());
    }

    Graph& m_graph;
    std::vector<Neighbours> m_pairs;
    Equalization m_result;
};

}  // namespace

Equalization equalizeLayers(Graph& graph) {
    return Equalizer(graph).run();
}

}  // namespace qat
