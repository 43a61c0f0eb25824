// Of pieces that move numbers, and of the blocks of their successors.
#include "models/older_modules.h"

#include "base/error.h"
#include "models/csp_blocks.h"

namespace qat {
namespace {

// Every second row and column from here on.
ValueId phase(const ModuleCall& c, int64_t row, int64_t column) {
    constexpr int64_t kAll = int64_t{1} << 20;  // beyond any side
    const std::string name = str(c.name, ".phase.", row, column);
    ValueId x = c.x();
    const auto cut = [&](const char* part, int64_t axis, int64_t from) {
        if (from == 0) return;
        const ValueId rest = c.b.graph().add(name + part, Slice{axis, from, kAll}, {x});
        c.b.setChannels(rest, c.b.channels(x), c.b.stride(x));
        x = rest;
    };
    cut(".rows", 2, row);
    cut(".columns", 3, column);
    return c.b.pool(name, x, PoolKind::Max, 1, 2, 0);  // of one place each: it picks
}

}  // namespace

Maps focus(const ModuleCall& c) {
    const Maps phases{phase(c, 0, 0), phase(c, 1, 0), phase(c, 0, 1), phase(c, 1, 1)};
    ConvSpec spec = convSpec(c);
    spec.groups = c.whole(3, 1);
    return {c.b.conv(c.name + ".conv", c.b.concat(c.name + ".cat", phases), spec)};
}

Maps c1(const ModuleCall& c) {
    const ValueId first = c.b.conv(c.name + ".cv1", c.x(), c.channels, 1);
    ValueId y = first;
    for (int64_t j = 0; j < c.repeats; ++j) y = c.b.conv(str(c.name, ".m.", j), y, c.channels, 3);
    return {c.b.add(c.name + ".add", y, first)};
}

// YOLOv5's own bottlenecks begin pointwise.
Maps bottleneckCsp(const ModuleCall& c) {
    const int64_t half = static_cast<int64_t>(static_cast<double>(c.channels) * c.number(2, 0.5));
    const BottleneckSpec spec{.channels = half,
                              .shortcut = c.flag(0, true),
                              .groups = c.whole(1, 1),
                              .first = c.layout.anchors.empty() ? Pair{3, 3} : Pair{1, 1},
                              .ratio = 1};
    ValueId y = c.b.conv(c.name + ".cv1", c.x(), half, 1);
    for (int64_t j = 0; j < c.repeats; ++j) {
        y = bottleneck(c.b, str(c.name, ".m.", j), y, spec);
        nameBottleneck(c.b, c.name, j);
    }
    y = c.b.bareConv(c.name + ".cv3", y, half, 1, std::nullopt);
    const ValueId beside = c.b.bareConv(c.name + ".cv2", c.x(), half, 1, std::nullopt);
    const ValueId all = c.b.norm(c.name + ".bn", c.b.concat(c.name + ".cat", {y, beside}));
    return {c.b.conv(c.name + ".cv4", c.b.activation(c.name + ".act", all), c.channels, 1)};
}

Maps spp(const ModuleCall& c) {
    std::vector<int64_t> kernels = c.wholes(0);
    if (kernels.empty()) kernels = {5, 9, 13};
    Maps parts{c.b.conv(c.name + ".cv1", c.x(), c.b.channels(c.x()) / 2, 1)};
    for (size_t i = 0; i < kernels.size(); ++i)
        parts.push_back(c.b.pool(str(c.name, ".m.", i), parts.front(), PoolKind::Max, kernels[i], 1, kernels[i] / 2));
    return {c.b.conv(c.name + ".cv2", c.b.concat(c.name + ".cat", parts), c.channels, 1)};
}

}  // namespace qat
