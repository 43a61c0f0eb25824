// A convolution with what follows it, for stored values that do not change: weights are packed once, and activation,
// quantizer or codes are made in the same pass over the result.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <vector>

#include "graph/graph.h"

namespace qat {

// Whether `op` may join a step of these nodes (never empty) as its last one.
bool joinsFrozen(const std::vector<const Node*>& nodes, const Op& op);

// Whether a step of this kind starts with the op.
bool startsFrozen(const Op& op);

class FrozenStep {
public:
    // stored: the tensor of a weight, bias, scale or table by its id.
    FrozenStep(const std::vector<const Node*>& nodes, const std::function<at::Tensor(ValueId)>& stored);
    FrozenStep(FrozenStep&&) noexcept;
    ~FrozenStep();

    at::Tensor run(const at::Tensor& x);

private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace qat
