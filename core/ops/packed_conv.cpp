// One oneDNN primitive per size of the data; the weights it wants may differ from size to size, so each keeps its own.
#include "ops/packed_conv.h"

#include <ATen/ATen.h>

#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace qat {
namespace {

using dnnl::memory;

dnnl::engine& cpu() {
    static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

memory::data_type typeOf(at::ScalarType type) {
    switch (type) {
        case at::kFloat: return memory::data_type::f32;
        case at::kByte: return memory::data_type::u8;
        case at::kChar: return memory::data_type::s8;
        default: fail(ErrorKind::Internal, "a convolution of ", at::toString(type));
    }
}

// Weights [O,C/g,kh,kw] as oneDNN sees them: groups apart.
memory::dims weightDims(const at::Tensor& weight, int64_t groups) {
    const auto s = weight.sizes();
    if (groups == 1) return {s[0], s[1], s[2], s[3]};
    return {groups, s[0] / groups, s[1], s[2], s[3]};
}

memory::desc weightOrder(const at::Tensor& weight, int64_t groups) {
    const auto plain = groups == 1 ? memory::format_tag::oihw : memory::format_tag::goihw;
    return {weightDims(weight, groups), typeOf(weight.scalar_type()), plain};
}

memory wrap(const memory::desc& desc, const at::Tensor& tensor) { return {desc, cpu(), tensor.data_ptr()}; }

dnnl::primitive_attr attributesOf(std::optional<ActivationKind> activation, int32_t zeroPoint) {
    dnnl::primitive_attr attributes;
    if (zeroPoint != 0) attributes.set_zero_points(DNNL_ARG_SRC, 0, {zeroPoint});
    if (!activation) return attributes;
    dnnl::post_ops after;
    if (*activation == ActivationKind::Relu) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    else if (*activation == ActivationKind::Silu) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_swish, 1.0f, 0.0f);
    else fail(ErrorKind::Internal, "a convolution cannot apply this activation");
    attributes.set_post_ops(after);
    return attributes;
}

}  // namespace

Pair outputSize(const Conv2d& window, Pair kernel, Pair size) {
    Pair out;
    for (size_t i = 0; i < 2; ++i)
        out[i] = (size[i] + 2 * window.padding[i] - window.dilation[i] * (kernel[i] - 1) - 1) / window.stride[i] + 1;
    return out;
}

struct PackedConv::State {
    // A primitive for one size of the data.
    struct Ready {
        std::vector<int64_t> sizes;
        dnnl::convolution_forward primitive;
        memory::desc data, result;
        memory weight;
    };

    Conv2d window;
    at::Tensor weight, bias;
    at::ScalarType data = at::kFloat;
    dnnl::primitive_attr attributes;
    memory::data_type resultType = memory::data_type::f32;
    std::vector<Ready> ready;

    const Ready& readyFor(const at::Tensor& x);
    Ready make(const at::Tensor& x) const;
    memory::dims resultDims(const at::Tensor& x) const;
};

memory::dims PackedConv::State::resultDims(const at::Tensor& x) const {
    require(x.size(1) == weight.size(1) * window.groups, ErrorKind::BadInput, "expects ", weight.size(1) * window.groups, " channels, not ", x.size(1));
    const Pair size = outputSize(window, {weight.size(2), weight.size(3)}, {x.size(2), x.size(3)});
    require(x.size(0) > 0 && size[0] > 0 && size[1] > 0, ErrorKind::BadInput, "the window does not fit into data of ", x.size(2), " x ", x.size(3));
    return {x.size(0), weight.size(0), size[0], size[1]};
}

