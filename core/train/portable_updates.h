// train/update_kernels.h as libtorch's own operations: what kernels of another device derive from.
#pragma once

#include "train/update_kernels.h"

namespace qat {

class PortableUpdates : public UpdateKernels {
public:
    void sgdStep(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& moment,
                 const loops::SgdStep& s) const override;
    void adamStep(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& first, at::Tensor& second,
                  const loops::AdamStep& s) const override;
    void muonStep(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& moment,
                  const loops::MuonStep& s) const override;
    void raise(at::Tensor& parameter, float floor) const override;
    double sumOfSquares(const at::Tensor& x) const override;
    void average(at::Tensor& e, const at::Tensor& v, float decay) const override;
    void track(const at::Tensor& w, const Oscillation& state, const std::vector<GridRun>& runs,
               float momentum) const override;
    std::pair<double, int64_t> boundaryDistances(const at::Tensor& w, const std::vector<GridRun>& runs) const override;
    int64_t freeze(at::Tensor& weight, const Freezing& state, const std::vector<GridRun>& runs, float threshold,
                   float momentum) const override;
    void hold(at::Tensor& weight, const at::Tensor& held, const std::vector<GridRun>& runs) const override;
    std::vector<double> takeFrozen(at::Tensor& gradient, const at::Tensor& held,
                                   const std::vector<GridRun>& runs) const override;
    std::vector<double> dampen(const at::Tensor& weight, at::Tensor& g, const std::vector<GridRun>& runs,
                               float factor) const override;
};

}  // namespace qat
