// SGD with Nesterov momentum, Adam and AdamW over a list of parameters, each as one fused pass over memory; MuSGD is
// SGD with a step of Muon before it for weights of two or more dimensions.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/communicator.h"
#include "config/config.h"
#include "train/parameters.h"
#include "train/schedule.h"
#include "train/update_loops.h"

namespace qat {

class Optimizer {
public:
    using State = std::vector<std::pair<std::string, TensorPtr>>;

    // Decays of the parameters are those of a step over the nominal batch: they are multiplied by batch x accumulate /
    // nominal batch.
    Optimizer(std::vector<TrainedParameter> parameters, const TrainConfig& config);

    // Adds the gradients of all ranks, before step().
    void reduce(Communicator& communicator) const;

    // One step from the gradients on the tensors, clipped to the global norm max_grad_norm, which are then dropped.
    // Returns the norm before clipping; a norm that is not finite leaves everything as it was. Parameters stop at their
    // floor.
    // share: what the gradients count before all that: 1 / pictures follows their mean.
    double step(const StepSettings& settings, double share = 1);

    // Without a step.
    void dropGradients();

    // Moments by parameter name, for checkpoints; restore() throws Error{BadInput} if they do not fit.
    State state() const;
    void restore(const State& state, int64_t steps);
    int64_t steps() const { return m_steps; }

private:
    struct Slot {
        TrainedParameter parameter;
        TensorPtr first, second;  // moments; the second of Adam, and of Muon
    };

    double gradientNorm() const;
    void update(Slot& slot, const StepSettings& settings, float clip);
    void step(Slot& slot, const at::Tensor& gradient, float lr, double momentum, float decay, float clip);
    loops::AdamStep adamStep(float lr, double beta1, float decay, float clip) const;

    TrainConfig m_config;
    double m_decayScale;  // of a step
    int64_t m_steps = 0;
    std::vector<Slot> m_slots;
};

}  // namespace qat
