// Small graphs drawn by hand, with seeded weights and quantizers.
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "graph/graph.h"

namespace qat::test {

// A quantizer's scale and zero point, to be shared by a scale group.
struct Range {
    ValueId scale, zeroPoint;
    int64_t bits, qmin, qmax;
};

class Sketch {
public:
    Graph graph;

    // Input `images` of the given shape.
    explicit Sketch(Shape inputShape);
    ValueId input() const { return graph.inputs().front(); }

    Range range(const std::string& name, float scale, float zeroPoint, int64_t bits, int64_t qmin, int64_t qmax);
    ValueId quantize(const std::string& name, ValueId x, const Range& range);

    // Seeded weight [out, in / groups, kernel, kernel] and bias; padding keeps the size at stride 1.
    struct ConvPlan {
        int64_t in = 3, out = 4, kernel = 3, stride = 1, groups = 1;
        int64_t weightBits = 0;  // 0: float weight; else symmetric narrow, one scale a channel
        bool perTensor = false;  // one scale instead
        bool bias = true;
    };
    ValueId conv(const std::string& name, ValueId x, const ConvPlan& plan);

    ValueId parameter(const std::string& name, const Shape& shape, double low, double high);
    ValueId numbers(const std::string& name, const Shape& shape, const std::vector<float>& values);

    // Names the output and fills in all shapes.
    Graph finish(const std::string& output, ValueId value, OutputRole role = OutputRole::Decoded);
    Graph finish();

private:
    Random m_random{7};
};

// Seeded input of the graph's input shape in [-1, 1].
std::vector<float> sampleInput(const Graph& graph, uint64_t seed);

}  // namespace qat::test
