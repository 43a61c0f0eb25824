// Detector building blocks over the graph verbs.
#include "models/module_builder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/error.h"

namespace qat {
namespace {

TensorPtr share(at::Tensor tensor) {
    return std::make_shared<at::Tensor>(std::move(tensor));
}

}  // namespace

int64_t ModuleBuilder::channels(ValueId value) const {
    const auto found = m_channels.find(value);
    ensure(found != m_channels.end(), "channels of a value no block made");
    return found->second;
}

void ModuleBuilder::setChannels(ValueId value, int64_t channels) {
    m_channels[value] = channels;
}

ValueId ModuleBuilder::weight(const std::string& name, Shape shape) {
    if (!m_random) return m_graph.addParameter(name, nullptr, std::move(shape));
    at::Tensor tensor = at::empty(shape);
    const double bound = 1.0 / std::sqrt(static_cast<double>(shape[1] * shape[2] * shape[3]));
    const std::span data(tensor.data_ptr<float>(), static_cast<size_t>(tensor.numel()));
    std::ranges::generate(data, [&] { return static_cast<float>(m_random->uniform(-bound, bound)); });
    return m_graph.addParameter(name, share(std::move(tensor)), std::move(shape));
}

ValueId ModuleBuilder::constant(const std::string& name, int64_t length, float value, bool parameter) {
    const TensorPtr tensor = m_random ? share(at::full({length}, value)) : nullptr;
    return parameter ? m_graph.addParameter(name, tensor, {length}) : m_graph.addBuffer(name, tensor, {length});
}

ValueId ModuleBuilder::conv(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel, int64_t stride,
                            int64_t groups, bool activation) {
    const ValueId w = weight(name + ".conv.weight", {outChannels, channels(x) / groups, kernel, kernel});
    const Conv2d op{{stride, stride}, {kernel / 2, kernel / 2}, {1, 1}, groups};
    ValueId y = m_graph.add(name + ".conv", op, {x, w});
    const std::string norm = name + ".bn";
    y = m_graph.add(
        norm, BatchNorm{},
        {y, constant(norm + ".weight", outChannels, 1, true), constant(norm + ".bias", outChannels, 0, true),
         constant(norm + ".running_mean", outChannels, 0, false),
         constant(norm + ".running_var", outChannels, 1, false)});
    if (activation) y = m_graph.add(name + ".act", Activation{ActivationKind::Silu}, {y});
    setChannels(y, outChannels);
    return y;
}

ValueId ModuleBuilder::convWithBias(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel,
                                    float biasStart) {
    const ValueId w = weight(name + ".weight", {outChannels, channels(x), kernel, kernel});
    const ValueId b = constant(name + ".bias", outChannels, biasStart, true);
    const ValueId y = m_graph.add(name, Conv2d{{1, 1}, {kernel / 2, kernel / 2}, {1, 1}, 1}, {x, w, b});
    setChannels(y, outChannels);
    return y;
}

ValueId ModuleBuilder::bottleneck(const std::string& name, ValueId x, int64_t outChannels, bool shortcut) {
    const ValueId inner = conv(name + ".cv1", x, outChannels, 3);
    const ValueId y = conv(name + ".cv2", inner, outChannels, 3);
    if (!shortcut || channels(x) != outChannels) return y;
    const ValueId sum = m_graph.add(name + ".add", Binary{BinaryKind::Add}, {x, y});
    setChannels(sum, outChannels);
    return sum;
}

ValueId ModuleBuilder::c2f(const std::string& name, ValueId x, int64_t outChannels, int64_t repeats, bool shortcut) {
    const int64_t half = outChannels / 2;
    const ValueId wide = conv(name + ".cv1", x, 2 * half, 1);
    const NodeId split = m_graph.addNode(name + ".split", Split{1, {half, half}}, {wide}, 2);
    std::vector<ValueId> parts = m_graph.node(split).outputs;
    for (const ValueId part : parts) setChannels(part, half);
    for (int64_t j = 0; j < repeats; ++j) {
        const std::string inner = str(name, ".m.", j);
        parts.push_back(bottleneck(inner, parts.back(), half, shortcut));
        m_graph.aliases.push_back({inner + ".", str(name, ".bottleneck.", j, ".")});
        m_graph.aliases.push_back({inner + ".", name + ".bottleneck."});
    }
    const ValueId all = m_graph.add(name + ".cat", Concat{1}, parts);
    setChannels(all, (2 + repeats) * half);
    return conv(name + ".cv2", all, outChannels, 1);
}

ValueId ModuleBuilder::sppf(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel) {
    const int64_t half = channels(x) / 2;
    std::vector<ValueId> parts{conv(name + ".cv1", x, half, 1)};
    const Pool pool{PoolKind::Max, {kernel, kernel}, {1, 1}, {kernel / 2, kernel / 2}};
    for (int i = 0; i < 3; ++i)
        parts.push_back(m_graph.add(str(name, ".m", i == 0 ? "" : str("#", i + 1)), pool, {parts.back()}));
    const ValueId all = m_graph.add(name + ".cat", Concat{1}, parts);
    setChannels(all, 4 * half);
    return conv(name + ".cv2", all, outChannels, 1);
}

}  // namespace qat
