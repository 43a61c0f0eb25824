// SGD with Nesterov momentum, Adam and AdamW over the parameters of a graph, each as one fused pass over memory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "graph/graph.h"
#include "train/schedule.h"

namespace qat {

enum class ParameterGroup { Bias, Weight, Norm, Quantizer };  // lr/pg0..pg2 are the first three

class Optimizer {
public:
    using State = std::vector<std::pair<std::string, TensorPtr>>;
    using Decays = std::map<ValueId, double>;

    // Every parameter of the graph, sorted into groups by the op that reads it; `besides` are weights of no graph, by
    // name. Weights decay, by weight_decay x batch x accumulate / nominal batch, and ends of ranges by their own decay
    // instead of weight_decay: clipDecays has it by scale, see train/clip_decay.h.
    Optimizer(const Graph& graph, const TrainConfig& config, const State& besides = {}, const Decays& clipDecays = {});

    // One step from the gradients on the tensors, clipped to the global norm max_grad_norm, which are then dropped.
    // Returns the norm before clipping; a norm that is not finite leaves everything as it was. Learned scales stop at
    // the floor of their op.
    double step(const StepSettings& settings);

    // Without a step.
    void dropGradients();

    // Moments by parameter name, for checkpoints; restore() throws Error{BadInput} if they do not fit.
    State state() const;
    void restore(const State& state, int64_t steps);
    int64_t steps() const { return m_steps; }

private:
    struct Slot {
        std::string name;
        ValueId value;  // not valid: `own` is the parameter
        TensorPtr own;
        ParameterGroup group;
        TensorPtr first, second;            // moments; the second only for Adam
        std::optional<NodeId> quantizer{};  // of a learned scale: one that uses it
        double clipDecay = 0;
    };

    at::Tensor& parameterOf(const Slot& slot) const { return slot.own ? *slot.own : *m_graph.value(slot.value).data; }

    double gradientNorm() const;
    const FakeQuantize& quantizerOf(const Slot& slot) const {
        return std::get<FakeQuantize>(m_graph.node(*slot.quantizer).op);
    }
    void update(Slot& slot, const StepSettings& settings, float clip);

    const Graph& m_graph;
    TrainConfig m_config;
    double m_decayScale;  // of a step
    int64_t m_steps = 0;
    std::vector<Slot> m_slots;
};

}  // namespace qat
