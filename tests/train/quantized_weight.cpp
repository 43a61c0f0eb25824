// The convolution and its plan.
#include "train/quantized_weight.h"

#include <ATen/ATen.h>

#include "quant/plan.h"

namespace qat::test {

QuantizedWeight::QuantizedWeight(const std::vector<float>& start, int bits, float scaleValue, bool learned) {
    const auto count = static_cast<int64_t>(start.size());
    const ValueId x = graph.addInput("x", {1, 1, 1, 1});
    const auto data = std::make_shared<at::Tensor>(at::tensor(start).reshape({count, 1, 1, 1}));
    graph.setOutput("out", graph.add("conv", Conv2d{}, {x, graph.addParameter("conv.weight", data, {count, 1, 1, 1})}));
    Config plan;
    plan.qat.useLsq = learned;
    plan.quantization.weight.scheme = Scheme::PerTensor;
    plan.quantization.weight.bitWidth = bits;
    quantizers.emplace(graph, resolvePlan(graph, plan));
    scale().fill_(scaleValue);
}

}  // namespace qat::test
