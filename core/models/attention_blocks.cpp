// As products of what one convolution makes: queries, keys and values of a head stand next to each other in its
// channels.
#include "models/attention_blocks.h"

#include <cmath>

#include "base/error.h"

namespace qat {
namespace {

struct HeadWidths {
    int64_t heads, key, value;
    int64_t each() const { return 2 * key + value; }
};

// The channels of the values of all heads.
ValueId valueMap(ModuleBuilder& b, const std::string& name, ValueId qkv, const HeadWidths& w) {
    std::vector<int64_t> channels;
    for (int64_t head = 0; head < w.heads; ++head)
        for (int64_t i = 0; i < w.value; ++i) channels.push_back(head * w.each() + 2 * w.key + i);
    const ValueId map = b.graph().add(name, Gather{1, channels}, {qkv});
    b.setChannels(map, w.heads * w.value, b.stride(qkv));
    return map;
}

// [N, heads * value, places] out of the convolution's map. Stripes are an axis of their own in front of the heads.
ValueId attended(Graph& graph, const std::string& name, ValueId qkv, const HeadWidths& w, int64_t areas) {
    const bool stripes = areas > 1;
    ValueId x =
        graph.add(name + ".heads",
                  stripes ? Reshape{{0, w.heads, w.each(), areas, -1}} : Reshape{{0, w.heads, w.each(), -1}}, {qkv});
    if (stripes) x = graph.add(name + ".areas", Permute{{0, 3, 1, 2, 4}}, {x});
    const NodeId parts = graph.addNode(name + ".split", Split{stripes ? 3 : 2, {w.key, w.key, w.value}}, {x}, 3);
    const std::vector<ValueId> qkvs = graph.node(parts).outputs;
    const std::vector<int64_t> turned =
        stripes ? std::vector<int64_t>{0, 1, 2, 4, 3} : std::vector<int64_t>{0, 1, 3, 2};
    const ValueId weights = attentionWeights(graph, name, qkvs[0], qkvs[1], turned, w.key);
    x = graph.add(name + ".sum", MatMul{}, {qkvs[2], graph.add(name + ".columns", Permute{turned}, {weights})});
    if (stripes) x = graph.add(name + ".rows", Permute{{0, 2, 3, 1, 4}}, {x});
    return graph.add(name + ".flat", Reshape{{0, w.heads * w.value, -1}}, {x});
}

ValueId attentionOf(ModuleBuilder& b, const std::string& name, ValueId x, const HeadWidths& w, int64_t areas,
                    int64_t positionKernel) {
    const int64_t channels = b.channels(x);
    const ValueId qkv = b.conv(name + ".qkv", x, w.heads * w.each(), 1, 1, 1, false);
    const ValueId values = valueMap(b, name + ".v", qkv, w);
    const ValueId map = b.graph().add(name + ".map", Unflatten{}, {attended(b.graph(), name, qkv, w, areas), values});
    b.setChannels(map, channels, b.stride(x));
    const ValueId position = b.conv(name + ".pe", values, channels, positionKernel, 1, channels, false);
    return b.conv(name + ".proj", b.add(name + ".add", map, position), channels, 1, 1, 1, false);
}

ValueId plusConvolutions(ModuleBuilder& b, const std::string& name, const char* part, ValueId x, int64_t inside,
                         bool shortcut) {
    const std::string prefix = str(name, ".", part);
    const int64_t channels = b.channels(x);
    const ValueId y = b.conv(prefix + ".1", b.conv(prefix + ".0", x, inside, 1), channels, 1, 1, 1, false);
    return shortcut ? b.add(prefix + ".add", x, y) : y;
}

void requireHeads(const std::string& name, int64_t channels, int64_t heads) {
    require(heads >= 1 && channels % heads == 0 && channels / heads >= 2, ErrorKind::BadInput, name, ": ", channels,
            " channels cannot be shared by ", heads, " heads");
}

}  // namespace

ValueId attentionWeights(Graph& graph, const std::string& name, ValueId q, ValueId k,
                         const std::vector<int64_t>& turned, int64_t width) {
    const ValueId products =
        graph.add(name + ".scores", MatMul{}, {graph.add(name + ".turn", Permute{turned}, {q}), k});
    const ValueId factor =
        graph.addConstant(name + ".scale", {static_cast<float>(1.0 / std::sqrt(static_cast<double>(width)))});
    const ValueId scaled = graph.add(name + ".scaled", Binary{BinaryKind::Mul}, {products, factor});
    return graph.add(name + ".softmax", Softmax{static_cast<int64_t>(turned.size()) - 1}, {scaled});
}

ValueId attention(ModuleBuilder& b, const std::string& name, ValueId x, int64_t heads) {
    requireHeads(name, b.channels(x), heads);
    const int64_t width = b.channels(x) / heads;
    return attentionOf(b, name, x, {heads, width / 2, width}, 1, 3);
}

ValueId areaAttention(ModuleBuilder& b, const std::string& name, ValueId x, int64_t heads, int64_t areas) {
    requireHeads(name, b.channels(x), heads);
    const int64_t width = b.channels(x) / heads;
    return attentionOf(b, name, x, {heads, width, width}, areas, 7);
}

ValueId psaBlock(ModuleBuilder& b, const std::string& name, ValueId x, int64_t heads, bool shortcut) {
    const ValueId seen = attention(b, name + ".attn", x, heads);
    const ValueId y = shortcut ? b.add(name + ".add", x, seen) : seen;
    return plusConvolutions(b, name, "ffn", y, 2 * b.channels(x), shortcut);
}

ValueId areaBlock(ModuleBuilder& b, const std::string& name, ValueId x, int64_t heads, double ratio, int64_t areas) {
    const ValueId y = b.add(name + ".add", x, areaAttention(b, name + ".attn", x, heads, areas));
    return plusConvolutions(b, name, "mlp", y, static_cast<int64_t>(static_cast<double>(b.channels(x)) * ratio), true);
}

}  // namespace qat
