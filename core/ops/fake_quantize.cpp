// Fake quantization over blocks of memory: a block has one scale, or one scale a column (innermost channel axis).
#include "ops/fake_quantize.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/error.h"

namespace qat {
namespace {

constexpr int64_t kBlock = 16384;  // floats a task handles: partial sums do not depend on the thread count

// How the scales lie over the memory of x: `count` runs of `length` floats, run i has scale i % scales.
struct Runs {
    at::Tensor x;  // dense
    int64_t count, length, scales;
};

Runs layOut(const FakeQuantize& op, const at::Tensor& input) {
    if (op.axis < 0) {
        at::Tensor x = input.is_non_overlapping_and_dense() ? input : input.contiguous(input.suggest_memory_format());
        return {x, 1, x.numel(), 1};
    }
    require(op.axis < input.dim(), ErrorKind::BadInput, "fake quantizer's channel axis ", op.axis, " is outside a tensor of ",
            input.dim(), " dimensions");
    const int64_t channels = input.size(op.axis);
    // Axis 0 is outermost in both memory formats, so its slices are contiguous.
    if (op.axis == 0 && input.is_non_overlapping_and_dense() && (input.is_contiguous() || input.stride(0) * channels == input.numel()))
        return {input, channels, input.numel() / std::max<int64_t>(channels, 1), channels};
    at::Tensor x = input.contiguous();
    int64_t inner = 1;
    for (int64_t d = op.axis + 1; d < x.dim(); ++d) inner *= x.size(d);
    return {x, inner ? x.numel() / inner : 0, inner, channels};
}

struct Block {
    int64_t begin, length, scale;
};

std::vector<Block> blocksOf(const Runs& runs) {
    std::vector<Block> blocks;
    for (int64_t run = 0; run < runs.count; ++run)
        for (int64_t start = 0; start < runs.length; start += kBlock)
            blocks.push_back({run * runs.length + start, std::min(kBlock, runs.length - start), run % runs.scales});
    return blocks;
}

// Blocks per task so that tiny runs (weights per channel) do not become tiny tasks.
int64_t grainOf(const Runs& runs) { return std::max<int64_t>(1, kBlock / std::max<int64_t>(1, std::min(runs.length, kBlock))); }

std::vector<loops::Grid> gridsOf(const FakeQuantize& op, const at::Tensor& scale, const at::Tensor& zeroPoint, int64_t count) {
    require(scale.numel() == count && zeroPoint.numel() == count, ErrorKind::BadInput, "fake quantizer has ", scale.numel(),
            " scales for ", count, " channels");
    const at::Tensor scales = scale.detach().contiguous();
    const at::Tensor zeroPoints = zeroPoint.detach().contiguous();
    std::vector<loops::Grid> grids;
    for (int64_t i = 0; i < count; ++i)
        grids.push_back(gridOf(op, scales.data_ptr<float>()[i], zeroPoints.data_ptr<float>()[i]));
    return grids;
}

Shape shapeOf(const at::Tensor& x) { return x.sizes().vec(); }

class FakeQuantizeFunction : public torch::autograd::Function<FakeQuantizeFunction> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const FakeQuantize& op, const at::Tensor& input,
                              const at::Tensor& scale, const at::Tensor& zeroPoint) {
        const Runs runs = layOut(op, input);
        const auto grids = gridsOf(op, scale, zeroPoint, runs.scales);
        at::Tensor output = at::empty_like(runs.x);
        const float* x = runs.x.data_ptr<float>();
        float* y = output.data_ptr<float>();
        const auto blocks = blocksOf(runs);
        at::parallel_for(0, static_cast<int64_t>(blocks.size()), grainOf(runs), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                loops::quantize(x + blocks[i].begin, y + blocks[i].begin, blocks[i].length, grids[blocks[i].scale]);
        });
        if (context) {
            context->save_for_backward({runs.x, scale, zeroPoint});
            context->saved_data["mode"] = static_cast<int64_t>(op.mode);
            context->saved_data["bits"] = std::vector<int64_t>{op.bits, op.qmin, op.qmax, op.axis, op.weight};
            context->saved_data["gradFactor"] = op.gradFactor;
        }
        return output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const auto bits = context->saved_data["bits"].toIntVector();
        const FakeQuantize op{static_cast<FakeQuantMode>(context->saved_data["mode"].toInt()), bits[0], bits[1], bits[2],
                              bits[3], context->saved_data["gradFactor"].toDouble(), bits[4] != 0};
        auto [dx, dScale] = gradientsOf(op, saved[0], saved[1], saved[2], gradients[0]);
        return {at::Tensor(), dx, dScale, at::Tensor()};
    }

