// y = quantize(act(a x + b)), a = weight / sqrt(var + eps), b = bias - mean a. The backward pass recomputes what lies
// between x and y from x: cheaper than reading it back. Work is cut into blocks of rows of fixed size, and sums are
// taken block by block, so results do not depend on the number of threads.
#include "ops/fused_activation.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

#include "base/error.h"
#include "ops/activation.h"
#include "ops/chain_tensors.h"
#include "ops/fake_quantize.h"
#include "ops/row_layout.h"
#include "ops/vector_loops.h"

namespace qat {
namespace {

// Batch norm as a per-channel line a x + b.
struct Normalization {
    std::vector<float> a, b, mean, invStd;
};

Normalization lineOf(std::vector<float> mean, const std::vector<double>& variance, const BatchNorm& norm,
                     const ChainTensors& t) {
    const size_t channels = mean.size();
    Normalization n{std::vector<float>(channels), std::vector<float>(channels), std::move(mean),
                    std::vector<float>(channels)};
    const float* weight = t.weight.data_ptr<float>();
    const float* bias = t.bias.data_ptr<float>();
    for (size_t c = 0; c < channels; ++c) {
        n.invStd[c] = static_cast<float>(1.0 / std::sqrt(variance[c] + norm.eps));
        n.a[c] = weight[c] * n.invStd[c];
        n.b[c] = bias[c] - n.mean[c] * n.a[c];
    }
    return n;
}

Normalization runningNormalization(const BatchNorm& norm, const ChainTensors& t) {
    const int64_t channels = t.runningMean.numel();
    const float* mean = t.runningMean.data_ptr<float>();
    const float* variance = t.runningVar.data_ptr<float>();
    return lineOf({mean, mean + channels}, {variance, variance + channels}, norm, t);
}

// Statistics of the batch (two passes: mean, then squared distances); moves the running ones like torch does, with
// the unbiased variance.
Normalization batchNormalization(const BatchNorm& norm, const at::Tensor& x, const ChainTensors& t) {
    const RowLayout layout(x);
    require(layout.rows > 1, ErrorKind::BadInput, "batch norm in training needs more than one value a channel");
    const float* data = x.data_ptr<float>();
    const auto sums = layout.sumOverBlocks(layout.channels, [&](int64_t block, double* part) {
        loops::columnSums(data + layout.offsetOf(block), part, layout.rowsOf(block), layout.channels);
    });
    std::vector<float> mean(sums.size());
    for (size_t c = 0; c < sums.size(); ++c) mean[c] = static_cast<float>(sums[c] / static_cast<double>(layout.rows));
    auto variance = layout.sumOverBlocks(layout.channels, [&](int64_t block, double* part) {
        loops::columnSquares(data + layout.offsetOf(block), mean.data(), part, layout.rowsOf(block), layout.channels);
    });
    const double rows = static_cast<double>(layout.rows);
    float* runningMean = t.runningMean.data_ptr<float>();
    float* runningVar = t.runningVar.data_ptr<float>();
    for (size_t c = 0; c < variance.size(); ++c) {
        runningMean[c] = static_cast<float>((1 - norm.momentum) * runningMean[c] + norm.momentum * mean[c]);
        runningVar[c] =
            static_cast<float>((1 - norm.momentum) * runningVar[c] + norm.momentum * variance[c] / (rows - 1));
        variance[c] /= rows;
    }
    return lineOf(std::move(mean), variance, norm, t);
}

// The chain with everything that is constant during one pass made ready.
struct Steps {
    const ActivationChain& chain;
    std::optional<Normalization> norm;
    loops::Grid grid{};

