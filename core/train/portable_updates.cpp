// train/update_loops.h as libtorch's own operations, in place, on memory as one row.
#include "train/portable_updates.h"

#include <ATen/ATen.h>

#include <array>

#include "train/muon.h"

namespace qat {
namespace {

// All elements in the order of memory, as a view.
at::Tensor row(const at::Tensor& tensor) {
    return tensor.detach().as_strided({tensor.numel()}, {1});
}

// What the loops are told of the grid of each element.
struct RunRows {
    at::Tensor scale, inverse, low, high;  // bounds without the zero point
};

RunRows rowsOf(const std::vector<GridRun>& runs, const at::Tensor& like) {
    const auto count = static_cast<int64_t>(runs.size());
    const at::Tensor numbers = at::empty({4, count}), lengths = at::empty({count}, at::kLong);
    for (int64_t i = 0; i < count; ++i) {
        const auto& [begin, length, scale, grid] = runs[static_cast<size_t>(i)];
        const std::array told{grid.scale, grid.inverse, grid.qmin - grid.zeroPoint, grid.qmax - grid.zeroPoint};
        for (int64_t k = 0; k < 4; ++k) numbers.data_ptr<float>()[k * count + i] = told[static_cast<size_t>(k)];
        lengths.data_ptr<int64_t>()[i] = length;
    }
    const at::Tensor spread = numbers.repeat_interleave(lengths, 1).to(like.device());
    return {spread[0], spread[1], spread[2], spread[3]};
}

at::Tensor within(const at::Tensor& scaled, const RunRows& grid) {
    return scaled.ge(grid.low).logical_and_(scaled.le(grid.high));
}

}  // namespace

void PortableUpdates::sgdStep(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& moment,
                              const loops::SgdStep& s) const {
    at::Tensor p = row(parameter), m = row(moment);
    const at::Tensor g = row(gradient) * s.clip + p * s.decay;
    m.mul_(s.momentum).add_(g);
    p.sub_((g + m * s.momentum) * s.lr);
}

void PortableUpdates::adamStep(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& first, at::Tensor& second,
                               const loops::AdamStep& s) const {
    at::Tensor p = row(parameter), m = row(first), v = row(second);
    const at::Tensor g = row(gradient) * s.clip + p * s.decay;
    m.mul_(s.beta1).add_(g * (1.0f - s.beta1));
    v.mul_(s.beta2).add_(g.square() * (1.0f - s.beta2));
    const at::Tensor denominator = (v / s.correction2).sqrt_().add_(s.eps);
    p.mul_(1.0f - s.decoupledDecay).sub_(m * (s.lr / s.correction1) / denominator);
}

void PortableUpdates::muonStep(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& moment,
                               const loops::MuonStep& s) const {
    at::Tensor m = asMatrix(moment);
    const at::Tensor g = asMatrix(gradient) * (s.clip * (1.0f - s.momentum));
    m.mul_(s.momentum).add_(g);
    const at::Tensor update = m * s.momentum + g;
    const at::Tensor turned =
        orthogonalized(update, sumOfSquares(update), [](const auto& a, const auto& b) { return a.mm(b); });
    asMatrix(parameter).sub_(turned, s.lr * tallness(turned));
}

void PortableUpdates::raise(at::Tensor& parameter, float floor) const {
    row(parameter).clamp_min_(floor);
}

double PortableUpdates::sumOfSquares(const at::Tensor& x) const {
    return row(x).square().sum(at::kDouble).item<double>();
}

void PortableUpdates::average(at::Tensor& e, const at::Tensor& v, float decay) const {
    row(e).mul_(decay).add_(row(v), 1.0f - decay);
}

void PortableUpdates::track(const at::Tensor& w, const Oscillation& state, const std::vector<GridRun>& runs,
                            float momentum) const {
    const RunRows grid = rowsOf(runs, w);
    at::Tensor code = row(state.code), direction = row(state.direction), frequency = row(state.frequency);
    const at::Tensor now = at::minimum(at::maximum(at::round(row(w) * grid.inverse), grid.low), grid.high);
    const at::Tensor sign = (now - code).sign().to(at::kChar);
    const at::Tensor oscillated = (sign * direction).lt(0).to(at::kFloat);
    frequency.mul_(1.0f - momentum).add_(oscillated, momentum);
    direction.copy_(at::where(sign.ne(0), sign, direction));
    code.copy_(now);
}

std::pair<double, int64_t> PortableUpdates::boundaryDistances(const at::Tensor& w,
                                                              const std::vector<GridRun>& runs) const {
    const RunRows grid = rowsOf(runs, w);
    const at::Tensor scaled = row(w) * grid.inverse, counts = within(scaled, grid);
    const at::Tensor distance = 0.5 - (scaled - at::round(scaled)).abs();
    return {at::where(counts, distance, at::zeros_like(distance)).sum(at::kDouble).item<double>(),
            counts.sum().item<int64_t>()};
}

int64_t PortableUpdates::freeze(at::Tensor& weight, const Freezing& state, const std::vector<GridRun>& runs,
                                float threshold, float momentum) const {
    const RunRows grid = rowsOf(runs, weight);
    at::Tensor w = row(weight), frequency = row(state.frequency), mean = row(state.mean), frozen = row(state.frozen);
    const at::Tensor freezes = frozen.eq(loops::kFree).logical_and_(frequency.gt(threshold));
    const at::Tensor target = at::round(mean);
    frozen.copy_(at::where(freezes, target.to(at::kChar), frozen));
    w.copy_(at::where(freezes, target * grid.scale, w));
    frequency.masked_fill_(freezes, 0);
    mean.mul_(1.0f - momentum).add_(row(state.code), momentum);
    return freezes.sum().item<int64_t>();
}

void PortableUpdates::hold(at::Tensor& weight, const at::Tensor& held, const std::vector<GridRun>& runs) const {
    at::Tensor w = row(weight);
    const at::Tensor frozen = row(held);
    w.copy_(at::where(frozen.eq(loops::kFree), w, frozen * rowsOf(runs, weight).scale));
}

std::vector<double> PortableUpdates::takeFrozen(at::Tensor& gradient, const at::Tensor& held,
                                                const std::vector<GridRun>& runs) const {
    at::Tensor g = row(gradient);
    const at::Tensor frozen = row(held), isHeld = frozen.ne(loops::kFree);
    const at::Tensor pulls = at::where(isHeld, g.to(at::kDouble) * frozen, at::zeros_like(g, at::kDouble));
    g.masked_fill_(isHeld, 0);
    std::vector<at::Tensor> sums;
    for (const GridRun& run : runs) sums.push_back(pulls.narrow(0, run.begin, run.length).sum());
    const at::Tensor here = at::stack(sums).cpu();
    return {here.data_ptr<double>(), here.data_ptr<double>() + here.numel()};
}

std::vector<double> PortableUpdates::dampen(const at::Tensor& weight, at::Tensor& g, const std::vector<GridRun>& runs,
                                            float factor) const {
    const RunRows grid = rowsOf(runs, weight);
    const at::Tensor w = row(weight), scaled = w * grid.inverse, residual = w - at::round(scaled) * grid.scale;
    const at::Tensor pull = at::where(within(scaled, grid), residual, at::zeros_like(residual));
    row(g).add_(pull, factor);
    return {pull.square().sum(at::kDouble).item<double>()};
}

const UpdateKernels& portableUpdateKernels() {
    static const PortableUpdates kernels;
    return kernels;
}

}  // namespace qat
