// Fake quantization over blocks of memory; a block has one scale.
#include "ops/fake_quantize.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <vector>

#include "base/error.h"
#include "ops/number_loops.h"

namespace qat {
namespace {

constexpr int64_t kBlock = 16384;  // floats a task handles: partial sums do not depend on the thread count

// How the scales lie over the memory of x: `count` runs of `length` floats in parts of `part`; each part has a scale of
// its own, and scales repeat after `scales`.
struct Runs {
    at::Tensor x;  // dense
    int64_t count, length, part, scales;
};

Runs layOutGroups(const FakeQuantize& op, const at::Tensor& input) {
    require(op.axis == 0 && input.dim() >= 2, ErrorKind::BadInput,
            "groups cut the rows of a matrix or of kernels, axis 0");
    const at::Tensor x = input.contiguous();
    const int64_t rows = x.size(0), length = rows ? x.numel() / rows : 0;
    return {x, rows, length, op.group, scaleCount(op, x.sizes().vec())};
}

Runs layOut(const FakeQuantize& op, const at::Tensor& input) {
    if (op.axis < 0) {
        at::Tensor x = input.is_non_overlapping_and_dense() ? input : input.contiguous(input.suggest_memory_format());
        return {x, 1, x.numel(), x.numel(), 1};
    }
    require(op.axis < input.dim(), ErrorKind::BadInput, "fake quantizer's channel axis ", op.axis,
            " is outside a tensor of ", input.dim(), " dimensions");
    if (op.group > 0) return layOutGroups(op, input);
    const int64_t channels = input.size(op.axis), slice = input.numel() / std::max<int64_t>(channels, 1);
    // Axis 0 is outermost in both memory formats, so its slices are contiguous.
    if (op.axis == 0 && input.is_non_overlapping_and_dense() &&
        (input.is_contiguous() || input.stride(0) * channels == input.numel()))
        return {input, channels, slice, slice, channels};
    at::Tensor x = input.contiguous();
    int64_t inner = 1;
    for (int64_t d = op.axis + 1; d < x.dim(); ++d) inner *= x.size(d);
    return {x, inner ? x.numel() / inner : 0, inner, inner, channels};
}

struct Block {
    int64_t begin, length, scale;
};

std::vector<Block> blocksOf(const Runs& runs) {
    std::vector<Block> blocks;
    int64_t part = 0;
    for (int64_t run = 0; run < runs.count; ++run)
        for (int64_t from = 0; from < runs.length; from += runs.part, ++part) {
            const int64_t to = std::min(from + runs.part, runs.length);
            for (int64_t start = from; start < to; start += kBlock)
                blocks.push_back({run * runs.length + start, std::min(kBlock, to - start), part % runs.scales});
        }
    return blocks;
}

// Work on every block, in tasks of equal size.
template <class Work>
void forEachBlock(const Runs& runs, const std::vector<Block>& blocks, const Work& work) {
    // So many blocks that tiny ones (weights per channel) do not become tiny tasks.
    const int64_t grain = std::max<int64_t>(1, kBlock / std::max<int64_t>(1, std::min(runs.part, kBlock)));
    at::parallel_for(0, static_cast<int64_t>(blocks.size()), grain, [&](int64_t begin, int64_t end) {
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) work(i);
    });
}

std::vector<loops::Grid> gridsOf(const FakeQuantize& op, const at::Tensor& scale, const at::Tensor& zeroPoint,
                                 int64_t count) {
    require(scale.numel() == count && zeroPoint.numel() == count, ErrorKind::BadInput, "fake quantizer has ",
            scale.numel(), " scales for ", count, op.group > 0 ? " groups" : " channels");
    const at::Tensor scales = scale.detach().contiguous();
    const at::Tensor zeroPoints = zeroPoint.detach().contiguous();
    std::vector<loops::Grid> grids;
    for (int64_t i = 0; i < count; ++i)
        grids.push_back(gridOf(op, scales.data_ptr<float>()[i], zeroPoints.data_ptr<float>()[i]));
    return grids;
}

bool learns(const FakeQuantize& op) {
    return op.mode != FakeQuantMode::Ste || op.learnOffset;
}

class FakeQuantizeFunction : public torch::autograd::Function<FakeQuantizeFunction> {
public:
    // The node itself keeps the op: it is small and no tensor.
    struct Saved : torch::CustomClassHolder {
        FakeQuantize op;
    };