PackedConv::State::Ready PackedConv::State::make(const at::Tensor& x) const {
    const auto tag = memory::format_tag::nhwc;
    const memory::desc dataOrder(x.sizes().vec(), typeOf(data), tag), resultOrder(resultDims(x), resultType, tag);
    const memory::desc plain = weightOrder(weight, window.groups);
    const memory::desc free(plain.dims(), plain.data_type(), memory::format_tag::any);
    const memory::desc biasOrder = bias.defined() ? memory::desc({bias.numel()}, memory::data_type::f32, memory::format_tag::x) : memory::desc();
    const memory::dims stride(window.stride.begin(), window.stride.end()), padding(window.padding.begin(), window.padding.end());
    const memory::dims dilation{window.dilation[0] - 1, window.dilation[1] - 1};  // oneDNN counts the gaps
    const dnnl::convolution_forward::desc wanted(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, dataOrder, free, biasOrder,
                                                 resultOrder, stride, dilation, padding, padding);
    const dnnl::convolution_forward::primitive_desc chosen(wanted, attributes, cpu());
    memory packed(chosen.weights_desc(), cpu());
    dnnl::stream stream(cpu());
    memory given = wrap(plain, weight);
    dnnl::reorder(given, packed).execute(stream, given, packed);
    stream.wait();
    return {x.sizes().vec(), dnnl::convolution_forward(chosen), dataOrder, resultOrder, packed};
}

const PackedConv::State::Ready& PackedConv::State::readyFor(const at::Tensor& x) {
    for (const Ready& one : ready)
        if (one.sizes == x.sizes()) return one;
    constexpr size_t kMost = 8;  // rectangular validation brings a few sizes; weights are kept for each
    if (ready.size() == kMost) ready.erase(ready.begin());
    return ready.emplace_back(make(x));
}

PackedConv::PackedConv(const Conv2d& window, const at::Tensor& weight, const at::Tensor& bias, std::optional<ActivationKind> activation)
    : m_state(std::make_unique<State>()) {
    m_state->window = window;
    m_state->weight = weight.contiguous();
    m_state->bias = bias.defined() ? bias.contiguous() : bias;
    m_state->attributes = attributesOf(activation, 0);
}

PackedConv::PackedConv(const Conv2d& window, const at::Tensor& weight, bool signedData, int32_t zeroPoint) : m_state(std::make_unique<State>()) {
    m_state->window = window;
    m_state->weight = weight.contiguous();
    m_state->data = signedData ? at::kChar : at::kByte;
    m_state->attributes = attributesOf(std::nullopt, zeroPoint);
    m_state->resultType = memory::data_type::s32;
}

PackedConv::PackedConv(PackedConv&&) noexcept = default;
PackedConv::~PackedConv() = default;

at::Tensor PackedConv::run(const at::Tensor& x) {
    State& state = *m_state;
    require(x.scalar_type() == state.data, ErrorKind::Internal, "a convolution of ", at::toString(state.data), " got ", at::toString(x.scalar_type()));
    require(x.dim() == 4, ErrorKind::BadInput, "expects 4-d data, not ", x.dim(), "-d");
    const at::Tensor data = x.contiguous(at::MemoryFormat::ChannelsLast);
    try {
        const State::Ready& ready = state.readyFor(data);
        at::Tensor y = at::empty(ready.result.dims(), at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
        std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, wrap(ready.data, data)}, {DNNL_ARG_WEIGHTS, ready.weight}, {DNNL_ARG_DST, wrap(ready.result, y)}};
        if (state.bias.defined())
            arguments.emplace(DNNL_ARG_BIAS, wrap(memory::desc({state.bias.numel()}, memory::data_type::f32, memory::format_tag::x), state.bias));
        dnnl::stream stream(cpu());
        ready.primitive.execute(stream, arguments);
        stream.wait();
        return y;
    } catch (const dnnl::error& error) {
        fail(ErrorKind::Internal, "oneDNN: ", error.what());
    }
}

bool PackedConv::integersAreExact() {
    const auto has = static_cast<unsigned>(dnnl::get_effective_cpu_isa());  // a mask: each set holds the bits of those below
    const auto all = [&](dnnl::cpu_isa set) { return (has & static_cast<unsigned>(set)) == static_cast<unsigned>(set); };
    return all(dnnl::cpu_isa::avx512_core_vnni) || all(dnnl::cpu_isa::avx2_vnni);
}

}  // namespace qat
