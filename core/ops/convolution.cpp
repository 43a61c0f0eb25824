// oneDNN chooses the order of the weight in memory; it is brought there for every call, as the weight has moved since
// the last one.
#include "ops/convolution.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "ops/conv_gradient.h"
#include "ops/fixed_split.h"
#include "ops/onednn.h"
#include "ops/packed_conv.h"

namespace qat {
namespace {

using dnnl::memory;
using onednn::Arguments;

at::Tensor emptyChannelsLast(at::IntArrayRef sizes) {
    return at::empty(sizes, at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
}

at::Tensor channelsLast(const at::Tensor& tensor) {
    return tensor.contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor denseWeight(const at::Tensor& weight) {
    return weight.is_non_overlapping_and_dense() ? weight : weight.contiguous();
}

// The weight in the order a kernel wants; `room` keeps it.
memory inOrder(const at::Tensor& weight, int64_t groups, const memory::desc& wanted, at::Tensor& room) {
    memory given = onednn::wrap(onednn::weightOrder(weight, groups), weight);
    if (given.get_desc() == wanted) return given;
    room = at::empty({static_cast<int64_t>(wanted.get_size())}, at::kByte);
    memory packed = onednn::wrap(wanted, room);
    onednn::execute(dnnl::reorder(given, packed), {{DNNL_ARG_FROM, given}, {DNNL_ARG_TO, packed}});
    return packed;
}

// The three descriptions of a convolution share these.
struct Orders {
    memory::desc x, weight, bias, y;
    onednn::Window window;

    Orders(const Conv2d& conv, at::IntArrayRef xSizes, at::IntArrayRef weightSizes, at::IntArrayRef ySizes,
           bool hasBias)
        : x(onednn::dataOrder(xSizes, memory::data_type::f32)),
          weight(onednn::weightDims(weightSizes, conv.groups), memory::data_type::f32, memory::format_tag::any),
          bias(hasBias ? onednn::vectorOrder(weightSizes[0]) : memory::desc()),
          y(onednn::dataOrder(ySizes, memory::data_type::f32)),
          window(conv) {}

    auto forward() const {
        return std::tuple(dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, x, weight, bias, y,
                          window.stride, window.dilation, window.padding, window.padding);
    }
    auto backward() const {
        return std::tuple(dnnl::algorithm::convolution_direct, x, weight, y, window.stride, window.dilation,
                          window.padding, window.padding);
    }
};

at::Tensor compute(const Conv2d& conv, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& givenBias) {
    const at::Tensor bias = givenBias.defined() ? givenBias.contiguous() : givenBias;
    at::Tensor y = emptyChannelsLast(resultSizes(conv, weight.sizes(), x.sizes()));
    return onednn::guarded([&] {
        const Orders orders(conv, x.sizes(), weight.sizes(), y.sizes(), bias.defined());
        const auto made = onednn::makeFixed<dnnl::convolution_forward>(orders.forward(), {});
        at::Tensor room;
        Arguments arguments{{DNNL_ARG_SRC, onednn::wrap(orders.x, x)},
                            {DNNL_ARG_DST, onednn::wrap(orders.y, y)},
                            {DNNL_ARG_WEIGHTS, inOrder(weight, conv.groups, made.description.weights_desc(), room)}};
        if (bias.defined()) arguments.emplace(DNNL_ARG_BIAS, onednn::wrap(orders.bias, bias));
        made.execute(arguments);
        return y;
    });
}

at::Tensor dataGradient(const Conv2d& conv, at::IntArrayRef sizes, const at::Tensor& weight, const at::Tensor& dy) {
    at::Tensor dx = emptyChannelsLast(sizes);
    return onednn::guarded([&] {
        const Orders orders(conv, sizes, weight.sizes(), dy.sizes(), false);
        const auto hint = onednn::describe<dnnl::convolution_forward>(onednn::cpu(), orders.forward(), {});
        const auto made = onednn::makeFixed<dnnl::convolution_backward_data>(orders.backward(), {}, hint);
        at::Tensor room;
        made.execute({{DNNL_ARG_DIFF_DST, onednn::wrap(orders.y, dy)},
                      {DNNL_ARG_DIFF_SRC, onednn::wrap(orders.x, dx)},
                      {DNNL_ARG_WEIGHTS, inOrder(weight, conv.groups, made.description.weights_desc(), room)}});
        return dx;
    });
}

class Convolution : public torch::autograd::Function<Convolution> {
public:
    struct Saved : torch::CustomClassHolder {
        Conv2d window;
        bool hasBias = false;
    };

    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                              const c10::optional<at::Tensor>& bias, const Conv2d& window) {
        auto saved = c10::make_intrusive<Saved>();
        saved->window = window;
        saved->hasBias = bias.has_value();
        context->save_for_backward({x, weight});
        context->saved_data["convolution"] = c10::IValue::make_capsule(std::move(saved));
        return compute(window, x, weight, bias.value_or(at::Tensor()));
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto tensors = context->get_saved_variables();
        const auto saved = c10::static_intrusive_pointer_cast<Saved>(context->saved_data["convolution"].toCapsule());
        const Conv2d& window = saved->window;
        const at::Tensor &x = tensors[0], &weight = tensors[1], dy = channelsLast(gradients[0]);
        at::Tensor dx;
        ConvGradient rest;
        if (context->needs_input_grad(0)) dx = dataGradient(window, x.sizes(), weight, dy);
        const bool wantsBias = saved->hasBias && context->needs_input_grad(2);
        if (context->needs_input_grad(1) || wantsBias) rest = convWeightGradient(window, x, dy, weight, wantsBias);
        return {dx, rest.weight, rest.bias, at::Tensor()};
    }
};

std::vector<int64_t> transposedSizes(const ConvTranspose2d& op, at::IntArrayRef weight, at::IntArrayRef data) {
    require(data.size() == 4, ErrorKind::BadInput, "expects 4-d data, not ", data.size(), "-d");
    require(data[0] > 0, ErrorKind::BadInput, "expects at least one image");
    require(data[1] == weight[0], ErrorKind::BadInput, "expects ", weight[0], " channels, not ", data[1]);
    std::vector<int64_t> sizes{data[0], weight[1] * op.groups};
    for (size_t i = 0; i < 2; ++i) {
        require(op.outputPadding[i] >= 0 && op.outputPadding[i] < op.stride[i], ErrorKind::BadInput, "output padding ",
                op.outputPadding[i], " is not below the stride, ", op.stride[i]);
        sizes.push_back((data[i + 2] - 1) * op.stride[i] - 2 * op.padding[i] + op.dilation[i] * (weight[i + 2] - 1) +
                        op.outputPadding[i] + 1);
        require(sizes.back() > 0, ErrorKind::BadInput, "nothing is left of data of ", data[2], " x ", data[3]);
    }
    return sizes;
}

// The gradient of the convolution by its data, at x; and the other way round.
at::Tensor computeTransposed(const ConvTranspose2d& op, const at::Tensor& x, const at::Tensor& weight,
                             const at::Tensor& bias) {
    const at::Tensor y = dataGradient(op.window(), transposedSizes(op, weight.sizes(), x.sizes()), weight, x);
    return bias.defined() ? y.add_(bias.reshape({1, -1, 1, 1})) : y;
}

class TransposedConvolution : public torch::autograd::Function<TransposedConvolution> {
public:
    struct Saved : torch::CustomClassHolder {
        Conv2d window;
        bool hasBias = false;
    };

    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                              const c10::optional<at::Tensor>& bias, const ConvTranspose2d& op) {
        auto saved = c10::make_intrusive<Saved>();
        saved->window = op.window();
        saved->hasBias = bias.has_value();
        context->save_for_backward({x, weight});
        context->saved_data["convolution"] = c10::IValue::make_capsule(std::move(saved));
        return computeTransposed(op, x, weight, bias.value_or(at::Tensor()));
    }

    static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                   torch::autograd::variable_list gradients) {
        const auto tensors = context->get_saved_variables();
        const auto saved = c10::static_intrusive_pointer_cast<Saved>(context->saved_data["convolution"].toCapsule());
        const at::Tensor &x = tensors[0], &weight = tensors[1], dy = channelsLast(gradients[0]);
        at::Tensor dx, dWeight, dBias;
        if (context->needs_input_grad(0)) dx = compute(saved->window, dy, weight, {});
        if (context->needs_input_grad(1)) dWeight = convWeightGradient(saved->window, dy, x, weight, false).weight;
        if (saved->hasBias && context->needs_input_grad(2)) dBias = channelSums(dy).to(at::kFloat);
        return {dx, dWeight, dBias, at::Tensor()};
    }
};

c10::optional<at::Tensor> givenOrNot(const at::Tensor& bias) {
    return bias.defined() ? c10::optional<at::Tensor>(bias) : c10::nullopt;
}

void requireBias(const at::Tensor& bias, int64_t count) {
    require(!bias.defined() || bias.numel() == count, ErrorKind::BadInput, "expects a bias of ", count,
            " numbers, not of ", bias.defined() ? bias.numel() : 0);
}

}  // namespace

at::Tensor convolve(const Conv2d& window, const at::Tensor& input, const at::Tensor& givenWeight,
                    const at::Tensor& bias) {
    resultSizes(window, givenWeight.sizes(), input.sizes());
    requireBias(bias, givenWeight.size(0));
    const at::Tensor x = channelsLast(input), weight = denseWeight(givenWeight);
    if (!at::GradMode::is_enabled()) return compute(window, x, weight, bias);
    return Convolution::apply(x, weight, givenOrNot(bias), window);
}

at::Tensor convolveTransposed(const ConvTranspose2d& op, const at::Tensor& input, const at::Tensor& givenWeight,
                              const at::Tensor& bias) {
    requireBias(bias, transposedSizes(op, givenWeight.sizes(), input.sizes())[1]);
    const at::Tensor x = channelsLast(input), weight = denseWeight(givenWeight);
    if (!at::GradMode::is_enabled()) return computeTransposed(op, x, weight, bias);
    return TransposedConvolution::apply(x, weight, givenOrNot(bias), op);
}

}  // namespace qat
