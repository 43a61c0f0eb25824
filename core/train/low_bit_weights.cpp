// Where the scales lie over the memory of a weight.
#include "train/low_bit_weights.h"

#include <ATen/ATen.h>

#include "ops/fake_quantize.h"

namespace qat {
namespace {

constexpr int kWidest = 4;  // bits; codes of wider grids hardly swing
constexpr int64_t kLongest = 16384;

const FakeQuantize& opOf(const Graph& graph, const LowBitWeight& weight) {
    return std::get<FakeQuantize>(graph.node(weight.quantizer).op);
}

}  // namespace

std::vector<LowBitWeight> lowBitWeights(const Graph& graph, const QuantizerSet& quantizers) {
    std::vector<LowBitWeight> weights;
    for (const Quantizer& q : quantizers.all())
        if (q.weight && q.grid.bits <= kWidest && q.grid.format == NumberFormat::Integer)
            weights.push_back(
                {graph.node(q.layers.front()).name, q.nodes.front(), q.observed.front(), q.scale, q.zeroPoint});
    return weights;
}

at::Tensor inRunOrder(const Graph& graph, const LowBitWeight& weight, const at::Tensor& tensor) {
    const FakeQuantize& op = opOf(graph, weight);
    const bool inPlace = op.axis <= 0 && op.group <= 0 && tensor.is_non_overlapping_and_dense();
    return inPlace ? tensor.detach() : tensor.detach().contiguous();
}

std::vector<GridRun> gridRuns(const Graph& graph, const LowBitWeight& weight) {
    const FakeQuantize& op = opOf(graph, weight);
    const at::Tensor& values = *graph.value(weight.weight).data;
    const at::Tensor scale = graph.value(weight.scale).data->detach().cpu().contiguous();
    const at::Tensor zeroPoint = graph.value(weight.zeroPoint).data->detach().cpu().contiguous();
    int64_t length = values.numel();
    for (int64_t d = 0; d <= op.axis; ++d) length /= values.size(d);
    const int64_t part = op.group > 0 ? std::min(op.group, length) : length;
    std::vector<GridRun> runs;
    int64_t count = 0;  // of stretches with a scale
    for (int64_t slice = 0; slice < values.numel(); slice += length)
        for (int64_t begin = 0; begin < length; begin += part) {
            const int64_t end = std::min(length, begin + part), which = count++ % scale.numel();
            const loops::Grid grid = gridOf(op, scale.data_ptr<float>()[which], zeroPoint.data_ptr<float>()[which]);
            for (int64_t at = begin; at < end; at += kLongest)
                runs.push_back({slice + at, std::min(kLongest, end - at), which, grid});
        }
    return runs;
}

at::Tensor orderedGradient(at::Tensor& parameter) {
    const at::Tensor gradient = parameter.grad();
    if (!gradient.defined() || gradient.strides() == parameter.strides()) return gradient;
    at::Tensor ordered = at::empty_like(parameter.detach());
    ordered.copy_(gradient);
    parameter.mutable_grad() = ordered;
    return ordered;
}

}  // namespace qat
