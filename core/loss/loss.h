// What a network is trained for: outputs and labels in, terms and a gradient out. The training loop and quantization
// correction know no more of a task than this.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loss/loss_terms.h"

namespace qat {

struct LossValue {
    at::Tensor
        total;  // float scalar, (sum of the terms + rest) x batch; differentiable once with respect to the outputs
    LossTerms terms;  // the same names in the same order for every batch
    double rest = 0;  // what no term shows, such as another head
};

class Loss {
public:
    virtual ~Loss() = default;

    // The graph's outputs that it looks at.
    virtual std::vector<std::string> outputs() const = 0;

    // An epoch of training begins, the first is 0; epochs that follow the last one count on. A training that is resumed
    // says so too. For losses that change along the way.
    virtual void beginEpoch(int64_t /*epoch*/, int64_t /*epochs*/) {}

    // Whether steps follow the mean over their pictures, as learning rates of classifiers mean it; else their sum.
    virtual bool isMean() const { return false; }

    // outputs: those, of a batch. targets: as in Batch (data/loader.h). The result does not depend on the
    // number of threads. Throws Error{BadInput} for labels that cannot be, Internal for outputs that do not fit.
    virtual LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const = 0;

    // Gains and weights, as sentences for the log.
    virtual std::vector<std::string> settings() const = 0;
};

// For settings(): how weights of classes spread. Nothing for none.
std::optional<std::string> sentenceOf(const std::vector<float>& classWeights);

}  // namespace qat