    static at::Tensor forward(torch::autograd::AutogradContext* context, const FakeQuantize& op,
                              const at::Tensor& input, const at::Tensor& scale, const at::Tensor& zeroPoint) {
        const Runs runs = layOut(op, input);
        const auto grids = gridsOf(op, scale, zeroPoint, runs.scales);
        at::Tensor output = at::empty_like(runs.x);
        const float* x = runs.x.data_ptr<float>();
        float* y = output.data_ptr<float>();
        const auto blocks = blocksOf(runs);
        forEachBlock(runs, blocks, [&](size_t i) {
            quantizeBlock(op, grids[blocks[i].scale], x + blocks[i].begin, y + blocks[i].begin, blocks[i].length);
        });
        auto saved = c10::make_intrusive<Saved>();
        saved->op = op;
        context->save_for_backward({runs.x, scale, zeroPoint});
        context->saved_data["op"] = c10::IValue::make_capsule(std::move(saved));
        return output;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto saved = context->get_saved_variables();
        const FakeQuantize op = c10::static_intrusive_pointer_cast<Saved>(context->saved_data["op"].toCapsule())->op;
        return gradientsOf(op, saved[0], saved[1], saved[2], gradients[0]);
    }

private:
    // Of the op, x, scale and zero point.
    static torch::autograd::variable_list gradientsOf(const FakeQuantize& op, const at::Tensor& input,
                                                      const at::Tensor& scale, const at::Tensor& zeroPoint,
                                                      const at::Tensor& gradient) {
        const Runs runs = layOut(op, input);
        const auto grids = gridsOf(op, scale, zeroPoint, runs.scales);
        // Same memory order as x, whatever order the gradient came in.
        const bool sameOrder = gradient.sizes() == runs.x.sizes() && gradient.strides() == runs.x.strides();
        const at::Tensor g = sameOrder ? gradient : at::empty_like(runs.x).copy_(gradient);
        at::Tensor dx = at::empty_like(runs.x);
        const float* x = runs.x.data_ptr<float>();
        const float* from = g.data_ptr<float>();
        float* to = dx.data_ptr<float>();
        const auto blocks = blocksOf(runs);
        std::vector<loops::GridSums> partial(blocks.size());
        forEachBlock(runs, blocks, [&](size_t i) {
            const auto& [at, length, index] = blocks[i];
            partial[i] = quantizeBlockBackward(op, grids[index], x + at, from + at, to + at, length);
        });
        if (!learns(op)) return {at::Tensor(), dx, at::Tensor(), at::Tensor()};
        std::vector<loops::GridSums> sums(static_cast<size_t>(runs.scales));
        for (size_t i = 0; i < blocks.size(); ++i) {
            sums[blocks[i].scale].scale += partial[i].scale;
            sums[blocks[i].scale].clipped += partial[i].clipped;
        }
        return {at::Tensor(), dx, scaleGradients(op, runs.x.sizes().vec(), grids, scale, sums),
                zeroPointGradients(op, runs.x.sizes().vec(), grids, zeroPoint, sums)};
    }

    static at::Tensor scaleGradients(const FakeQuantize& op, const Shape& shape, const std::vector<loops::Grid>& grids,
                                     const at::Tensor& scale, const std::vector<loops::GridSums>& sums) {
        if (op.mode == FakeQuantMode::Ste) return {};
        at::Tensor gradient = at::empty_like(scale);
        for (size_t i = 0; i < sums.size(); ++i)
            gradient.data_ptr<float>()[i] = static_cast<float>(scaleGradient(op, shape, grids[i], sums[i]));
        return gradient;
    }

