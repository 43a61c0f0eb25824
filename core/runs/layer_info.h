// What a run or a description says of one layer of its model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/field.h"

namespace qat {

// A key of a layer_configs entry, what it is for a layer, and who said so (quant/value_origins.h).
struct LayerValue {
    std::string key, value, origin;
};

// What a part of a detector gets before any pattern, and why (quant/branch_policies.h).
struct PolicyInfo {
    std::string name, reason;
    int64_t layers = 1;  // for which it holds, products of data with data among them
};

struct LayerInfo {
    std::string name;  // model.2.m.0.cv1.conv
    std::vector<std::string> aliases;
    std::string op;                 // Conv2d, Linear
    std::vector<std::string> unit;  // conv, bn, silu: the layer and what alone reads it on, as fusion_patterns name it
    std::vector<int64_t> weightShape;  // O, I/groups, kh, kw
    std::vector<int64_t> outputShape;  // N, C, H, W at the described input size
    int64_t parameters = 0;            // weights and bias
    int64_t macs = 0;
    // Filled by describeModel(Config): the resolved plan. 0 bits = not quantized.
    int weightBits = 0, activationBits = 0;
    std::string observer;  // of the layer's input
    std::string weightOrigin,
        activationOrigin;              // of the widths: "default", "line 12", "pattern 2, line 37", "head policy"
    std::vector<LayerValue> values;    // every key of an entry
    std::vector<PolicyInfo> policies;  // that hold for it
    std::string scaleGroup;            // name of the shared activation range, "" if its own
    // What layers.json holds of it.
    static constexpr auto fields() {
        return std::tuple{Field{"name", &LayerInfo::name},
                          Field{"aliases", &LayerInfo::aliases},
                          Field{"op", &LayerInfo::op},
                          Field{"weight_shape", &LayerInfo::weightShape},
                          Field{"output_shape", &LayerInfo::outputShape},
                          Field{"parameters", &LayerInfo::parameters},
                          Field{"macs", &LayerInfo::macs},
                          Field{"weight_bits", &LayerInfo::weightBits},
                          Field{"activation_bits", &LayerInfo::activationBits},
                          Field{"observer", &LayerInfo::observer},
                          Field{"weight_origin", &LayerInfo::weightOrigin},
                          Field{"activation_origin", &LayerInfo::activationOrigin},
                          Field{"scale_group", &LayerInfo::scaleGroup}};
    }
};

// layers.json, with the end of its last line.
std::string layersText(const std::vector<LayerInfo>& layers);

// What could be read of layers.json, and what is wrong with it.
struct ReadLayers {
    std::vector<LayerInfo> layers;
    size_t nameless = 0;     // entries that are no layers
    bool isList = true;      // false: JSON, but no list
    size_t damagedFrom = 0;  // byte from which on it is no JSON, from 1; 0: it is JSON
};

// Never throws for what the text holds.
ReadLayers readLayers(std::string_view text);

}  // namespace qat
