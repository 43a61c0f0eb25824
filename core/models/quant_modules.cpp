#include "models/quant_modules.h"

#include "base/error.h"
#include "models/csp_blocks.h"
#include "passes/hard_tanh_head.h"

namespace qat {
namespace {

constexpr double kFirstClip = 6, kFirstSkipClip = 10;  // where learned ranges begin

struct QuantSpec {
    int64_t weightBits = 0, activationBits = 0;
    std::string place;
};

void declareResult(Graph& graph, DeclaredQuantizer quantizer, double threshold) {
    stateThreshold(quantizer, threshold);
    graph.declared.push_back(std::move(quantizer));
}

// A rectifier whose end is learned. With one bit it is the sign, whose gradient ends at -1 and 1.
ValueId quantActivation(ModuleBuilder& b, const std::string& name, ValueId x, const QuantSpec& spec) {
    const bool sign = spec.activationBits == 1;
    const ValueId y = b.graph().add(name, Activation{sign ? ActivationKind::HardTanh : ActivationKind::Relu}, {x});
    b.setChannels(y, b.channels(x), b.stride(x));
    declareResult(b.graph(),
                  {.node = name,
                   .bits = spec.activationBits,
                   .isSigned = sign,
                   .narrow = sign,
                   .range = sign ? DeclaredRange::Constant : DeclaredRange::Learned,
                   .reason = spec.place},
                  sign ? 1 : kFirstClip);
    return y;
}

ValueId quantConv(ModuleBuilder& b, const std::string& name, ValueId x, const ConvSpec& conv, const QuantSpec& spec,
                  bool norm = true) {
    ValueId y = b.convAlone(name + ".conv", x, conv);
    declareWeight(b.graph(), name + ".conv", spec.weightBits, spec.place);
    if (norm) y = b.norm(name + ".bn", y);
    return conv.activation ? quantActivation(b, name + ".act", y, spec) : y;
}

ValueId pointwise(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, const QuantSpec& spec) {
    return quantConv(b, name, x, {.channels = channels}, spec);
}

// A sum's other addend, on signed codes of as many bits as weights have.
ValueId quantIdentity(ModuleBuilder& b, const std::string& name, ValueId x, const QuantSpec& spec) {
    const ValueId y = b.graph().add(name, Activation{ActivationKind::Identity}, {x});
    b.setChannels(y, b.channels(x), b.stride(x));
    declareResult(
        b.graph(),
        {.node = name, .bits = spec.weightBits, .narrow = false, .range = DeclaredRange::Learned, .reason = spec.place},
        kFirstSkipClip);
    return y;
}

ValueId quantBottleneck(ModuleBuilder& b, const std::string& name, ValueId x, const BottleneckSpec& shape,
                        const QuantSpec& spec) {
    const auto inside = static_cast<int64_t>(static_cast<double>(shape.channels) * shape.ratio);
    const ValueId inner = pointwise(b, name + ".cv1", x, inside, spec);
    const ValueId y = quantConv(b, name + ".cv2", inner,
                                {.channels = shape.channels, .kernel = {3, 3}, .groups = shape.groups}, spec);
    if (!shape.shortcut || b.channels(x) != shape.channels) return y;
    return b.add(name + ".add", quantIdentity(b, name + ".quant_identity", x, spec), y);
}

ValueId clipped(const ModuleCall& c, ValueId x) {
    const ValueId y = declaredHardTanh(c.b.graph(), c.name, x, c.place);
    c.b.setChannels(y, c.b.channels(x), c.b.stride(x));
    return y;
}

// The widths of a module stand next to each other.
QuantSpec specAt(const ModuleCall& c, size_t index) {
    return {bitsAt(c, index, 4), bitsAt(c, index + 1, 2), c.place};
}

}  // namespace

int64_t bitsAt(const ModuleCall& c, size_t index, std::optional<int64_t> missing) {
    const bool given = index < c.args.size() && c.args[index].kind != LayoutArg::Kind::None;
    if (!given && missing) return *missing;
    require(given, ErrorKind::BadInput, c.place, ": argument ", index + 2, ", a number of bits, is missing");
    const LayoutArg& arg = c.args[index];
    require(arg.kind != LayoutArg::Kind::Text, ErrorKind::BadInput, c.place, ": argument ", index + 2, " is ", arg.text,
            ", which names no bits of the table's bit_width");
    require(arg.kind == LayoutArg::Kind::Number, ErrorKind::BadInput, c.place, ": argument ", index + 2,
            " is no number of bits");
    require(arg.number >= 1 && arg.number <= 8 && arg.number == static_cast<double>(static_cast<int64_t>(arg.number)),
            ErrorKind::BadInput, c.place, ": argument ", index + 2, " asks for ", arg.number,
            " bits, and a quantizer has 1 to 8");
    return static_cast<int64_t>(arg.number);
}

void declareWeight(Graph& graph, const std::string& layer, int64_t bits, const std::string& place) {
    const bool signs = bits == 1;
    DeclaredQuantizer quantizer{.node = layer,
                                .weight = true,
                                .bits = bits,
                                .perChannel = !signs,
                                .range = signs ? DeclaredRange::Constant : DeclaredRange::Observed,
                                .reason = place};
    if (signs) stateThreshold(quantizer, 1);
    graph.declared.push_back(std::move(quantizer));
}

ValueId declaredHardTanh(Graph& graph, const std::string& name, ValueId x, const std::string& place) {
    const ValueId y = addHardTanh(graph, name, x);
    declareResult(graph,
                  {.node = graph.node(*graph.producer(y)).name,
                   .bits = kHardTanhBits,
                   .range = DeclaredRange::Constant,
                   .reason = place},
                  1);
    return y;
}

void declareImage(Graph& graph) {
    if (graph.declared.empty()) return;
    declareResult(graph,
                  {.node = graph.value(graph.inputs().front()).name,
                   .bits = 8,
                   .isSigned = false,
                   .narrow = false,
                   .range = DeclaredRange::Constant,
                   .reason = "bytes of the image"},
                  1);
}

Maps quantConvRow(const ModuleCall& c) {
    ConvSpec conv = convSpec(c);
    conv.groups = c.whole(3, 1), conv.activation = c.flag(4, true);
    return {quantConv(c.b, c.name, c.x(), conv, specAt(c, 6), c.flag(5, true))};
}

Maps quantSimpleConv(const ModuleCall& c) {
    ConvSpec conv = convSpec(c);
    conv.groups = c.whole(3, 1), conv.activation = false;
    const ValueId y = quantConv(c.b, c.name, c.x(), conv, specAt(c, 4), false);
    return {c.flag(6, false) ? clipped(c, y) : y};
}

Maps quantBottleneckRow(const ModuleCall& c) {
    return {quantBottleneck(
        c.b, c.name, c.x(),
        {.channels = c.channels, .shortcut = c.flag(0, true), .groups = c.whole(1, 1), .ratio = c.number(2, 0.5)},
        specAt(c, 3))};
}

Maps quantC3(const ModuleCall& c) {
    const auto half = static_cast<int64_t>(static_cast<double>(c.channels) * c.number(2, 0.5));
    const QuantSpec spec = specAt(c, 3);
    ValueId y = pointwise(c.b, c.name + ".cv1", c.x(), half, spec);
    for (int64_t j = 0; j < c.repeats; ++j) {
        const BottleneckSpec inner{.channels = half, .shortcut = c.flag(0, true), .groups = c.whole(1, 1), .ratio = 1};
        y = quantBottleneck(c.b, str(c.name, ".m.", j), y, inner, spec);
        nameBottleneck(c.b, c.name, j);
    }
    const ValueId beside = pointwise(c.b, c.name + ".cv2", c.x(), half, spec);
    y = pointwise(c.b, c.name + ".cv3", c.b.concat(c.name + ".cat", {y, beside}), c.channels, spec);
    return {c.flag(5, false) ? clipped(c, y) : y};
}

Maps quantSppf(const ModuleCall& c) {
    const QuantSpec spec = specAt(c, 1);
    const int64_t kernel = c.whole(0, 5);
    Maps parts{pointwise(c.b, c.name + ".cv1", c.x(), c.b.channels(c.x()) / 2, spec)};
    for (int i = 1; i <= 3; ++i)
        parts.push_back(
            c.b.pool(str(c.name, ".m", i == 1 ? "" : str("#", i)), parts.back(), PoolKind::Max, kernel, 1, kernel / 2));
    return {pointwise(c.b, c.name + ".cv2", c.b.concat(c.name + ".cat", parts), c.channels, spec)};
}

}  // namespace qat