    // u = a x + b; returns where u is: in `scratch`, or x itself without a norm.
    const float* normalize(const float* x, float* scratch, int64_t rows, int64_t channels) const {
        if (!norm) return x;
        loops::affineRows(x, norm->a.data(), norm->b.data(), scratch, rows, channels);
        return scratch;
    }
    // v = act(u) into `out`; returns where v is.
    const float* activate(const float* u, float* out, int64_t n) const {
        if (!chain.activation) return u;
        traitsOf(chain.activation->kind).forward(u, out, n, static_cast<float>(chain.activation->slope));
        return out;
    }
    // g becomes g * act'(u).
    void activateBackward(const float* u, float* g, int64_t n) const {
        if (!chain.activation) return;
        traitsOf(chain.activation->kind).backward(u, g, g, n, static_cast<float>(chain.activation->slope));
    }
};

using Range = std::pair<float, float>;

Range joined(const std::vector<Range>& ranges) {
    Range all = ranges.front();
    for (const auto& [low, high] : ranges) {
        if (low != low) return {low, high};
        all = {std::min(all.first, low), std::max(all.second, high)};
    }
    return all;
}

void forwardBlocks(const Steps& steps, const at::Tensor& x, at::Tensor& y, Range* range) {
    const RowLayout layout(x);
    std::vector<Range> ranges(range ? static_cast<size_t>(layout.blocks) : 0);
    const float* from = x.data_ptr<float>();
    float* to = y.data_ptr<float>();
    layout.forEachBlock([&](int64_t block) {
        const int64_t rows = layout.rowsOf(block), n = rows * layout.channels;
        float* out = to + layout.offsetOf(block);
        const float* v =
            steps.activate(steps.normalize(from + layout.offsetOf(block), out, rows, layout.channels), out, n);
        if (range) loops::minMax(v, n, ranges[block].first, ranges[block].second);
        if (steps.chain.quantizer)
            quantizeBlock(*steps.chain.quantizer, steps.grid, v, out, n);
        else if (v != out)
            std::copy(v, v + n, out);
    });
    if (range) *range = joined(ranges);
}

// First half of the backward pass: dy to du in `du`; returns the sums behind the gradients of the quantizer's grid.
loops::GridSums backwardBlocks(const Steps& steps, const at::Tensor& x, const at::Tensor& dy, at::Tensor& du) {
    const RowLayout layout(x);
    const auto sums = layout.sumOverBlocks(2, [&](int64_t block, double* sum) {
        const int64_t rows = layout.rowsOf(block), n = rows * layout.channels, at = layout.offsetOf(block);
        thread_local std::vector<float> scratchU, scratchV;
        scratchU.resize(static_cast<size_t>(n));
        scratchV.resize(static_cast<size_t>(n));
        const float* u = steps.normalize(x.data_ptr<float>() + at, scratchU.data(), rows, layout.channels);
        const float* g = dy.data_ptr<float>() + at;
        float* out = du.data_ptr<float>() + at;
        if (const auto& quantizer = steps.chain.quantizer) {
            const float* v = steps.activate(u, scratchV.data(), n);
            const loops::GridSums part = quantizeBlockBackward(*quantizer, steps.grid, v, g, out, n);
            sum[0] = part.scale, sum[1] = part.clipped;
        } else
            std::copy(g, g + n, out);
        steps.activateBackward(u, out, n);
    });
    return {sums[0], sums[1]};
}

struct NormGradients {
    at::Tensor weight, bias;
};

// Second half: du to dx in place. With running statistics dx = a du; with those of the batch the mean and the
// correlation with x are taken out (Ioffe and Szegedy 2015).
NormGradients normBackward(const Normalization& norm, const at::Tensor& x, at::Tensor& du, bool train) {
    const RowLayout layout(x);
    const int64_t channels = layout.channels;
    const float* data = x.data_ptr<float>();
    float* g = du.data_ptr<float>();
    const auto sums = layout.sumOverBlocks(2 * channels, [&](int64_t block, double* part) {
        const int64_t at = layout.offsetOf(block);
        loops::columnGradients(g + at, data + at, norm.mean.data(), norm.invStd.data(), part, part + channels,
                               layout.rowsOf(block), channels);
    });
    NormGradients gradients{at::empty({channels}), at::empty({channels})};
    std::vector<float> meanG(static_cast<size_t>(channels)), k(static_cast<size_t>(channels));
    const double rows = static_cast<double>(layout.rows);
    for (int64_t c = 0; c < channels; ++c) {
        gradients.bias.data_ptr<float>()[c] = static_cast<float>(sums[c]);
        gradients.weight.data_ptr<float>()[c] = static_cast<float>(sums[channels + c]);
        if (!train) continue;
        meanG[c] = static_cast<float>(sums[c] / rows);
        k[c] = static_cast<float>(sums[channels + c] / rows * norm.invStd[c]);
    }
    layout.forEachBlock([&](int64_t block) {
        const int64_t at = layout.offsetOf(block);
        loops::normBackwardRows(g + at, data + at, norm.a.data(), norm.mean.data(), meanG.data(), k.data(),
                                layout.rowsOf(block), channels);
    });
    return gradients;
}

Steps stepsOf(const ActivationChain& chain, const ChainTensors& t, std::optional<Normalization> norm) {
    Steps steps{chain, std::move(norm)};
    require(!chain.activation || !at::GradMode::is_enabled() || traitsOf(chain.activation->kind).backward,
            ErrorKind::Internal, "a chain without gradient");
    require(!chain.quantizer || (t.scale.numel() == 1 && t.zeroPoint.numel() == 1), ErrorKind::BadInput,
            "a quantizer of whole tensors has more than one scale");
    if (chain.quantizer)
        steps.grid = gridOf(*chain.quantizer, t.scale.data_ptr<float>()[0], t.zeroPoint.data_ptr<float>()[0]);
    return steps;
}

std::optional<Normalization> normalizationOf(const ActivationChain& chain, const at::Tensor& x, const ChainTensors& t,
                                             bool train) {
    if (!chain.norm) return std::nullopt;
    for (const at::Tensor& vector : {t.weight, t.bias, t.runningMean, t.runningVar})
        require(vector.numel() == x.size(1), ErrorKind::BadInput, "batch norm has ", vector.numel(), " values for ",
                x.size(1), " channels");
    return train ? batchNormalization(*chain.norm, x, t) : runningNormalization(*chain.norm, t);
}

class ChainFunction : public torch::autograd::Function<ChainFunction> {
public:
    // The node itself keeps the chain and the per-channel line: they are small and not tensors of the graph.
    struct Saved : torch::CustomClassHolder {
        ActivationChain chain;
        std::optional<Normalization> norm;
        bool train = false;
    };

