// What a network is trained for: outputs and labels in, terms and a gradient out. The training loop and quantization
// correction know no more of a task than this.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "loss/loss_terms.h"

namespace qat {

struct LossValue {
    at::Tensor total;  // float scalar, the sum of the terms x batch; differentiable once with respect to the outputs
    LossTerms terms;   // the same names in the same order for every batch
};

class Loss {
public:
    virtual ~Loss() = default;

    // The graph's outputs that it looks at.
    virtual std::vector<std::string> outputs() const = 0;

    // outputs: those, of a batch. targets: as in Batch (data/loader.h). The result does not depend on the
    // number of threads. Throws Error{BadInput} for labels that cannot be, Internal for outputs that do not fit.
    virtual LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const = 0;

    // Gains and weights, as sentences for the log.
    virtual std::vector<std::string> settings() const = 0;
};

}  // namespace qat
