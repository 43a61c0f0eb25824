// The building blocks of the detector families: Conv (convolution, norm, activation), Bottleneck, C2f, SPPF. Names are
// those of the state dict; weights start random, or without tensors for a file to give them.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "graph/graph.h"

namespace qat {

class ModuleBuilder {
public:
    // Without random numbers parameters and buffers have no tensors.
    ModuleBuilder(Graph& graph, Random* random) : m_graph(graph), m_random(random) {}

    // Conv + BatchNorm + SiLU; padding kernel / 2. Returns the activation's output, of `outChannels`.
    ValueId conv(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel, int64_t stride = 1,
                 int64_t groups = 1, bool activation = true);
    // A bare convolution with a constant bias start.
    ValueId convWithBias(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel, float biasStart);
    ValueId bottleneck(const std::string& name, ValueId x, int64_t outChannels, bool shortcut);
    // Its bottlenecks (name.m.0) are known to patterns as name.bottleneck.0 and name.bottleneck too.
    ValueId c2f(const std::string& name, ValueId x, int64_t outChannels, int64_t repeats, bool shortcut);
    ValueId sppf(const std::string& name, ValueId x, int64_t outChannels, int64_t kernel);

    // Channels of a value made by one of the above; known without running.
    int64_t channels(ValueId value) const;
    void setChannels(ValueId value, int64_t channels);

private:
    ValueId weight(const std::string& name, Shape shape);
    ValueId constant(const std::string& name, int64_t length, float value, bool parameter);

    Graph& m_graph;
    Random* m_random;
    std::map<ValueId, int64_t> m_channels;
};

}  // namespace qat
