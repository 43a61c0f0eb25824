// Codes before and after the ends of the grid, counted.
#include "train/quantizer_report.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "ops/fake_quantize.h"
#include "ops/fixed_split.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr int64_t kSampled = 65536;  // values of an activation in a batch

struct Counts {
    double values = 0, clipped = 0;
    std::set<float> codes;
};

// All in the processor's memory; x: whole for a weight, any values of a per-tensor activation.
void count(const FakeQuantize& op, const at::Tensor& x, const at::Tensor& scale, const at::Tensor& zeroPoint,
           Counts& counts) {
    const at::Tensor different = std::get<0>(at::_unique(quantizedCodes(op, x, scale, zeroPoint)));
    counts.codes.insert(different.data_ptr<float>(), different.data_ptr<float>() + different.numel());
    counts.values += static_cast<double>(x.numel());
    if (op.format == NumberFormat::Binary) return;
    const at::Tensor place =
        x * spreadOver(op, x, plainScales(op, scale).reciprocal()) + spreadOver(op, x, plainZeroPoints(op, zeroPoint));
    const double half = isFloat(op.format) ? 0 : 0.5;
    counts.clipped += place.lt(static_cast<double>(op.qmin) - half)
                          .logical_or_(place.gt(static_cast<double>(op.qmax) + half))
                          .sum()
                          .item<double>();
}

double levelsOf(const FakeQuantize& op) {
    if (op.format == NumberFormat::Binary) return 2;
    return isFloat(op.format) ? static_cast<double>(int64_t{1} << op.bits) : static_cast<double>(op.qmax - op.qmin + 1);
}

double shareAtFloor(const Quantizer& q, const at::Tensor& plain) {
    const float* scales = plain.data_ptr<float>();
    const auto count = std::count_if(scales, scales + plain.numel(), [&](float scale) { return q.isAtFloor(scale); });
    return static_cast<double>(count) / static_cast<double>(plain.numel());
}

}  // namespace

std::map<std::string, double> QuantizerReport::metrics() const {
    return {{"scale", scale},
            {"gradient_norm", gradientNorm},
            {"clipped", clipped},
            {"used_levels", usedLevels},
            {"at_floor", atFloor}};
}

std::vector<QuantizerReport> reportQuantizers(const Graph& graph, const QuantizerSet& set, const at::Tensor& images) {
    const at::NoGradGuard noGrad;
    std::vector<Counts> counts(set.all().size());
    std::map<ValueId, size_t> watched;
    const auto opOf = [&](const Quantizer& q) -> const FakeQuantize& {
        return std::get<FakeQuantize>(graph.node(q.nodes.front()).op);
    };
    for (size_t i = 0; i < set.all().size(); ++i) {
        const Quantizer& q = set.all()[i];
        if (q.weight)
            count(opOf(q), graph.value(q.observed.front()).data->detach().cpu(), graph.value(q.scale).data->cpu(),
                  graph.value(q.zeroPoint).data->cpu(), counts[i]);
        else
            for (const NodeId node : q.nodes) watched[graph.node(node).inputs[0]] = i;
    }
    std::vector<std::string> outputs;
    for (const auto& output : graph.outputs()) outputs.push_back(output.name);
    Executor executor(graph, {.outputs = outputs});
    const auto look = [&](ValueId value, const at::Tensor& tensor) {
        const size_t index = watched.at(value);
        const Quantizer& q = set.all()[index];
        const bool whole = opOf(q).axis >= 0;
        const at::Tensor flat = whole ? tensor : tensor.contiguous().flatten();
        const at::Tensor sample =
            whole ? flat : flat.slice(0, 0, flat.numel(), std::max<int64_t>(1, flat.numel() / kSampled));
        count(opOf(q), sample.cpu(), graph.value(q.scale).data->cpu(), graph.value(q.zeroPoint).data->cpu(),
              counts[index]);
    };
    executor.setHook(look, [&](ValueId value) { return watched.contains(value); });
    executor.run(images);
    std::vector<QuantizerReport> reports;
    const OneThread one;
    for (size_t i = 0; i < counts.size(); ++i) {
        const Quantizer& q = set.all()[i];
        const at::Tensor& scale = *graph.value(q.scale).data;
        const at::Tensor plain = plainScales(opOf(q), scale.cpu());
        QuantizerReport report{q.name, q.grid.bits, plain.mean().item<double>(), 0,
                               0,      0,           shareAtFloor(q, plain),      opOf(q).mode != FakeQuantMode::Ste};
        if (scale.grad().defined()) report.gradientNorm = scale.grad().norm().item<double>();
        if (counts[i].values > 0) report.clipped = counts[i].clipped / counts[i].values;
        report.usedLevels = static_cast<double>(counts[i].codes.size()) / levelsOf(opOf(q));
        reports.push_back(report);
    }
    return reports;
}

}  // namespace qat
