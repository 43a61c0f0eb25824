// What every module of a detector is made of: convolutions with norm and activation, bare convolutions, operators
// without parameters, and what is known of the maps in between. Names are those of the state dict; weights start
// random, or without tensors for a file to give them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "graph/graph.h"

namespace qat {

inline constexpr size_t kMostNodes = 50000;  // of a network

// What a stored network says of one of its Conv modules, where it says anything.
struct ConvStyle {
    std::optional<Activation> activation;
    bool plain = false;  // no activation
    double eps = 1e-3, momentum = 0.03;
};

// By the path of the module: model.0. Modules that are not there are as their table says.
using ConvStyles = std::map<std::string, ConvStyle, std::less<>>;

struct ConvSpec {
    int64_t channels = 0;
    Pair kernel{1, 1};
    int64_t stride = 1;
    std::optional<Pair> padding{};  // half the kernel without
    int64_t groups = 1, dilation = 1;
    bool activation = true;
};

class ModuleBuilder {
public:
    // Without random numbers parameters and buffers have no tensors. `styles` must live as long.
    ModuleBuilder(Graph& graph, Random* random, const ConvStyles* styles = nullptr)
        : m_graph(graph), m_random(random), m_styles(styles) {}

    Graph& graph() { return m_graph; }
    void setActivation(Activation activation) { m_activation = activation; }

    // Conv + BatchNorm + activation (SiLU unless something else was set or stored). Returns the activation's output.
    ValueId conv(const std::string& name, ValueId x, const ConvSpec& spec);
    ValueId conv(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel, int64_t stride = 1,
                 int64_t groups = 1, bool activation = true) {
        return conv(name, x, {outChannels, {kernel, kernel}, stride, {}, groups, 1, activation});
    }
    // A bare convolution; its bias starts as a constant. Without one it has none.
    ValueId bareConv(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel,
                     std::optional<float> biasStart);
    ValueId convWithBias(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel, float biasStart) {
        return bareConv(name, x, outChannels, kernel, biasStart);
    }
    // A batch norm alone.
    ValueId norm(const std::string& name, ValueId x);
    ValueId norm(const std::string& name, ValueId x, const BatchNorm& op);
    ValueId activation(const std::string& name, ValueId x);
    // [channels] of one value, in the state dict.
    ValueId parameter(const std::string& name, Shape shape, float start);
    // As a convolution starts: uniform within 1 / sqrt(fan in).
    ValueId weight(const std::string& name, Shape shape);

    ValueId add(const std::string& name, ValueId x, ValueId y);
    ValueId concat(const std::string& name, const std::vector<ValueId>& parts);
    std::vector<ValueId> split(const std::string& name, ValueId x, const std::vector<int64_t>& channels);
    ValueId pool(const std::string& name, ValueId x, PoolKind kind, int64_t kernel, int64_t stride, int64_t padding);
    ValueId resize(const std::string& name, ValueId x, int64_t factor);

    // Of a map made by one of the above; known without running. Strides are pixels of the input per place.
    int64_t channels(ValueId map) const { return facts(map).channels; }
    double stride(ValueId map) const { return facts(map).stride; }
    // Throws Error{BadInput} for numbers that no network has.
    void setChannels(ValueId map, int64_t channels, double stride = 1);

private:
    struct MapFacts {
        int64_t channels;
        double stride;
    };
    void requireRoom(const std::string& name) const;
    const MapFacts& facts(ValueId map) const;
    const ConvStyle* styleOf(const std::string& name) const;
    ValueId constant(const std::string& name, int64_t length, float value, bool parameter);
    Graph& m_graph;
    Random* m_random;
    const ConvStyles* m_styles;
    Activation m_activation{ActivationKind::Silu};
    std::map<ValueId, MapFacts> m_maps;
    int64_t m_weights = 0;  // numbers in all of them
};

}  // namespace qat
