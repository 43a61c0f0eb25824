#include "models/csp_blocks.h"

#include "base/error.h"

namespace qat {

ValueId bottleneck(ModuleBuilder& b, const std::string& name, ValueId x, const BottleneckSpec& spec) {
    const auto inside = static_cast<int64_t>(static_cast<double>(spec.channels) * spec.ratio);
    const ValueId inner =
        spec.repConv ? repConv(b, name + ".cv1", x, inside) : b.conv(name + ".cv1", x, ConvSpec{inside, spec.first});
    const ValueId y = b.conv(name + ".cv2", inner, ConvSpec{spec.channels, spec.second, 1, {}, spec.groups});
    return spec.shortcut && b.channels(x) == spec.channels ? b.add(name + ".add", x, y) : y;
}

void nameBottleneck(ModuleBuilder& b, const std::string& name, int64_t index) {
    const std::string inner = str(name, ".m.", index);
    b.graph().aliases.push_back({inner + ".", str(name, ".bottleneck.", index, ".")});
    b.graph().aliases.push_back({inner + ".", name + ".bottleneck."});
}

ValueId c2fFlow(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t half, int64_t repeats,
                const InnerBlock& inner) {
    const ValueId wide = b.conv(name + ".cv1", x, 2 * half, 1);
    std::vector<ValueId> parts = b.split(name + ".split", wide, {half, half});
    for (int64_t j = 0; j < repeats; ++j) {
        parts.push_back(inner(str(name, ".m.", j), parts.back()));
        nameBottleneck(b, name, j);
    }
    return b.conv(name + ".cv2", b.concat(name + ".cat", parts), channels, 1);
}

ValueId c3Flow(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t half, int64_t repeats,
               const InnerBlock& inner) {
    ValueId y = b.conv(name + ".cv1", x, half, 1);
    const ValueId beside = b.conv(name + ".cv2", x, half, 1);
    for (int64_t j = 0; j < repeats; ++j) {
        y = inner(str(name, ".m.", j), y);
        nameBottleneck(b, name, j);
    }
    return b.conv(name + ".cv3", b.concat(name + ".cat", {y, beside}), channels, 1);
}

ValueId ghostConv(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t kernel,
                  int64_t stride, bool activation) {
    const int64_t half = channels / 2;
    const ValueId y = b.conv(name + ".cv1", x, half, kernel, stride, 1, activation);
    return b.concat(name + ".cat", {y, b.conv(name + ".cv2", y, half, 5, 1, half, activation)});
}

ValueId ghostBottleneck(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t kernel,
                        int64_t stride) {
    const auto depthwise = [&](const std::string& at, ValueId y) {
        return b.conv(at, y, b.channels(y), kernel, stride, b.channels(y), false);
    };
    ValueId y = ghostConv(b, name + ".conv.0", x, channels / 2, 1, 1);
    if (stride == 2) y = depthwise(name + ".conv.1", y);
    y = ghostConv(b, name + ".conv.2", y, channels, 1, 1, false);
    ValueId beside = x;
    if (stride == 2)
        beside = b.conv(name + ".shortcut.1", depthwise(name + ".shortcut.0", x), channels, 1, 1, 1, false);
    return b.add(name + ".add", y, beside);
}

ValueId repConv(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t groups) {
    const ValueId wide = b.conv(name + ".conv1", x, channels, 3, 1, groups, false);
    const ValueId narrow = b.conv(name + ".conv2", x, channels, 1, 1, groups, false);
    return b.activation(name + ".act", b.add(name + ".add", wide, narrow));
}

ValueId repDepthwise(ModuleBuilder& b, const std::string& name, ValueId x) {
    const int64_t channels = b.channels(x);
    const ValueId wide = b.conv(name + ".conv", x, channels, 7, 1, channels, false);
    const ValueId narrow = b.conv(name + ".conv1", x, channels, 3, 1, channels, false);
    return b.activation(name + ".act", b.add(name + ".add", wide, narrow));
}

ValueId cib(ModuleBuilder& b, const std::string& name, ValueId x, bool shortcut, bool largeKernel) {
    const int64_t channels = b.channels(x), wide = 2 * channels;  // its ratio is 1 wherever it stands
    ValueId y = b.conv(name + ".cv1.0", x, channels, 3, 1, channels);
    y = b.conv(name + ".cv1.1", y, wide, 1);
    y = largeKernel ? repDepthwise(b, name + ".cv1.2", y) : b.conv(name + ".cv1.2", y, wide, 3, 1, wide);
    y = b.conv(name + ".cv1.3", y, channels, 1);
    y = b.conv(name + ".cv1.4", y, channels, 3, 1, channels);
    return shortcut ? b.add(name + ".add", x, y) : y;
}

}  // namespace qat
