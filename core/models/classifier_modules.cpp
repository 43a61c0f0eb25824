// Arguments are counted from the one after the channels. Weights start uniform within sqrt(6 / fan in), which keeps the
// spread of numbers from layer to layer behind a ReLU (He et al. 2015).
#include "models/classifier_modules.h"

#include <ATen/ATen.h>

#include <array>
#include <cmath>

#include "base/error.h"

namespace qat {
namespace {

constexpr BatchNorm kTorchNorm{1e-5, 0.1};

// Stretches a weight that starts uniform within 1 / sqrt(fan in).
ValueId stretched(ModuleBuilder& b, ValueId weight, double factor) {
    if (const TensorPtr& data = b.graph().value(weight).data) data->mul_(factor);
    return weight;
}

int64_t fanInOf(const Shape& shape) {
    int64_t fanIn = 1;
    for (size_t i = 1; i < shape.size(); ++i) fanIn *= shape[i];
    return fanIn;
}

struct PlainConv {
    int64_t channels = 0, kernel = 1, stride = 1, padding = 0, groups = 1;
    bool bias = false, wide = false;  // wide: weights start uniform within 1
};

ValueId plainConv(ModuleBuilder& b, const std::string& name, ValueId x, const PlainConv& spec) {
    const Shape shape{spec.channels, b.channels(x) / spec.groups, spec.kernel, spec.kernel};
    const ValueId weight = b.weight(name + ".weight", shape);
    const double bound = spec.wide ? 1 : std::sqrt(6.0 / static_cast<double>(fanInOf(shape)));
    stretched(b, weight, bound * std::sqrt(static_cast<double>(fanInOf(shape))));
    std::vector<ValueId> inputs{x, weight};
    if (spec.bias) inputs.push_back(b.parameter(name + ".bias", {spec.channels}, 0));
    const Conv2d op{{spec.stride, spec.stride}, {spec.padding, spec.padding}, {1, 1}, spec.groups};
    const ValueId y = b.graph().add(name, op, inputs);
    b.setChannels(y, spec.channels, b.stride(x) * static_cast<double>(spec.stride));
    return y;
}

ValueId activated(ModuleBuilder& b, const std::string& name, ValueId x, ActivationKind kind) {
    const ValueId y = b.graph().add(name, Activation{kind}, {x});
    b.setChannels(y, b.channels(x), b.stride(x));
    return y;
}

// Single layers.

ValueId arithmetic(const ModuleCall& c, const char* part, BinaryKind kind, ValueId x, const std::vector<double>& list) {
    Graph& graph = c.b.graph();
    const std::string name = str(c.name, ".", part);
    const ValueId numbers = graph.addConstant(name + ".numbers", {list.begin(), list.end()});
    const ValueId column = graph.add(name + ".column", Reshape{{1, -1, 1, 1}}, {numbers});
    const ValueId y = graph.add(name, Binary{kind}, {x, column});
    c.b.setChannels(y, c.b.channels(x), c.b.stride(x));
    return y;
}

Maps normalize(const ModuleCall& c) {
    const auto listAt = [&](size_t index) {
        const std::vector<double> none;
        const auto& list = index < c.args.size() ? c.args[index].list : none;
        require(static_cast<int64_t>(list.size()) == c.b.channels(c.x()), ErrorKind::BadInput, c.name,
                ": it takes two lists, means and deviations, a number for each of ", c.b.channels(c.x()), " channels");
        return list;
    };
    const std::vector<double> means = listAt(0), deviations = listAt(1);
    for (const double deviation : deviations)
        require(deviation > 0, ErrorKind::BadInput, c.name, ": a deviation is ", deviation, ", expected above 0");
    const ValueId centred = arithmetic(c, "mean", BinaryKind::Sub, c.x(), means);
    return {arithmetic(c, "deviation", BinaryKind::Div, centred, deviations)};
}

Maps conv2d(const ModuleCall& c) {
    const ConvSpec spec = convSpec(c);
    return {plainConv(c.b, c.name, c.x(),
                      {c.channels, spec.kernel[0], spec.stride, c.whole(2, 0), 1, c.flag(3, true), c.flag(4, false)})};
}

Maps batchNorm2d(const ModuleCall& c) {
    return {c.b.norm(c.name, c.x(), {c.number(0, kTorchNorm.eps), c.number(1, kTorchNorm.momentum)})};
}

Maps relu(const ModuleCall& c) {
    return {activated(c.b, c.name, c.x(), ActivationKind::Relu)};
}

Maps hardtanh(const ModuleCall& c) {
    return {activated(c.b, c.name, c.x(), ActivationKind::HardTanh)};
}

// One number a channel, whatever the size of the map.
ValueId averaged(ModuleBuilder& b, const std::string& name, ValueId x) {
    const ValueId y = b.graph().add(name, Reduce{ReduceKind::Mean, {2, 3}, true}, {x});
    b.setChannels(y, b.channels(x));
    return y;
}

Maps averagePool(const ModuleCall& c) {
    return {averaged(c.b, c.name, c.x())};
}

// All numbers of a map as channels of one place. Its places make as many numbers of each channel.
Maps flatten(const ModuleCall& c) {
    const ValueId y = c.b.graph().add(c.name, Reshape{{0, -1, 1, 1}}, {c.x()});
    c.b.setChannels(y, c.b.channels(c.x()) * c.whole(0, 1));
    return {y};
}

// A convolution of one place.
Maps linear(const ModuleCall& c) {
    return {c.b.convWithBias(c.name, c.x(), c.channels, 1, 0)};
}

// One mean and one variance of all numbers of a batch.
Maps tensorNorm(const ModuleCall& c) {
    const int64_t numbers = c.b.channels(c.x());
    const ValueId column = c.b.graph().add(c.name + ".column", Reshape{{0, 1, -1, 1}}, {c.x()});
    c.b.setChannels(column, 1);
    const ValueId normed = c.b.norm(c.name, column, {c.number(0, kTorchNorm.eps), kTorchNorm.momentum});
    const ValueId y = c.b.graph().add(c.name + ".row", Reshape{{0, -1, 1, 1}}, {normed});
    c.b.setChannels(y, numbers);
    return {y};
}

// Blocks of several layers.

struct Convolved {
    const char *conv, *norm;
};

ValueId convNorm(const ModuleCall& c, const std::string& block, const Convolved& names, ValueId x,
                 const PlainConv& spec) {
    return c.b.norm(str(block, ".", names.norm), plainConv(c.b, str(block, ".", names.conv), x, spec), kTorchNorm);
}

ValueId convNormRelu(const ModuleCall& c, const std::string& block, ValueId x, const PlainConv& spec) {
    return activated(c.b, block + ".activ", convNorm(c, block, {"conv", "bn"}, x, spec), ActivationKind::Relu);
}

Maps convBlock(const ModuleCall& c) {
    const int64_t kernel = convSpec(c).kernel[0];
    return {convNormRelu(c, c.name, c.x(), {c.channels, kernel, c.whole(1, 1), kernel / 2})};
}

// A filter for each channel, then a mixture of them.
Maps separableBlock(const ModuleCall& c) {
    const int64_t in = c.b.channels(c.x());
    const ValueId filtered = convNormRelu(c, c.name + ".dw_conv", c.x(), {in, 3, c.whole(0, 1), 1, in});
    return {convNormRelu(c, c.name + ".pw_conv", filtered, {c.channels})};
}

using Shortcut = ValueId (*)(const ModuleCall& c, const std::string& block, ValueId x, int64_t out, int64_t stride);

// Every second place, and channels of zeros around those that are there.
ValueId paddedShortcut(const ModuleCall& c, const std::string& block, ValueId x, int64_t out, int64_t stride) {
    const int64_t missing = out - c.b.channels(x);
    require(missing >= 0, ErrorKind::BadInput, c.name, ": it makes fewer channels than it reads");
    if (stride > 1) x = c.b.pool(block + ".shortcut", x, PoolKind::Max, 1, stride, 0);
    if (missing == 0) return x;
    const ValueId y =
        c.b.graph().add(block + ".pad", Pad{{0, missing / 2, 0, 0}, {0, missing - missing / 2, 0, 0}, 0}, {x});
    c.b.setChannels(y, out, c.b.stride(x));
    return y;
}

ValueId projectedShortcut(const ModuleCall& c, const std::string& block, ValueId x, int64_t out, int64_t stride) {
    if (stride == 1 && c.b.channels(x) == out) return x;
    return convNorm(c, block + ".downsample", {"0", "1"}, x, {out, 1, stride});
}

ValueId basicBlock(const ModuleCall& c, const std::string& block, ValueId x, int64_t stride, Shortcut shortcut) {
    const ValueId first =
        activated(c.b, block + ".relu1", convNorm(c, block, {"conv1", "bn1"}, x, {c.channels, 3, stride, 1}),
                  ActivationKind::Relu);
    const ValueId second = convNorm(c, block, {"conv2", "bn2"}, first, {c.channels, 3, 1, 1});
    const ValueId sum = c.b.add(block + ".add", second, shortcut(c, block, x, c.channels, stride));
    return activated(c.b, block + ".relu2", sum, ActivationKind::Relu);
}

// It narrows to a quarter of what it makes.
ValueId bottleneckBlock(const ModuleCall& c, const std::string& block, ValueId x, int64_t stride) {
    const int64_t out = 4 * c.channels;
    const ValueId narrow =
        activated(c.b, block + ".relu1", convNorm(c, block, {"conv1", "bn1"}, x, {c.channels}), ActivationKind::Relu);
    const ValueId inner =
        activated(c.b, block + ".relu2", convNorm(c, block, {"conv2", "bn2"}, narrow, {c.channels, 3, stride, 1}),
                  ActivationKind::Relu);
    const ValueId wide = convNorm(c, block, {"conv3", "bn3"}, inner, {out});
    const ValueId sum = c.b.add(block + ".add", wide, projectedShortcut(c, block, x, out, stride));
    return activated(c.b, block + ".relu3", sum, ActivationKind::Relu);
}

// The first block takes the stride.
template <class Block>
Maps stage(const ModuleCall& c, Block block) {
    ValueId x = c.x();
    const int64_t stride = c.whole(0, 1);
    require(stride >= 1 && stride <= 64, ErrorKind::BadInput, c.name, ": a stride of ", stride, " cannot be");
    for (int64_t i = 0; i < c.repeats; ++i) x = block(str(c.name, ".", i), x, i == 0 ? stride : 1);
    return {x};
}

Maps paddedStage(const ModuleCall& c) {
    return stage(c, [&](const std::string& name, ValueId x, int64_t stride) {
        return basicBlock(c, name, x, stride, paddedShortcut);
    });
}

Maps basicStage(const ModuleCall& c) {
    return stage(c, [&](const std::string& name, ValueId x, int64_t stride) {
        return basicBlock(c, name, x, stride, projectedShortcut);
    });
}

Maps bottleneckStage(const ModuleCall& c) {
    return stage(
        c, [&](const std::string& name, ValueId x, int64_t stride) { return bottleneckBlock(c, name, x, stride); });
}

// Ends of tables.

// A row of numbers a picture.
ValueId flattened(ModuleBuilder& b, const std::string& name, ValueId x) {
    return b.graph().add(name, Reshape{{0, -1}}, {x});
}

Maps logits(const ModuleCall& c) {
    require(c.b.channels(c.x()) == c.layout.classes, ErrorKind::BadInput, c.name, ": it reads ", c.b.channels(c.x()),
            " numbers of a picture, expected one for each of ", c.layout.classes, " classes");
    return {flattened(c.b, c.name, c.x())};
}

Maps classify(const ModuleCall& c) {
    constexpr int64_t kInside = 1280;
    const ValueId pooled = averaged(c.b, c.name + ".pool", c.b.conv(c.name + ".conv", c.x(), kInside, 1));
    const ValueId scores = c.b.convWithBias(c.name + ".linear", pooled, c.layout.classes, 1, 0);
    return {flattened(c.b, c.name + ".flatten", scores)};
}

using enum ModuleKind;
constexpr std::array kClassifierModules{
    ModuleRow{"Normalize", Plain, normalize},
    ModuleRow{"Conv2d", Layer, conv2d},
    ModuleRow{"BatchNorm2d", Plain, batchNorm2d},
    ModuleRow{"ReLU", Plain, relu},
    ModuleRow{"Hardtanh", Plain, hardtanh},
    ModuleRow{"AdaptiveAvgPool2d", Plain, averagePool},
    ModuleRow{"Flatten", Plain, flatten},
    ModuleRow{"Linear", Layer, linear},
    ModuleRow{"TensorNorm", Plain, tensorNorm},
    ModuleRow{"ConvBlock", Layer, convBlock},
    ModuleRow{"SeparableBlock", Layer, separableBlock},
    ModuleRow{"PaddedStage", Repeats, paddedStage},
    ModuleRow{"BasicStage", Repeats, basicStage},
    ModuleRow{"BottleneckStage", Repeats, bottleneckStage},
    ModuleRow{"Logits", Head, logits},
    ModuleRow{"Classify", Head, classify},
};

}  // namespace

std::span<const ModuleRow> classifierModules() {
    return kClassifierModules;
}

}  // namespace qat