    static at::Tensor zeroPointGradients(const FakeQuantize& op, const Shape& shape,
                                         const std::vector<loops::Grid>& grids, const at::Tensor& zeroPoint,
                                         const std::vector<loops::GridSums>& sums) {
        if (!op.learnOffset) return {};
        at::Tensor gradient = at::empty_like(zeroPoint);
        for (size_t i = 0; i < sums.size(); ++i)
            gradient.data_ptr<float>()[i] = static_cast<float>(zeroPointGradient(op, shape, grids[i], sums[i]));
        return gradient;
    }
};

float plainScale(const FakeQuantize& op, float held) {
    const bool plain = op.scaleForm == ScaleForm::Plain, whole = op.scaleForm == ScaleForm::PowerOfTwo;
    const float scale = plain ? held : std::exp2(whole ? std::nearbyint(held) : held);
    const float least = std::max(static_cast<float>(op.floor), std::numeric_limits<float>::min());
    return std::clamp(scale, least, std::numeric_limits<float>::max());
}

float plainZeroPoint(const FakeQuantize& op, float held) {
    if (!op.learnOffset) return held;
    return std::clamp(std::nearbyint(held), static_cast<float>(op.qmin), static_cast<float>(op.qmax));
}

template <class Convert>
at::Tensor converted(const at::Tensor& held, const Convert& convert) {
    at::Tensor plain = held.detach().cpu().to(at::kFloat).contiguous().clone();
    float* numbers = plain.data_ptr<float>();
    std::transform(numbers, numbers + plain.numel(), numbers, convert);
    return plain.to(held.device());
}

}  // namespace

at::Tensor plainScales(const FakeQuantize& op, const at::Tensor& scale) {
    return converted(scale, [&](float held) { return plainScale(op, held); });
}

at::Tensor plainZeroPoints(const FakeQuantize& op, const at::Tensor& zeroPoint) {
    return converted(zeroPoint, [&](float held) { return plainZeroPoint(op, held); });
}

float heldScale(const FakeQuantize& op, float scale) {
    return op.scaleForm == ScaleForm::Plain ? scale : std::log2(scale);
}

float leastHeldScale(const FakeQuantize& op) {
    return op.floor > 0 ? heldScale(op, static_cast<float>(op.floor)) : -std::numeric_limits<float>::infinity();
}

int64_t scaleCount(const FakeQuantize& op, const Shape& shape) {
    if (op.axis < 0) return 1;
    require(static_cast<size_t>(op.axis) < shape.size(), ErrorKind::BadInput, "fake quantizer's channel axis ", op.axis,
            " is outside a tensor of ", shape.size(), " dimensions");
    const int64_t channels = shape[static_cast<size_t>(op.axis)];
    if (op.group <= 0) return channels;
    const int64_t row = std::accumulate(shape.begin() + 1, shape.end(), int64_t{1}, std::multiplies<>());
    return channels * ((row + op.group - 1) / op.group);
}

at::Tensor spreadOver(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& perScale) {
    if (op.group > 0) {
        const int64_t rows = x.size(0), row = x.numel() / rows, parts = perScale.numel() / rows;
        return perScale.reshape({rows, parts, 1})
            .expand({rows, parts, op.group})
            .reshape({rows, -1})
            .narrow(1, 0, row)
            .reshape(x.sizes());
    }
    Shape broadcast(static_cast<size_t>(x.dim()), 1);
    if (op.axis >= 0) broadcast[static_cast<size_t>(op.axis)] = -1;
    return perScale.reshape(broadcast);
}

loops::Grid gridOf(const FakeQuantize& op, float scale, float zeroPoint) {
    const float plain = plainScale(op, scale);
    return {plain, 1.0f / plain, plainZeroPoint(op, zeroPoint), static_cast<float>(op.qmin),
            static_cast<float>(op.qmax)};
}

void quantizeBlock(const FakeQuantize& op, const loops::Grid& grid, const float* x, float* y, int64_t n) {
    if (op.format == NumberFormat::Integer)
        loops::quantize(x, y, n, grid);
    else if (op.format == NumberFormat::Binary)
        loops::binarize(x, y, n, grid);
    else
        loops::roundToFloat(x, y, n, grid, op.format);
}

