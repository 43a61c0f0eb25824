// Pieces over the graph verbs.
#include "models/module_builder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "base/error.h"

namespace qat {
namespace {

// A network has fewer weights than this; tables that ask for more are no networks.
constexpr int64_t kMostWeights = int64_t{1} << 30;
constexpr int64_t kMostMapChannels = int64_t{1} << 20;
constexpr double kMostStride = 4096;

TensorPtr share(at::Tensor tensor) {
    return std::make_shared<at::Tensor>(std::move(tensor));
}

}  // namespace

const ModuleBuilder::MapFacts& ModuleBuilder::facts(ValueId map) const {
    const auto found = m_maps.find(map);
    ensure(found != m_maps.end(), "a map that no module made");
    return found->second;
}

const ConvStyle* ModuleBuilder::styleOf(const std::string& name) const {
    if (!m_styles) return nullptr;
    const auto found = m_styles->find(name);
    return found == m_styles->end() ? nullptr : &found->second;
}

void ModuleBuilder::setChannels(ValueId map, int64_t channels, double stride) {
    const bool sound =
        channels >= 1 && channels <= kMostMapChannels && stride >= 1 / kMostStride && stride <= kMostStride;
    require(sound, ErrorKind::BadInput, m_graph.value(map).name, ": a map of ", channels, " channels at stride ",
            stride, " cannot be");
    m_maps[map] = {channels, stride};
}

void ModuleBuilder::requireRoom(const std::string& name) const {
    require(m_graph.order().size() <= kMostNodes, ErrorKind::BadInput, name, ": there are more than ", kMostNodes,
            " layers so far");
}

ValueId ModuleBuilder::weight(const std::string& name, Shape shape) {
    int64_t fanIn = 1;
    for (size_t i = 1; i < shape.size(); ++i) fanIn *= shape[i];
    require(shape[0] > 0 && fanIn > 0 && fanIn <= kMostWeights / shape[0], ErrorKind::BadInput, name, " would have ",
            shape[0], " x ", fanIn, " numbers");
    m_weights += shape[0] * fanIn;
    require(m_weights <= kMostWeights, ErrorKind::BadInput, name, ": up to here there are more than ", kMostWeights,
            " weights");
    if (!m_random) return m_graph.addParameter(name, nullptr, std::move(shape));
    at::Tensor tensor = at::empty(shape);
    const double bound = 1.0 / std::sqrt(static_cast<double>(fanIn));
    const std::span data(tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel()));
    std::ranges::generate(data, [&] { return static_cast<float>(m_random->uniform(-bound, bound)); });
    return m_graph.addParameter(name, share(std::move(tensor)), std::move(shape));
}

ValueId ModuleBuilder::constant(const std::string& name, int64_t length, float value, bool parameter) {
    const TensorPtr tensor = m_random ? share(at::full({length}, value)) : nullptr;
    return parameter ? m_graph.addParameter(name, tensor, {length}) : m_graph.addBuffer(name, tensor, {length});
}

ValueId ModuleBuilder::parameter(const std::string& name, Shape shape, float start) {
    const TensorPtr tensor = m_random ? share(at::full(shape, start)) : nullptr;
    return m_graph.addParameter(name, tensor, std::move(shape));
}

ValueId ModuleBuilder::norm(const std::string& name, ValueId x, const BatchNorm& op) {
    const int64_t length = channels(x);
    const ValueId y = m_graph.add(
        name, op,
        {x, constant(name + ".weight", length, 1, true), constant(name + ".bias", length, 0, true),
         constant(name + ".running_mean", length, 0, false), constant(name + ".running_var", length, 1, false)});
    setChannels(y, length, stride(x));
    return y;
}

ValueId ModuleBuilder::norm(const std::string& name, ValueId x) {
    const ConvStyle* style = styleOf(name.substr(0, name.rfind('.')));  // stored with the module that it is a part of
    return norm(name, x, style ? BatchNorm{style->eps, style->momentum} : BatchNorm{});
}

ValueId ModuleBuilder::activation(const std::string& name, ValueId x) {
    const ConvStyle* style = styleOf(name);
    if (style && style->plain) return x;
    const ValueId y = m_graph.add(name, style && style->activation ? *style->activation : m_activation, {x});
    setChannels(y, channels(x), stride(x));
    return y;
}

