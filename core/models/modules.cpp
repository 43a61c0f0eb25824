// The table, and the modules that take a few lines. Arguments are counted from the one after the channels.
#include "models/modules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "models/attention_blocks.h"
#include "models/classifier_modules.h"
#include "models/csp_blocks.h"
#include "models/older_modules.h"
#include "models/plain_modules.h"
#include "models/quant_modules.h"
#include "models/transformer_blocks.h"

namespace qat {
namespace {

int64_t share(int64_t channels, double ratio) {
    return static_cast<int64_t>(static_cast<double>(channels) * ratio);
}

// Convolutions.

Maps conv(const ModuleCall& c) {
    ConvSpec spec = convSpec(c);
    spec.groups = c.whole(3, 1), spec.dilation = c.whole(4, 1), spec.activation = c.flag(5, true);
    return {c.b.conv(c.name, c.x(), spec)};
}

Maps depthwiseConv(const ModuleCall& c) {
    ConvSpec spec = convSpec(c);
    spec.groups = std::gcd(c.b.channels(c.x()), c.channels), spec.padding.reset();
    return {c.b.conv(c.name, c.x(), spec)};
}

Maps convTranspose(const ModuleCall& c) {
    const int64_t kernel = c.whole(0, 2), stride = c.whole(1, 2), padding = c.whole(2, 0);
    const ValueId weight =
        c.b.weight(c.name + ".conv_transpose.weight", {c.b.channels(c.x()), c.channels, kernel, kernel});
    const ValueId y = c.b.graph().add(c.name + ".conv_transpose", ConvTranspose2d{{stride, stride}, {padding, padding}},
                                      {c.x(), weight});
    c.b.setChannels(y, c.channels, c.b.stride(c.x()) / static_cast<double>(stride));
    return {c.b.activation(c.name + ".act", c.b.norm(c.name + ".bn", y))};
}

Maps ghost(const ModuleCall& c) {
    return {ghostConv(c.b, c.name, c.x(), c.channels, c.whole(0, 1), c.whole(1, 1))};
}

Maps ghostBlock(const ModuleCall& c) {
    return {ghostBottleneck(c.b, c.name, c.x(), c.channels, c.whole(0, 3), c.whole(1, 1))};
}

Maps rep(const ModuleCall& c) {
    return {repConv(c.b, c.name, c.x(), c.channels, c.whole(3, 1))};
}

Maps scDown(const ModuleCall& c) {
    const ValueId inner = c.b.conv(c.name + ".cv1", c.x(), c.channels, 1);
    return {c.b.conv(c.name + ".cv2", inner, c.channels, c.whole(0, 3), c.whole(1, 2), c.channels, false)};
}

Maps aConv(const ModuleCall& c) {
    const ValueId mean = c.b.pool(c.name + ".pool", c.x(), PoolKind::Average, 2, 1, 0);
    return {c.b.conv(c.name + ".cv1", mean, c.channels, 3, 2)};
}

Maps aDown(const ModuleCall& c) {
    const ValueId mean = c.b.pool(c.name + ".pool", c.x(), PoolKind::Average, 2, 1, 0);
    const int64_t in = c.b.channels(mean), half = c.channels / 2;
    const Maps parts = c.b.split(c.name + ".split", mean, {in / 2, in - in / 2});
    const ValueId first = c.b.conv(c.name + ".cv1", parts[0], half, 3, 2);
    const ValueId largest = c.b.pool(c.name + ".max", parts[1], PoolKind::Max, 3, 2, 1);
    return {c.b.concat(c.name + ".cat", {first, c.b.conv(c.name + ".cv2", largest, half, 1)})};
}

// Blocks.

Maps bottleneckRow(const ModuleCall& c) {
    c.b.graph().aliases.push_back({c.name + ".", c.name + ".bottleneck."});
    return {bottleneck(
        c.b, c.name, c.x(),
        {.channels = c.channels, .shortcut = c.flag(0, true), .groups = c.whole(1, 1), .ratio = c.number(3, 0.5)})};
}

Maps c2f(const ModuleCall& c) {
    const int64_t half = share(c.channels, c.number(2, 0.5));
    return {c2fFlow(c.b, c.name, c.x(), c.channels, half, c.repeats, [&](const std::string& name, ValueId x) {
        return bottleneck(c.b, name, x,
                          {.channels = half, .shortcut = c.flag(0, false), .groups = c.whole(1, 1), .ratio = 1});
    })};
}

// Like C2f, but only what the last bottleneck makes goes on.
Maps c2(const ModuleCall& c) {
    const int64_t half = share(c.channels, c.number(2, 0.5));
    const Maps parts = c.b.split(c.name + ".split", c.b.conv(c.name + ".cv1", c.x(), 2 * half, 1), {half, half});
    ValueId y = parts[0];
    for (int64_t j = 0; j < c.repeats; ++j) {
        const BottleneckSpec spec{.channels = half, .shortcut = c.flag(0, true), .groups = c.whole(1, 1), .ratio = 1};
        y = bottleneck(c.b, str(c.name, ".m.", j), y, spec);
        nameBottleneck(c.b, c.name, j);
    }
    return {c.b.conv(c.name + ".cv2", c.b.concat(c.name + ".cat", {y, parts[1]}), c.channels, 1)};
}

// C3 with bottlenecks of these kernels.
ValueId c3With(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t half, int64_t repeats,
               const BottleneckSpec& kind) {
    return c3Flow(b, name, x, channels, half, repeats, [&](const std::string& inner, ValueId y) {
        BottleneckSpec spec = kind;
        spec.channels = half, spec.ratio = 1;
        return bottleneck(b, inner, y, spec);
    });
}

Maps c3Transformer(const ModuleCall& c) {
    const int64_t half = share(c.channels, c.number(2, 0.5));
    const ValueId inner = c.b.conv(c.name + ".cv1", c.x(), half, 1);
    const ValueId beside = c.b.conv(c.name + ".cv2", c.x(), half, 1);
    const ValueId seen = transformerBlock(c.b, c.name + ".m", inner, half, 4, c.repeats);
    return {c.b.conv(c.name + ".cv3", c.b.concat(c.name + ".cat", {seen, beside}), c.channels, 1)};
}

Maps c3Kind(const ModuleCall& c, Pair first, Pair second) {
    const BottleneckSpec kind{.shortcut = c.flag(0, true), .groups = c.whole(1, 1), .first = first, .second = second};
    return {c3With(c.b, c.name, c.x(), c.channels, share(c.channels, c.number(2, 0.5)), c.repeats, kind)};
}
Maps c3(const ModuleCall& c) {
    return c3Kind(c, {1, 1}, {3, 3});
}
Maps c3x(const ModuleCall& c) {
    return c3Kind(c, {1, 3}, {3, 1});
}

Maps c3Ghost(const ModuleCall& c) {
    const int64_t half = share(c.channels, c.number(2, 0.5));
    return {c3Flow(c.b, c.name, c.x(), c.channels, half, c.repeats,
                   [&](const std::string& name, ValueId x) { return ghostBottleneck(c.b, name, x, half, 3, 1); })};
}

ValueId c3k(ModuleBuilder& b, const std::string& name, ValueId x, bool shortcut, int64_t groups) {
    const int64_t channels = b.channels(x);
    return c3With(b, name, x, channels, channels / 2, 2, {.shortcut = shortcut, .groups = groups});
}

// From scale m on its blocks are C3k. Ultralytics looks the scale's letter up in "mlx", which the empty one is in, too.
bool isLargeScale(const Layout& layout) {
    return std::string_view("mlx").find(layout.scale.name) != std::string_view::npos;
}

Maps c3k2(const ModuleCall& c) {
    const bool deep = c.flag(0, false) || isLargeScale(c.layout), attends = c.flag(2, false);
    const int64_t half = share(c.channels, c.number(1, 0.5)), groups = c.whole(3, 1);
    const bool shortcut = c.flag(4, true);
    return {c2fFlow(c.b, c.name, c.x(), c.channels, half, c.repeats, [&](const std::string& name, ValueId x) {
        if (!attends && deep) return c3k(c.b, name, x, shortcut, groups);
        const BottleneckSpec spec{.channels = half, .shortcut = shortcut, .groups = groups};
        if (!attends) return bottleneck(c.b, name, x, spec);
        return psaBlock(c.b, name + ".1", bottleneck(c.b, name + ".0", x, spec), std::max<int64_t>(half / 64, 1));
    })};
}

Maps c2fCib(const ModuleCall& c) {
    const int64_t half = share(c.channels, c.number(3, 0.5));
    return {c2fFlow(c.b, c.name, c.x(), c.channels, half, c.repeats, [&](const std::string& name, ValueId x) {
        return cib(c.b, name, x, c.flag(0, false), c.flag(1, false));
    })};
}

int64_t psaHeads(int64_t channels) {
    return std::max<int64_t>(channels / 64, 1);
}

Maps c2fPsa(const ModuleCall& c) {
    const int64_t half = share(c.channels, c.number(2, 0.5));
    return {c2fFlow(c.b, c.name, c.x(), c.channels, half, c.repeats,
                    [&](const std::string& name, ValueId x) { return psaBlock(c.b, name, x, psaHeads(half)); })};
}

// cv2(cat(a, inner(b))) of the halves of cv1 x.
Maps halfThrough(const ModuleCall& c, double ratio, const InnerBlock& inner) {
    const int64_t in = c.b.channels(c.x()), half = share(in, ratio);
    require(in == c.channels, ErrorKind::BadInput, c.name, ": it keeps the number of channels, but gets ", in,
            " and is to make ", c.channels);
    const Maps parts = c.b.split(c.name + ".split", c.b.conv(c.name + ".cv1", c.x(), 2 * half, 1), {half, half});
    return {c.b.conv(c.name + ".cv2", c.b.concat(c.name + ".cat", {parts[0], inner(c.name, parts[1])}), in, 1)};
}

Maps psa(const ModuleCall& c) {
    return halfThrough(c, c.number(0, 0.5), [&](const std::string& name, ValueId x) {
        return psaBlock(c.b, name, x, psaHeads(c.b.channels(x)));
    });
}

Maps c2Psa(const ModuleCall& c) {
    return halfThrough(c, c.number(0, 0.5), [&](const std::string& name, ValueId x) {
        for (int64_t j = 0; j < c.repeats; ++j) x = psaBlock(c.b, str(name, ".m.", j), x, psaHeads(c.b.channels(x)));
        return x;
    });
}

// x + gamma * z, gamma one a channel.
ValueId residual(ModuleBuilder& b, const std::string& name, ValueId x, ValueId z) {
    Graph& graph = b.graph();
    const ValueId gamma = b.parameter(name + ".gamma", {b.channels(z)}, 0.01f);
    const ValueId column = graph.add(name + ".column", Reshape{{1, -1, 1, 1}}, {gamma});
    const ValueId scaled = graph.add(name + ".scaled", Binary{BinaryKind::Mul}, {z, column});
    b.setChannels(scaled, b.channels(z), b.stride(z));
    return b.add(name + ".add", x, scaled);
}

// From scale l on it is a residual block with a narrower inner convolution.
Maps a2c2f(const ModuleCall& c) {
    const bool large = std::string_view("lx").find(c.layout.scale.name) != std::string_view::npos;
    const bool areas = c.flag(0, true), adds = areas && (c.args.size() > 2 ? c.flag(2, false) : large);
    const double ratio = c.number(3, large ? 1.2 : 2.0);
    const int64_t half = share(c.channels, c.number(4, 0.5));
    require(half % 32 == 0, ErrorKind::BadInput, c.name, ": ", half, " channels inside are no multiple of 32");
    Maps parts{c.b.conv(c.name + ".cv1", c.x(), half, 1)};
    for (int64_t j = 0; j < c.repeats; ++j) {
        const std::string inner = str(c.name, ".m.", j);
        ValueId y = parts.back();
        if (areas)
            for (int i = 0; i < 2; ++i)
                y = areaBlock(c.b, str(inner, ".", i), y, half / 32, ratio, std::max<int64_t>(c.whole(1, 1), 1));
        else
            y = c3k(c.b, inner, y, true, 1);
        parts.push_back(y);
    }
    const ValueId z = c.b.conv(c.name + ".cv2", c.b.concat(c.name + ".cat", parts), c.channels, 1);
    return {adds ? residual(c.b, c.name, c.x(), z) : z};
}

// Poolings of poolings, one kernel.
Maps pooled(const ModuleCall& c, ValueId first, int64_t kernel, int64_t count) {
    Maps parts{first};
    for (int64_t i = 0; i < count; ++i)
        parts.push_back(c.b.pool(str(c.name, ".m", i == 0 ? "" : str("#", i + 1)), parts.back(), PoolKind::Max, kernel,
                                 1, kernel / 2));
    return parts;
}

// Since YOLO26 its first convolution is plain, and its rows say how often is pooled.
Maps sppf(const ModuleCall& c) {
    const bool plain = c.args.size() > 1;
    const ValueId first = c.b.conv(c.name + ".cv1", c.x(), c.b.channels(c.x()) / 2, 1, 1, 1, !plain);
    const int64_t count = c.whole(1, 3);
    require(count >= 1 && count <= 16, ErrorKind::BadInput, c.name, ": it cannot pool ", count, " times");
    const ValueId y =
        c.b.conv(c.name + ".cv2", c.b.concat(c.name + ".cat", pooled(c, first, c.whole(0, 5), count)), c.channels, 1);
    const bool adds = c.flag(2, false) && c.b.channels(c.x()) == c.channels;
    return {adds ? c.b.add(c.name + ".add", y, c.x()) : y};
}

// cv4(cat(halves of cv1 x, cv2 of the last, cv3 of that)).
Maps elan(const ModuleCall& c, const InnerBlock& second, const InnerBlock& third) {
    const int64_t wide = c.whole(0, 0);
    require(wide >= 2, ErrorKind::BadInput, c.name, ": ", wide, " channels cannot be split");
    Maps parts = c.b.split(c.name + ".split", c.b.conv(c.name + ".cv1", c.x(), wide, 1), {wide / 2, wide - wide / 2});
    parts.push_back(second(c.name + ".cv2", parts.back()));
    parts.push_back(third(c.name + ".cv3", parts.back()));
    return {c.b.conv(c.name + ".cv4", c.b.concat(c.name + ".cat", parts), c.channels, 1)};
}

Maps elan1(const ModuleCall& c) {
    const InnerBlock conv3 = [&](const std::string& name, ValueId x) { return c.b.conv(name, x, c.whole(1, 0), 3); };
    return elan(c, conv3, conv3);
}

Maps repNcspElan4(const ModuleCall& c) {
    const int64_t inside = c.whole(1, 0);
    const InnerBlock stage = [&](const std::string& name, ValueId x) {
        const ValueId y = c3With(c.b, name + ".0", x, inside, inside / 2, c.whole(2, 1), {.repConv = true});
        return c.b.conv(name + ".1", y, inside, 3);
    };
    return elan(c, stage, stage);
}

Maps sppElan(const ModuleCall& c) {
    const ValueId first = c.b.conv(c.name + ".cv1", c.x(), c.whole(0, 0), 1);
    return {c.b.conv(c.name + ".cv5", c.b.concat(c.name + ".cat", pooled(c, first, c.whole(1, 5), 3)), c.channels, 1)};
}

using enum ModuleKind;
constexpr std::array kModules{
    ModuleRow{"Conv", Layer, conv},
    ModuleRow{"DWConv", Layer, depthwiseConv},
    ModuleRow{"ConvTranspose", Layer, convTranspose},
    ModuleRow{"GhostConv", Layer, ghost},
    ModuleRow{"GhostBottleneck", Layer, ghostBlock},
    ModuleRow{"Focus", Layer, focus},
    ModuleRow{"RepConv", Layer, rep},
    ModuleRow{"SCDown", Layer, scDown},
    ModuleRow{"AConv", Layer, aConv},
    ModuleRow{"ADown", Layer, aDown},
    ModuleRow{"Bottleneck", Layer, bottleneckRow},
    ModuleRow{"BottleneckCSP", Repeats, bottleneckCsp},
    ModuleRow{"C1", Repeats, c1},
    ModuleRow{"C2", Repeats, c2},
    ModuleRow{"C2f", Repeats, c2f},
    ModuleRow{"C3", Repeats, c3},
    ModuleRow{"C3x", Repeats, c3x},
    ModuleRow{"C3Ghost", Repeats, c3Ghost},
    ModuleRow{"C3TR", Repeats, c3Transformer},
    ModuleRow{"C3k2", Repeats, c3k2},
    ModuleRow{"C2fCIB", Repeats, c2fCib},
    ModuleRow{"C2fPSA", Repeats, c2fPsa},
    ModuleRow{"C2PSA", Repeats, c2Psa},
    ModuleRow{"PSA", Layer, psa},
    ModuleRow{"A2C2f", Repeats, a2c2f},
    ModuleRow{"SPP", Layer, spp},
    ModuleRow{"SPPF", Layer, sppf},
    ModuleRow{"ELAN1", Layer, elan1},
    ModuleRow{"RepNCSPELAN4", Layer, repNcspElan4},
    ModuleRow{"SPPELAN", Layer, sppElan},
    ModuleRow{"QuantConv", Layer, quantConvRow},
    ModuleRow{"QuantSimpleConv", Layer, quantSimpleConv},
    ModuleRow{"QuantBottleneck", Layer, quantBottleneckRow},
    ModuleRow{"QuantC3", Repeats, quantC3},
    ModuleRow{"QuantSPPF", Layer, quantSppf},
    ModuleRow{"MaxPool2d", Plain, maxPool},
    ModuleRow{"ZeroPad2d", Plain, zeroPad},
    ModuleRow{"Upsample", Plain, upsample},
    ModuleRow{"Identity", Plain, identity},
    ModuleRow{"Silence", Plain, identity},
    ModuleRow{"Concat", Plain, concat},
    ModuleRow{"CBLinear", Plain, cbLinear},
    ModuleRow{"CBFuse", Plain, cbFuse},
    ModuleRow{"Detect", Head, nullptr},
    ModuleRow{"v10Detect", Head, nullptr},
    ModuleRow{"Segment", Head, nullptr},
    ModuleRow{"Segment26", Head, nullptr},
    ModuleRow{"Pose", Head, nullptr},
    ModuleRow{"Pose26", Head, nullptr},
    ModuleRow{"OBB", Head, nullptr},
    ModuleRow{"OBB26", Head, nullptr},
};

}  // namespace

ConvSpec convSpec(const ModuleCall& c) {
    const int64_t kernel = c.whole(0, 1);
    ConvSpec spec{c.channels, {kernel, kernel}, c.whole(1, 1)};
    const bool padded = c.args.size() > 2 && c.args[2].kind == LayoutArg::Kind::Number;
    if (padded) spec.padding = Pair{c.whole(2, 0), c.whole(2, 0)};
    require(kernel >= 1 && kernel <= 99 && spec.stride >= 1 && spec.stride <= 64, ErrorKind::BadInput, c.name,
            ": a kernel of ", kernel, " with stride ", spec.stride, " cannot be");
    return spec;
}

double ModuleCall::number(size_t index, double missing) const {
    if (index >= args.size() || args[index].kind == LayoutArg::Kind::None) return missing;
    require(args[index].kind == LayoutArg::Kind::Number, ErrorKind::BadInput, name, ": argument ", index + 2,
            " is no number");
    return args[index].number;
}

int64_t ModuleCall::whole(size_t index, int64_t missing) const {
    const double value = number(index, static_cast<double>(missing));
    require(value == std::floor(value) && std::abs(value) <= 65536, ErrorKind::BadInput, name, ": argument ", index + 2,
            " is ", value, ", expected a whole number");
    return static_cast<int64_t>(value);
}

std::vector<int64_t> ModuleCall::wholes(size_t index) const {
    std::vector<int64_t> made;
    if (index >= args.size() || args[index].kind != LayoutArg::Kind::List) return made;
    for (const double value : args[index].list) {
        require(value == std::floor(value) && value >= 0 && value <= 65536, ErrorKind::BadInput, name, ": argument ",
                index + 2, " has ", value, " in it, expected whole numbers");
        made.push_back(static_cast<int64_t>(value));
    }
    return made;
}

const ModuleRow* moduleNamed(std::string_view name) {
    for (const std::span<const ModuleRow> rows : {std::span<const ModuleRow>(kModules), classifierModules()})
        if (const auto found = std::ranges::find(rows, name, &ModuleRow::name); found != rows.end()) return &*found;
    return nullptr;
}

std::string_view whyNotBuilt(std::string_view name) {
    return name == "SemanticSegment" ? "it makes classes of places and no boxes" : "";
}

bool endsLegacyHeads(std::string_view module) {
    return module == "C3k2" || module == "C2fCIB" || module == "A2C2f";
}

}  // namespace qat
