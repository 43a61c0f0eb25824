// SGD with Nesterov momentum, Adam and AdamW over the parameters of a graph, each as one fused pass over memory.
#pragma once

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

    // Every parameter of the graph, sorted into groups by the op that reads it; `besides` are weights of no graph, by
    // name. Only weights decay, by weight_decay x batch x accumulate / nominal batch.
    Optimizer(const Graph& graph, const TrainConfig& config, const State& besides = {});

    // One step from the gradients on the tensors, clipped to the global norm max_grad_norm, which are then dropped. Returns the
    // norm before clipping; a norm that is not finite leaves everything as it was.
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
        ValueId value;            // not valid: `own` is the parameter
        TensorPtr own;
        ParameterGroup group;
        TensorPtr first, second;  // moments; the second only for Adam
    };

    at::Tensor& parameterOf(const Slot& slot) const { return slot.own ? *slot.own : *m_graph.value(slot.value).data; }

    double gradientNorm() const;
    void update(Slot& slot, const StepSettings& settings, float clip);

    const Graph& m_graph;
    TrainConfig m_config;
    double m_decay;
    int64_t m_steps = 0;
    std::vector<Slot> m_slots;
};

}  // namespace qat