ValueId ModuleBuilder::conv(const std::string& name, ValueId x, const ConvSpec& spec) {
    requireRoom(name);
    require(std::min(spec.kernel[0], spec.kernel[1]) >= 1 && spec.stride >= 1 && spec.dilation >= 1 &&
                spec.dilation <= 1024 && (!spec.padding || std::min((*spec.padding)[0], (*spec.padding)[1]) >= 0),
            ErrorKind::BadInput, name, ": kernel, stride and dilation start at 1, padding at 0");
    const Pair reach{spec.dilation * (spec.kernel[0] - 1) + 1, spec.dilation * (spec.kernel[1] - 1) + 1};
    const Conv2d op{{spec.stride, spec.stride},
                    spec.padding.value_or(Pair{reach[0] / 2, reach[1] / 2}),
                    {spec.dilation, spec.dilation},
                    spec.groups};
    require(spec.groups > 0 && channels(x) % spec.groups == 0 && spec.channels % spec.groups == 0, ErrorKind::BadInput,
            name, ": ", spec.groups, " groups do not divide ", channels(x), " and ", spec.channels, " channels");
    const ValueId w =
        weight(name + ".conv.weight", {spec.channels, channels(x) / spec.groups, spec.kernel[0], spec.kernel[1]});
    ValueId y = m_graph.add(name + ".conv", op, {x, w});
    setChannels(y, spec.channels, stride(x) * static_cast<double>(spec.stride));
    const ConvStyle* style = styleOf(name);
    y = norm(name + ".bn", y, style ? BatchNorm{style->eps, style->momentum} : BatchNorm{});
    const bool plain = style && (style->plain || style->activation) ? style->plain : !spec.activation;
    if (plain) return y;
    const ValueId z = m_graph.add(name + ".act", style && style->activation ? *style->activation : m_activation, {y});
    setChannels(z, channels(y), stride(y));
    return z;
}

ValueId ModuleBuilder::bareConv(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel,
                                std::optional<float> biasStart) {
    std::vector<ValueId> inputs{x, weight(name + ".weight", {outChannels, channels(x), kernel, kernel})};
    if (biasStart) inputs.push_back(constant(name + ".bias", outChannels, *biasStart, true));
    const ValueId y = m_graph.add(name, Conv2d{{1, 1}, {kernel / 2, kernel / 2}, {1, 1}, 1}, inputs);
    setChannels(y, outChannels, stride(x));
    return y;
}

ValueId ModuleBuilder::add(const std::string& name, ValueId x, ValueId y) {
    require(channels(x) == channels(y) && stride(x) == stride(y), ErrorKind::BadInput, name, ": a map of ", channels(x),
            " channels at stride ", stride(x), " cannot be added to one of ", channels(y), " at stride ", stride(y));
    const ValueId sum = m_graph.add(name, Binary{BinaryKind::Add}, {x, y});
    setChannels(sum, channels(x), stride(x));
    return sum;
}

ValueId ModuleBuilder::concat(const std::string& name, const std::vector<ValueId>& parts) {
    int64_t sum = 0;
    for (const ValueId part : parts) {
        require(stride(part) == stride(parts.front()), ErrorKind::BadInput, name, ": maps at strides ",
                stride(parts.front()), " and ", stride(part), " cannot be joined");
        sum += channels(part);
    }
    const ValueId all = m_graph.add(name, Concat{1}, parts);
    setChannels(all, sum, stride(parts.front()));
    return all;
}

std::vector<ValueId> ModuleBuilder::split(const std::string& name, ValueId x, const std::vector<int64_t>& sizes) {
    const bool sound = std::ranges::all_of(sizes, [](int64_t size) { return size > 0; }) &&
                       std::accumulate(sizes.begin(), sizes.end(), int64_t{0}) == channels(x);
    require(sound, ErrorKind::BadInput, name, ": ", channels(x), " channels cannot be split so");
    const NodeId node = m_graph.addNode(name, Split{1, sizes}, {x}, static_cast<int>(sizes.size()));
    for (size_t i = 0; i < sizes.size(); ++i) setChannels(m_graph.node(node).outputs[i], sizes[i], stride(x));
    return m_graph.node(node).outputs;
}

ValueId ModuleBuilder::pool(const std::string& name, ValueId x, PoolKind kind, int64_t kernel, int64_t step,
                            int64_t padding) {
    require(kernel >= 1 && step >= 1 && padding >= 0 && 2 * padding <= kernel && kernel <= 1000, ErrorKind::BadInput,
            name, ": a window of ", kernel, " with step ", step, " and padding ", padding, " cannot be");
    const ValueId y = m_graph.add(name, Pool{kind, {kernel, kernel}, {step, step}, {padding, padding}}, {x});
    setChannels(y, channels(x), stride(x) * static_cast<double>(step));
    return y;
}

ValueId ModuleBuilder::resize(const std::string& name, ValueId x, int64_t factor) {
    const ValueId y = m_graph.add(name, Resize{factor}, {x});
    setChannels(y, channels(x), stride(x) / static_cast<double>(factor));
    return y;
}

}  // namespace qat
