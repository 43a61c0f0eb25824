// As files have it: queries, keys and values come of a linear layer each, and the attention brings each of them through
// its third of one more matrix, which is a convolution in three groups.
#include "models/transformer_blocks.h"

#include "base/error.h"
#include "models/attention_blocks.h"

namespace qat {
namespace {

ValueId linear(ModuleBuilder& b, const std::string& name, ValueId x) {
    return b.bareConv(name, x, b.channels(x), 1, std::nullopt);
}

// The matrix and bias [3C, C] and [3C] over queries, keys and values, C channels each.
std::vector<ValueId> broughtIn(ModuleBuilder& b, const std::string& name, const std::vector<ValueId>& qkv) {
    const int64_t channels = b.channels(qkv.front());
    const ValueId joined = b.concat(name + ".joined", qkv);
    const ValueId weight = b.weight(name + ".in_proj_weight", {3 * channels, channels, 1, 1});
    const ValueId bias = b.parameter(name + ".in_proj_bias", {3 * channels}, 0);
    const ValueId y = b.graph().add(name + ".in_proj", Conv2d{{1, 1}, {0, 0}, {1, 1}, 3}, {joined, weight, bias});
    b.setChannels(y, 3 * channels, b.stride(joined));
    return b.split(name + ".split", y, {channels, channels, channels});
}

// Of queries, keys and values [N, C, H, W], as such a map.
ValueId attended(ModuleBuilder& b, const std::string& name, const std::vector<ValueId>& qkv, int64_t heads) {
    const int64_t channels = b.channels(qkv.front()), width = channels / heads;
    std::vector<ValueId> rows;
    for (size_t i = 0; i < qkv.size(); ++i)
        rows.push_back(b.graph().add(str(name, ".heads.", i), Reshape{{0, heads, width, -1}}, {qkv[i]}));
    const ValueId weights = attentionWeights(b.graph(), name, rows[0], rows[1], {0, 1, 3, 2}, width);
    const ValueId sum = b.graph().add(name + ".sum", MatMul{},
                                      {rows[2], b.graph().add(name + ".columns", Permute{{0, 1, 3, 2}}, {weights})});
    const ValueId flat = b.graph().add(name + ".flat", Reshape{{0, channels, -1}}, {sum});
    const ValueId map = b.graph().add(name + ".map", Unflatten{}, {flat, qkv.front()});
    b.setChannels(map, channels, b.stride(qkv.front()));
    return map;
}

ValueId transformerLayer(ModuleBuilder& b, const std::string& name, ValueId x, int64_t heads) {
    const std::vector<ValueId> qkv{linear(b, name + ".q", x), linear(b, name + ".k", x), linear(b, name + ".v", x)};
    const ValueId seen = attended(b, name + ".ma", broughtIn(b, name + ".ma", qkv), heads);
    const ValueId y = b.add(name + ".add", b.convWithBias(name + ".ma.out_proj", seen, b.channels(x), 1, 0), x);
    return b.add(name + ".add2", linear(b, name + ".fc2", linear(b, name + ".fc1", y)), y);
}

}  // namespace

ValueId transformerBlock(ModuleBuilder& b, const std::string& name, ValueId x, int64_t channels, int64_t heads,
                         int64_t layers) {
    require(channels % heads == 0, ErrorKind::BadInput, name, ": ", channels, " channels cannot be shared by ", heads,
            " heads");
    if (b.channels(x) != channels) x = b.conv(name + ".conv", x, channels, 1);
    ValueId y = b.add(name + ".add", x, b.convWithBias(name + ".linear", x, channels, 1, 0));
    for (int64_t i = 0; i < layers; ++i) y = transformerLayer(b, str(name, ".tr.", i), y, heads);
    return y;
}

}  // namespace qat
