// What moves parameters, averages and the state of oscillating weights on a device: one table of functions each. The
// processor has loops of ours (train/update_loops.h); every other device takes libtorch's own operations for whatever
// it has no better row for.
#pragma once

#include <ATen/core/Tensor.h>

#include <utility>
#include <vector>

#include "train/low_bit_weights.h"
#include "train/update_loops.h"

namespace qat {

// Tensors of one call lie on one device and share one memory order, without gaps. What is told of runs (gridRuns()) is
// told in that order.
class UpdateKernels {
public:
    virtual ~UpdateKernels() = default;

    virtual void sgdStep(at::Tensor& p, const at::Tensor& g, at::Tensor& m, const loops::SgdStep& step) const = 0;
    virtual void adamStep(at::Tensor& p, const at::Tensor& g, at::Tensor& m, at::Tensor& v,
                          const loops::AdamStep& step) const = 0;
    // p -= lr sqrt(max(1, rows / columns)) O, where O is orthogonalized(u) of the moments' u (train/update_loops.h) as
    // a matrix with a row for each index of the first axis.
    virtual void muonStep(at::Tensor& p, const at::Tensor& g, at::Tensor& m, const loops::MuonStep& step) const = 0;
    // p = max(p, floor)
    virtual void raise(at::Tensor& p, float floor) const = 0;
    virtual double sumOfSquares(const at::Tensor& x) const = 0;
    // e = decay e + (1 - decay) v
    virtual void average(at::Tensor& e, const at::Tensor& v, float decay) const = 0;

    // As the loops of these names, over all runs of a weight. takeFrozen() has a sum for each
    // run; those of dampen() add up to the loss.
    struct Oscillation {
        at::Tensor code, direction, frequency;  // int8, int8, float
    };
    virtual void track(const at::Tensor& w, const Oscillation& state, const std::vector<GridRun>& runs,
                       float momentum) const = 0;
    virtual std::pair<double, int64_t> boundaryDistances(const at::Tensor& w,
                                                         const std::vector<GridRun>& runs) const = 0;
    struct Freezing {
        at::Tensor code, frequency, mean, frozen;  // int8, float, float, int8
    };
    virtual int64_t freeze(at::Tensor& w, const Freezing& state, const std::vector<GridRun>& runs, float threshold,
                           float momentum) const = 0;
    virtual void hold(at::Tensor& w, const at::Tensor& frozen, const std::vector<GridRun>& runs) const = 0;
    virtual std::vector<double> takeFrozen(at::Tensor& g, const at::Tensor& frozen,
                                           const std::vector<GridRun>& runs) const = 0;
    virtual std::vector<double> dampen(const at::Tensor& w, at::Tensor& g, const std::vector<GridRun>& runs,
                                       float factor) const = 0;
};

// Of the device that the tensor lies on.
const UpdateKernels& updateKernelsOf(const at::Tensor& tensor);

// libtorch's own operations, on any device: what our loops are compared with.
const UpdateKernels& portableUpdateKernels();

}  // namespace qat
