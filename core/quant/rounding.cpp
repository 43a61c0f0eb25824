// Adam on the rectified sigmoid h(V) = clip(1.2 sigmoid(V) - 0.1, 0, 1), w~ = s clip(floor(w / s) + h(V), qmin, qmax).
// The loss is the layer's error, as a multiple of what rounding to the nearest costs, a weight, plus weight * (1 - |2 h
// - 1|^b): after a fifth of the steps, b falls from 20 to 2 along a cosine. After it single weights change sides as
// long as that lowers the error.
#include "quant/rounding.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/fixed_split.h"

namespace qat {
namespace {

constexpr double kStretch = 1.2, kBelow = 0.1;
constexpr double kWarmUp = 0.2, kFirstPower = 20, kLastPower = 2;
constexpr int kSweeps = 4;
constexpr double kRate = 0.05, kFirstMoment = 0.9, kSecondMoment = 0.999, kEpsilon = 1e-8;

constexpr int64_t kShare = 64;  // output channels a thread takes at a time: fewer cost more calls than they share out

double innerProduct(const at::Tensor& a, const at::Tensor& b) {
    const OneThread one;
    return (a.to(at::kDouble) * b.to(at::kDouble)).sum().item<double>();
}

double errorOf(const RoundingProblem& p, const at::Tensor& w) {
    return p.constant - 2 * innerProduct(w, p.cross) + innerProduct(products(w, p.gram), w);
}

// The learned half: V and its moments.
class Rounding {
public:
    // gain: one over what rounding to the nearest costs a weight.
    Rounding(const RoundingProblem& problem, double gain)
        : m_problem(problem), m_low(at::floor(problem.weight / problem.scale)), m_gain(gain) {
        const at::Tensor rest = (problem.weight / problem.scale - m_low).clamp(0, 1);
        m_v = -at::log(kStretch / (rest + kBelow) - 1);
        m_first = at::zeros_like(m_v);
        m_second = at::zeros_like(m_v);
    }

    void step(int number, double regularization, double power) {
        const at::Tensor sigmoid = at::sigmoid(m_v), stretched = kStretch * sigmoid - kBelow, h = stretched.clamp(0, 1);
        const at::Tensor code = m_low + h;
        const at::Tensor w = code.clamp(m_problem.qmin, m_problem.qmax) * m_problem.scale;
        at::Tensor slope = (products(w, m_problem.gram) - m_problem.cross) * m_problem.scale * (2 * m_gain);
        slope.mul_(code.ge(m_problem.qmin).logical_and_(code.le(m_problem.qmax)));
        if (regularization > 0) {
            const at::Tensor side = 2 * h - 1;
            slope.sub_(side.sign() * side.abs().pow(power - 1) * (2 * power * regularization));
        }
        slope.mul_(sigmoid * (1 - sigmoid) * kStretch * stretched.gt(0).logical_and_(stretched.lt(1)));
        move(slope, number);
    }

    at::Tensor codes() const { return (m_low + m_v.ge(0)).clamp(m_problem.qmin, m_problem.qmax); }

private:
    void move(const at::Tensor& slope, int number) {
        m_first.mul_(kFirstMoment).add_(slope, 1 - kFirstMoment);
        m_second.mul_(kSecondMoment).addcmul_(slope, slope, 1 - kSecondMoment);
        const double first = 1 - std::pow(kFirstMoment, number), second = 1 - std::pow(kSecondMoment, number);
        m_v.addcdiv_(m_first, (m_second / second).sqrt_().add_(kEpsilon), -kRate / first);
    }

    const RoundingProblem& m_problem;
    at::Tensor m_low, m_v, m_first, m_second;
    double m_gain;
};

// Weights one after the other, of all output channels at once, take the side of theirs with the lesser error given all
// the others. The error's gradient is kept up to date, so that a sweep costs as much as one product with the Gram
// matrix.
at::Tensor descended(const RoundingProblem& p, const at::Tensor& from) {
    const at::Tensor low = at::floor(p.weight / p.scale).clamp(p.qmin, p.qmax),
                     high = (at::floor(p.weight / p.scale) + 1).clamp(p.qmin, p.qmax);
    const at::Tensor codes = from.clone(), slope = products(codes * p.scale, p.gram) - p.cross;
    const at::Tensor other = low + high;  // less the code itself: the other side
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
        bool moved = false;
        for (int64_t k = 0; k < codes.size(2); ++k) {
            const at::Tensor code = codes.select(2, k), curvature = p.gram.select(1, k).select(1, k).unsqueeze(1);
            const at::Tensor step = (other.select(2, k) - 2 * code) * p.scale.select(2, k);
            const at::Tensor better = (step * (2 * slope.select(2, k) + step * curvature)).lt(0);
            if (!better.any().item<bool>()) continue;
            moved = true;
            slope.add_(products((step * better).unsqueeze(2), p.gram.select(1, k).unsqueeze(1)));
            code.copy_(at::where(better, other.select(2, k) - code, code));
        }
        if (!moved) break;
    }
    return codes;
}

// The problem of some output channels of every group; they do not know of the others.
RoundingProblem shareOf(const RoundingProblem& p, int64_t first, int64_t count) {
    const auto some = [&](const at::Tensor& all) { return all.slice(1, first, first + count).contiguous(); };
    return {some(p.weight), some(p.scale), p.gram, some(p.cross), 0, p.qmin, p.qmax};
}

struct Candidates {
    at::Tensor fromNearest, fromLearned;  // codes
};

Candidates search(const RoundingProblem& p, const RoundingOptions& options, double gain) {
    Rounding rounding(p, gain);
    const int warm = static_cast<int>(kWarmUp * options.iterations);
    for (int i = 0; i < options.iterations; ++i) {
        const double progress = i < warm ? 0 : static_cast<double>(i - warm) / std::max(1, options.iterations - warm);
        const double power =
            kLastPower + (kFirstPower - kLastPower) * 0.5 * (1 + std::cos(std::numbers::pi * progress));
        rounding.step(i + 1, i < warm ? 0 : options.weight, power);
    }
    return {descended(p, at::round(p.weight / p.scale).clamp(p.qmin, p.qmax)), descended(p, rounding.codes())};
}

}  // namespace

RoundingResult learnRounding(const RoundingProblem& p, const RoundingOptions& options) {
    const at::NoGradGuard noGrad;
    const at::Tensor nearest = at::round(p.weight / p.scale).clamp(p.qmin, p.qmax);
    const double before = errorOf(p, nearest * p.scale);
    const double whole = std::max(p.constant, 1e-30);
    RoundingResult result{nearest, before / whole, before / whole};
    if (!(before > 0)) return result;
    const double gain = static_cast<double>(p.weight.numel()) / before;
    const int64_t outputs = p.weight.size(1);
    const Candidates all{at::empty_like(nearest), at::empty_like(nearest)};
    shareOut((outputs + kShare - 1) / kShare, [&](int64_t i) {
        const int64_t first = i * kShare, count = std::min(kShare, outputs - first);
        const Candidates some = search(shareOf(p, first, count), options, gain);
        all.fromNearest.slice(1, first, first + count).copy_(some.fromNearest);
        all.fromLearned.slice(1, first, first + count).copy_(some.fromLearned);
    });
    for (const at::Tensor& codes : {all.fromNearest, all.fromLearned}) {
        const double after = errorOf(p, codes * p.scale) / whole;
        if (after < result.after) result.codes = codes, result.after = after;
    }
    return result;
}

}  // namespace qat