loops::GridSums quantizeBlockBackward(const FakeQuantize& op, const loops::Grid& grid, const float* x, const float* g,
                                      float* out, int64_t n) {
    const float gain = learns(op) ? 1.0f : static_cast<float>(op.gradFactor);
    const float inside = op.mode == FakeQuantMode::Pact ? 0.0f : 1.0f;
    if (op.format == NumberFormat::Binary) {
        // A weight keeps its gradient wherever it is, an activation only where the sign stands for a value within the
        // scale.
        const float reach = op.weight ? std::numeric_limits<float>::infinity() : grid.scale;
        return loops::binarizeBackward(x, g, out, n, reach, gain);
    }
    if (op.format != NumberFormat::Integer)
        return loops::roundToFloatBackward(x, g, out, n, grid, op.format, gain, inside);
    if (learns(op)) return loops::quantizeBackwardScale(x, g, out, n, grid, inside);
    loops::quantizeBackward(x, g, out, n, grid, gain);
    return {};
}

double scaleGradientFactor(const FakeQuantize& op, const Shape& shape) {
    const int64_t numel = std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
    const int64_t sharing = numel / std::max<int64_t>(1, scaleCount(op, shape));
    const int64_t images = op.weight || shape.empty() ? 1 : std::max<int64_t>(1, shape[0]);
    return op.gradFactor / std::sqrt(std::max(1.0, static_cast<double>(sharing) / images * op.qmax));
}

double scaleGradient(const FakeQuantize& op, const Shape& shape, const loops::Grid& grid, const loops::GridSums& sums) {
    double factor = scaleGradientFactor(op, shape);
    if (op.mode == FakeQuantMode::Pact) {
        const double reach = std::max(std::abs(grid.qmax - grid.zeroPoint), std::abs(grid.qmin - grid.zeroPoint));
        factor = op.gradFactor / (reach * reach);
    }
    if (op.scaleForm != ScaleForm::Plain) return sums.scale * factor * grid.scale * std::numbers::ln2;
    return sums.scale * factor;
}

at::Tensor clipPenaltyGradient(const FakeQuantize& op, const at::Tensor& scales) {
    const at::Tensor plain = plainScales(op, scales);
    return op.scaleForm == ScaleForm::Plain ? plain : plain.square() * std::numbers::ln2;
}

double zeroPointGradient(const FakeQuantize& op, const Shape& shape, const loops::Grid& grid,
                         const loops::GridSums& sums) {
    return -sums.clipped / grid.scale * scaleGradientFactor(op, shape);
}

at::Tensor fakeQuantize(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale,
                        const at::Tensor& zeroPoint) {
    return FakeQuantizeFunction::apply(op, x, scale, zeroPoint);
}

at::Tensor quantizedCodes(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale,
                          const at::Tensor& zeroPoint) {
    if (op.format == NumberFormat::Binary)
        return at::where(x.detach().lt(0), at::scalar_tensor(-1.0f), at::scalar_tensor(1.0f));
    at::Tensor scaled = x.detach() * spreadOver(op, x, plainScales(op, scale).reciprocal());
    if (isFloat(op.format)) {
        at::Tensor numbers = scaled.contiguous();
        loops::roundToFloat(numbers.data_ptr<float>(), numbers.data_ptr<float>(), numbers.numel(), {1, 1, 0, 0, 0},
                            op.format);
        return numbers;
    }
    // In place: what is exported is a whole weight, and each step would else make another.
    return scaled.round_().add_(spreadOver(op, x, plainZeroPoints(op, zeroPoint))).clamp_(op.qmin, op.qmax);
}

std::pair<float, float> tensorMinMax(const at::Tensor& input) {
    const at::Tensor x = input.is_non_overlapping_and_dense() ? input : input.contiguous();
    const int64_t blocks = (x.numel() + kBlock - 1) / kBlock;
    std::vector<std::pair<float, float>> ranges(static_cast<size_t>(blocks));
    at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
            loops::minMax(x.data_ptr<float>() + i * kBlock, std::min(kBlock, x.numel() - i * kBlock), ranges[i].first,
                          ranges[i].second);
    });
    std::pair<float, float> all = ranges.front();
    for (const auto& [low, high] : ranges) {
        if (std::isnan(low)) return {low, high};
        all = {std::min(all.first, low), std::max(all.second, high)};
    }
    return all;
}

}  // namespace qat
