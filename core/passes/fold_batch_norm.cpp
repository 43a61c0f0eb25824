// Matching, checking and rewriting for the batch norm fold.
#include "passes/fold_batch_norm.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "passes/canonicalize_quantizers.h"
#include "passes/stored_tensors.h"

namespace qat {
namespace {

struct Match {
    NodeId norm, conv;
    std::optional<NodeId> quantizer;  // of the convolution's weight
};

std::optional<Match> match(const Graph& graph, NodeId norm) {
    if (!std::holds_alternative<BatchNorm>(graph.node(norm).op)) return std::nullopt;
    const ValueId x = graph.node(norm).inputs.front();
    const auto conv = graph.producer(x);
    if (!conv || !std::holds_alternative<Conv2d>(graph.node(*conv).op) || !hasOneReader(graph, x)) return std::nullopt;
    // What the fold rewrites must belong to this convolution alone.
    for (size_t i = 1; i < graph.node(*conv).inputs.size(); ++i)
        if (!hasOneReader(graph, graph.node(*conv).inputs[i])) return std::nullopt;
    const auto quantizer = graph.producer(graph.node(*conv).inputs[1]);
    if (quantizer && (!std::holds_alternative<FakeQuantize>(graph.node(*quantizer).op) ||
                      !hasOneReader(graph, graph.node(*quantizer).inputs[0])))
        return std::nullopt;
    return Match{norm, *conv, quantizer};
}

at::Tensor perOutput(const at::Tensor& vector) {
    return vector.reshape({-1, 1, 1, 1});
}

// Scales the weight by `factor` per output channel.
void scaleWeight(Graph& graph, ValueId weight, const at::Tensor& factor) {
    at::Tensor scaled = storedData(graph, weight).to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
    replaceData(graph, weight, scaled.mul_(perOutput(factor)).to(at::kFloat));
}

// Scales the grid along. Weights that rounding puts on another code than before, they stood next to a boundary, move to
// the middle of the code they had. A channel that is multiplied by 0 has codes of 0 and keeps its scale, since a grid
// without steps is none.
void scaleQuantizedWeight(Graph& graph, const Match& m, const at::Tensor& factor) {
    Node& quantizer = graph.node(*m.quantizer);
    auto& op = std::get<FakeQuantize>(quantizer.op);
    ensure(op.scaleForm == ScaleForm::Plain && !op.learnOffset, "canonical quantizers before the fold");
    const auto [weight, scale, zeroPoint] = std::tuple{quantizer.inputs[0], quantizer.inputs[1], quantizer.inputs[2]};
    require(op.qmin == -op.qmax && storedData(graph, zeroPoint).eq(0).all().item<bool>() && op.axis <= 0,
            ErrorKind::Unsupported, graph.node(m.conv).name,
            ": a batch norm folds only into a symmetric weight grid per tensor or per output channel");
    if (op.format == NumberFormat::Half) return scaleWeight(graph, weight, factor);  // nothing scales its grid
    const auto codes = [&] {
        return quantizedCodes(op, storedData(graph, weight), storedData(graph, scale), storedData(graph, zeroPoint));
    };
    const at::Tensor before = codes();
    scaleWeight(graph, weight, factor);
    const at::Tensor scales = storedData(graph, scale).abs().reshape({op.axis < 0 ? 1 : factor.size(0), -1});
    const at::Tensor product = scales * factor.abs().reshape({-1, 1});
    const at::Tensor alive = product.gt(0).all(1);  // a tiny factor may leave nothing of a scale
    const at::Tensor scaled = at::where(alive.reshape({-1, 1}), product, scales).reshape({-1});
    const at::Tensor wanted = before * perOutput(factor.sign() * alive);
    replaceData(graph, scale, scaled);
    replaceData(graph, zeroPoint, at::zeros_like(scaled));
    op.axis = 0;
    const at::Tensor onGrid = wanted * spreadOver(op, wanted, plainScales(op, scaled));
    replaceData(graph, weight, at::where(codes().eq(wanted), storedData(graph, weight), onGrid));
}

// The bias of the convolution, whose weight is scaled. Undefined if the network has no tensors yet.
at::Tensor foldNumbers(Graph& graph, const Match& m) {
    const std::vector<ValueId> norm = graph.node(m.norm).inputs;
    if (!graph.value(norm[1]).data) return {};
    const double eps = std::get<BatchNorm>(graph.node(m.norm).op).eps;
    // In double: the fold is done once, and its rounding would be in every result.
    const at::Tensor factor =
        storedData(graph, norm[1]).to(at::kDouble) / at::sqrt(storedData(graph, norm[4]).to(at::kDouble) + eps);
    at::Tensor bias = -storedData(graph, norm[3]).to(at::kDouble);
    const Node& conv = graph.node(m.conv);
    if (conv.inputs.size() == 3) bias = bias + storedData(graph, conv.inputs[2]);
    bias = (bias * factor + storedData(graph, norm[2])).to(at::kFloat);
    if (m.quantizer)
        scaleQuantizedWeight(graph, m, factor.to(at::kFloat));
    else
        scaleWeight(graph, conv.inputs[1], factor);
    return bias;
}

void rewrite(Graph& graph, const Match& m) {
    const Shape shape = graph.value(graph.node(m.norm).inputs[1]).shape;
    const at::Tensor bias = foldNumbers(graph, m);
    Node& conv = graph.node(m.conv);
    if (conv.inputs.size() < 3) conv.inputs.push_back(graph.addParameter(conv.name + ".bias", nullptr, shape));
    if (bias.defined()) replaceData(graph, conv.inputs[2], bias);
    for (DeclaredQuantizer& declared : graph.declared)
        if (!declared.weight && declared.node == graph.node(m.norm).name) declared.node = conv.name;
    graph.replaceUses(graph.node(m.norm).outputs.front(), graph.node(m.conv).outputs.front());
    graph.erase(m.norm);
}

}  // namespace

bool foldBatchNorm(Graph& graph, NodeId norm) {
    const auto found = match(graph, norm);
    if (found) rewrite(graph, *found);
    return found.has_value();
}

int foldBatchNorm(Graph& graph) {
    int folded = 0;
    const std::vector<NodeId> order = graph.order();
    for (const NodeId id : order) folded += foldBatchNorm(graph, id);
    return folded;
}

}  // namespace qat
