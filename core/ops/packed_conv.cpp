// One oneDNN primitive per size of the data; the weights it wants may differ from size to size, so each keeps its own.
#include "ops/packed_conv.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ops/activation.h"
#include "ops/onednn.h"

namespace qat {
namespace {

using dnnl::memory;
using onednn::wrap;

// The algorithms that rows of activations name.
constexpr std::array<std::pair<std::string_view, dnnl::algorithm>, 3> kAlgorithms{
    {{"eltwise_relu", dnnl::algorithm::eltwise_relu},
     {"eltwise_swish", dnnl::algorithm::eltwise_swish},
     {"eltwise_clip", dnnl::algorithm::eltwise_clip}}};

std::optional<dnnl::algorithm> algorithmOf(const Activation& activation) {
    const std::string_view name = traitsOf(activation.kind).oneDnn.algorithm;
    const auto found = std::ranges::find(kAlgorithms, name, &decltype(kAlgorithms)::value_type::first);
    return found == kAlgorithms.end() ? std::nullopt : std::optional(found->second);
}

dnnl::primitive_attr attributesOf(const std::optional<Activation>& activation, int32_t zeroPoint) {
    dnnl::primitive_attr attributes;
    if (zeroPoint != 0) onednn::setZeroPoint(attributes, zeroPoint);
    if (!activation) return attributes;
    const auto algorithm = algorithmOf(*activation);
    require(algorithm.has_value(), ErrorKind::Internal, "a convolution cannot apply this activation");
    const ActivationTraits& traits = traitsOf(activation->kind);
    dnnl::post_ops after;
    onednn::appendFunction(after, *algorithm,
                           traits.hasSlope ? static_cast<float>(activation->slope) : traits.oneDnn.alpha,
                           traits.oneDnn.beta);
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

std::vector<int64_t> resultSizes(const Conv2d& window, at::IntArrayRef weight, at::IntArrayRef data) {
    require(data.size() == 4, ErrorKind::BadInput, "expects 4-d data, not ", data.size(), "-d");
    require(data[0] > 0, ErrorKind::BadInput, "expects at least one image");
    require(data[1] == weight[1] * window.groups, ErrorKind::BadInput, "expects ", weight[1] * window.groups,
            " channels, not ", data[1]);
    const Pair size = outputSize(window, {weight[2], weight[3]}, {data[2], data[3]});
    require(size[0] > 0 && size[1] > 0, ErrorKind::BadInput, "the window does not fit into data of ", data[2], " x ",
            data[3]);
    return {data[0], weight[0], size[0], size[1]};
}

struct PackedConv::State {
    // A primitive for one size of the data.
    struct Ready {
        std::vector<int64_t> sizes;
        onednn::Made<dnnl::convolution_forward> kernel;
        std::vector<int64_t> resultSizes;
        memory::desc data, result;
        memory weight;
    };

    Conv2d window;
    at::Tensor weight, bias;
    at::ScalarType data = at::kFloat;
    int32_t zeroPoint = 0;
    dnnl::primitive_attr attributes;
    memory::data_type resultType = memory::data_type::f32;
    std::vector<Ready> ready;

    const Ready& readyFor(const at::Tensor& x);
    Ready make(const at::Tensor& x) const;
    template <class What>
    onednn::Made<dnnl::convolution_forward> made(const What& what) const;
};

// Whole numbers are added exactly, so that any kernel will do.
template <class What>
onednn::Made<dnnl::convolution_forward> PackedConv::State::made(const What& what) const {
    if (data == at::kFloat) return onednn::makeFixed<dnnl::convolution_forward>(what, attributes);
    const auto chosen = onednn::describe<dnnl::convolution_forward>(onednn::cpu(), what, attributes);
    return {chosen, dnnl::convolution_forward(chosen)};
}

PackedConv::State::Ready PackedConv::State::make(const at::Tensor& x) const {
    const memory::desc dataOrder = onednn::dataOrder(x.sizes(), onednn::typeOf(data));
    const std::vector<int64_t> sizes = resultSizes(window, weight.sizes(), x.sizes());
    const memory::desc resultOrder = onednn::dataOrder(sizes, resultType);
    const memory::desc plain = onednn::weightOrder(weight, window.groups);
    const memory::desc free = onednn::anyWeightOrder(weight, window.groups);
    const memory::desc biasOrder = bias.defined() ? onednn::vectorOrder(bias.numel()) : memory::desc();
    const onednn::Window w(window);
    const auto chosen =
        made(std::tuple(dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, dataOrder, free,
                        biasOrder, resultOrder, w.stride, w.dilation, w.padding, w.padding));
    memory packed(chosen.description.weights_desc(), onednn::cpu());
    memory given = wrap(plain, weight);
    onednn::execute(dnnl::reorder(given, packed), {{DNNL_ARG_FROM, given}, {DNNL_ARG_TO, packed}});
    return {x.sizes().vec(), chosen, sizes, dataOrder, resultOrder, packed};
}

const PackedConv::State::Ready& PackedConv::State::readyFor(const at::Tensor& x) {
    for (const Ready& one : ready)
        if (one.sizes == x.sizes()) return one;
    constexpr size_t kMost = 8;  // rectangular validation brings a few sizes; weights are kept for each
    if (ready.size() == kMost) ready.erase(ready.begin());
    return ready.emplace_back(make(x));
}

PackedConv::PackedConv(const Conv2d& window, const at::Tensor& weight, const at::Tensor& bias,
                       std::optional<Activation> activation)
    : m_state(std::make_unique<State>()) {
    m_state->window = window;
    m_state->weight = weight.contiguous();
    m_state->bias = bias.defined() ? bias.contiguous() : bias;
    m_state->attributes = attributesOf(activation, 0);
}

PackedConv::PackedConv(const Conv2d& window, const at::Tensor& weight, bool signedData, int32_t zeroPoint)
    : m_state(std::make_unique<State>()) {
    m_state->window = window;
    m_state->weight = weight.contiguous();
    m_state->data = signedData ? at::kChar : at::kByte;
    m_state->zeroPoint = zeroPoint;
    m_state->attributes = attributesOf(std::nullopt, zeroPoint);
    m_state->resultType = memory::data_type::s32;
}

bool PackedConv::canApply(const Activation& activation) {
    return algorithmOf(activation).has_value();
}

PackedConv::PackedConv(PackedConv&&) noexcept = default;
PackedConv::~PackedConv() = default;

at::Tensor PackedConv::run(const at::Tensor& x) {
    State& state = *m_state;
    require(x.scalar_type() == state.data, ErrorKind::Internal, "a convolution of ", at::toString(state.data), " got ",
            at::toString(x.scalar_type()));
    require(x.dim() == 4, ErrorKind::BadInput, "expects 4-d data, not ", x.dim(), "-d");
    const at::Tensor data = x.contiguous(at::MemoryFormat::ChannelsLast);
    return onednn::guarded([&] {
        const State::Ready& ready = state.readyFor(data);
        at::Tensor y =
            at::empty(ready.resultSizes, at::TensorOptions(at::kFloat).memory_format(at::MemoryFormat::ChannelsLast));
        onednn::Arguments arguments{{DNNL_ARG_SRC, wrap(ready.data, data)},
                                    {DNNL_ARG_WEIGHTS, ready.weight},
                                    {DNNL_ARG_DST, wrap(ready.result, y)}};
        if (state.bias.defined())
            arguments.emplace(DNNL_ARG_BIAS, wrap(onednn::vectorOrder(state.bias.numel()), state.bias));
        if (state.zeroPoint != 0) onednn::passZeroPoint(arguments, onednn::cpu(), state.zeroPoint);
        ready.kernel.execute(arguments);
        return y;
    });
}

bool PackedConv::integersAreExact() {
    const auto has =
        static_cast<unsigned>(dnnl::get_effective_cpu_isa());  // a mask: each set holds the bits of those below
    const auto all = [&](dnnl::cpu_isa set) {
        return (has & static_cast<unsigned>(set)) == static_cast<unsigned>(set);
    };
    return all(dnnl::cpu_isa::avx512_core_vnni) || all(dnnl::cpu_isa::avx2_vnni);
}

}  // namespace qat