    // The differentiable tensors come one by one (libtorch wants absent ones as empty optionals), the rest in
    // `tensors`.
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x,
                              const c10::optional<at::Tensor>&, const c10::optional<at::Tensor>&,
                              const c10::optional<at::Tensor>&, const c10::optional<at::Tensor>&,
                              const ChainTensors& tensors, const ActivationChain& chain, bool train) {
        auto saved = c10::make_intrusive<Saved>();
        saved->chain = chain;
        saved->train = train;
        const Steps steps = stepsOf(saved->chain, tensors, normalizationOf(chain, x, tensors, train));
        saved->norm = steps.norm;
        at::Tensor y = at::empty_like(x);
        forwardBlocks(steps, x, y, tensors.range);
        context->save_for_backward({x, tensors.scale, tensors.zeroPoint});
        context->saved_data["chain"] = c10::IValue::make_capsule(std::move(saved));
        return y;
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto tensors = context->get_saved_variables();
        const auto saved = c10::static_intrusive_pointer_cast<Saved>(context->saved_data["chain"].toCapsule());
        const at::Tensor& x = tensors[0];
        const ChainTensors t{{}, {}, {}, {}, tensors[1], tensors[2], nullptr};
        const Steps steps = stepsOf(saved->chain, t, saved->norm);
        const at::Tensor dy = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
        at::Tensor du = at::empty_like(x);
        const loops::GridSums sums = backwardBlocks(steps, x, dy, du);
        NormGradients norm;
        if (steps.norm) norm = normBackward(*steps.norm, x, du, saved->train);
        const auto [scale, zeroPoint] = gridGradients(steps, x, t, sums);
        return {du, norm.weight, norm.bias, scale, zeroPoint, {}, {}, {}};
    }

private:
    static std::pair<at::Tensor, at::Tensor> gridGradients(const Steps& steps, const at::Tensor& x,
                                                           const ChainTensors& t, const loops::GridSums& sums) {
        const auto& quantizer = steps.chain.quantizer;
        if (!quantizer || quantizer->mode == FakeQuantMode::Ste) return {};
        const Shape shape = x.sizes().vec();
        std::pair gradients{at::full_like(t.scale, scaleGradient(*quantizer, shape, steps.grid, sums)), at::Tensor()};
        if (quantizer->learnOffset)
            gradients.second = at::full_like(t.zeroPoint, zeroPointGradient(*quantizer, shape, steps.grid, sums));
        return gradients;
    }
};

c10::optional<at::Tensor> optional(const at::Tensor& tensor) {
    return tensor.defined() ? c10::optional<at::Tensor>(tensor) : c10::nullopt;
}

}  // namespace

at::Tensor applyChain(const ActivationChain& chain, const at::Tensor& input, const ChainTensors& t, bool train,
                      bool inPlace) {
    const at::Tensor x = input.contiguous(at::MemoryFormat::ChannelsLast);
    if (at::GradMode::is_enabled())
        return ChainFunction::apply(x, optional(t.weight), optional(t.bias), optional(t.scale), optional(t.zeroPoint),
                                    t, chain, train);
    const Steps steps = stepsOf(chain, t, normalizationOf(chain, x, t, train));
    at::Tensor y = inPlace ? x : at::empty_like(x);
    forwardBlocks(steps, x, y, t.range);
    return y;
}

}  // namespace qat
