// Ranges of weights. Elements that share a scale become the row of a matrix, whatever the granularity.
#include "quant/weight_range.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "base/error.h"
#include "ops/fixed_split.h"
#include "quant/clip.h"

namespace qat {
namespace {

constexpr size_t kRowBins = 2048;

// The elements of a weight that share a scale, a row each; short groups are filled up with zeros.
at::Tensor scaleRows(const FakeQuantize& op, const at::Tensor& weight) {
    const at::Tensor w = weight.detach();
    if (op.axis < 0) return w.reshape({1, -1});
    const at::Tensor rows = w.transpose(0, op.axis).reshape({w.size(op.axis), -1});
    if (op.group <= 0) return rows.contiguous();
    const int64_t missing = (op.group - rows.size(1) % op.group) % op.group;
    return at::constant_pad_nd(rows, {0, missing}).reshape({-1, op.group});
}

std::vector<float> numbersOf(const at::Tensor& tensor) {
    const at::Tensor numbers = tensor.cpu().contiguous();
    return {numbers.data_ptr<float>(), numbers.data_ptr<float>() + numbers.numel()};
}

}  // namespace

at::Tensor meanMagnitudes(const FakeQuantize& op, const at::Tensor& weight) {
    const OneThread one;
    const at::Tensor sizes = weight.detach().abs();
    if (op.group <= 0) return op.axis < 0 ? sizes.mean().reshape({1}) : scaleRows(op, sizes).mean(1);
    return scaleRows(op, sizes).sum(1) /
           scaleRows(op, at::ones_like(sizes)).sum(1);  // zeros that fill up count for nothing
}

ObservedRange rangeOfNamed(const std::string& name, const at::Tensor& tensor, int64_t axis) {
    try {
        return rangeOf(tensor, axis);
    } catch (const Error& error) {
        fail(error.kind(), name, ": ", error.what());
    }
}

ObservedRange weightRange(const Quantizer& q, const FakeQuantize& op, const at::Tensor& weight) {
    const ObservedRange extremes =
        op.group > 0 ? rangeOfNamed(q.name, scaleRows(op, weight), 0) : rangeOfNamed(q.name, weight, op.axis);
    if (op.format != NumberFormat::Binary) return extremes;
    const at::Tensor means = meanMagnitudes(op, weight);
    return {numbersOf(-means), numbersOf(means)};
}

ObservedRange searchedWeightRange(const Quantizer& q, const FakeQuantize& op, const at::Tensor& weight) {
    const at::Tensor values = scaleRows(op, weight.cpu());
    const auto rows = static_cast<size_t>(values.size(0));
    const ClipRequest request{methodOf(q.how.tensor.observer), q.how.calibration.percentile, q.grid, q.smallestScale()};
    ObservedRange range{std::vector<float>(rows), std::vector<float>(rows)};
    at::parallel_for(0, values.size(0), 1, [&](int64_t begin, int64_t end) {
        for (int64_t c = begin; c < end; ++c) {
            StreamingHistogram counts;
            counts.add(values[c]);
            const ClipRange clip = chooseClip(coarser(counts.histogram(), kRowBins), request);
            range.low[static_cast<size_t>(c)] = static_cast<float>(clip.low);
            range.high[static_cast<size_t>(c)] = static_cast<float>(clip.high);
        }
    });
    return range;
}

}  // namespace qat