private:
    static std::pair<at::Tensor, at::Tensor> gradientsOf(const FakeQuantize& op, const at::Tensor& input, const at::Tensor& scale,
                                                         const at::Tensor& zeroPoint, const at::Tensor& gradient) {
        const Runs runs = layOut(op, input);
        const auto grids = gridsOf(op, scale, zeroPoint, runs.scales);
        // Same memory order as x, whatever order the gradient came in.
        at::Tensor g = at::empty_like(runs.x);
        const bool sameOrder = gradient.sizes() == runs.x.sizes() && gradient.strides() == runs.x.strides();
        if (!sameOrder) g.copy_(gradient);
        at::Tensor dx = at::empty_like(runs.x);
        const float* source = sameOrder ? gradient.data_ptr<float>() : g.data_ptr<float>();
        const auto blocks = blocksOf(runs);
        std::vector<double> partial(blocks.size());
        at::parallel_for(0, static_cast<int64_t>(blocks.size()), grainOf(runs), [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i) {
                const auto& [at, length, index] = blocks[i];
                const float* x = runs.x.data_ptr<float>() + at;
                float* out = dx.data_ptr<float>() + at;
                if (op.mode == FakeQuantMode::Lsq)
                    partial[i] = loops::quantizeBackwardScale(x, source + at, out, length, grids[index]);
                else loops::quantizeBackward(x, source + at, out, length, grids[index], static_cast<float>(op.gradFactor));
            }
        });
        if (op.mode != FakeQuantMode::Lsq) return {dx, at::Tensor()};
        std::vector<double> sums(static_cast<size_t>(runs.scales));
        for (size_t i = 0; i < blocks.size(); ++i) sums[blocks[i].scale] += partial[i];
        at::Tensor dScale = at::empty_like(scale);
        const double factor = scaleGradientFactor(op, shapeOf(runs.x));
        for (int64_t i = 0; i < runs.scales; ++i) {
            const double sign = scale.detach().contiguous().data_ptr<float>()[i] < 0 ? -1 : 1;
            dScale.data_ptr<float>()[i] = static_cast<float>(sums[i] * factor * sign);
        }
        return {dx, dScale};
    }
};

}  // namespace

loops::Grid gridOf(const FakeQuantize& op, float scale, float zeroPoint) {
    const float magnitude = std::max(std::abs(scale), std::numeric_limits<float>::min());
    return {magnitude, 1.0f / magnitude, zeroPoint, static_cast<float>(op.qmin), static_cast<float>(op.qmax)};
}

double scaleGradientFactor(const FakeQuantize& op, const Shape& shape) {
    const int64_t numel = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
    const int64_t sharing = op.axis >= 0 ? numel / std::max<int64_t>(1, shape[op.axis]) : numel;
    const int64_t images = op.weight || shape.empty() ? 1 : std::max<int64_t>(1, shape[0]);
    return op.gradFactor / std::sqrt(std::max(1.0, static_cast<double>(sharing) / images * op.qmax));
}

at::Tensor fakeQuantize(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zeroPoint) {
    return FakeQuantizeFunction::apply(op, x, scale, zeroPoint);
}

at::Tensor quantizedCodes(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zeroPoint) {
    Shape broadcast(static_cast<size_t>(x.dim()), 1);
    if (op.axis >= 0) broadcast[op.axis] = -1;
    const at::Tensor inverse = scale.detach().abs().clamp_min(std::numeric_limits<float>::min()).reciprocal().reshape(broadcast);
    return at::clamp(at::round(x.detach() * inverse) + zeroPoint.detach().reshape(broadcast), op.qmin, op.qmax);
}

std::pair<float, float> tensorMinMax(const at::Tensor& input) {
    const at::Tensor x = input.is_non_overlapping_and_dense() ? input : input.contiguous();
    const int64_t blocks = (x.numel() + kBlock - 1) / kBlock;
    std::vector<std::pair<float, float>> ranges(static_cast<size_t>(blocks));
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            loops::minMax(x.data_ptr<float>() + i * kBlock, std::min(kBlock, x.numel() - i * kBlock), ranges[i].first, ranges[i].second);
    });
    std::pair<float, float> all = ranges.front();
    for (const auto& [low, high] : ranges) {
        if (std::isnan(low)) return {low, high};
        all = {std::min(all.first, low), std::max(all.second, high)};
    }
    return all;
}

}  // namespace qat
