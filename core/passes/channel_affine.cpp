// Inserting, folding and keeping the affine.
#include "passes/channel_affine.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "passes/fold_batch_norm.h"
#include "passes/stored_tensors.h"

namespace qat {
namespace {

constexpr std::string_view kSuffix = ".qc";

// The node that alone reads the value, which is no output.
std::optional<NodeId> onlyReader(const Graph& graph, ValueId value) {
    const auto users = graph.users(value);
    const bool isOutput = std::ranges::find(graph.outputs(), value, &GraphOutput::value) != graph.outputs().end();
    return isOutput || users.size() != 1 ? std::nullopt : std::optional(users.front());
}

// The weight may stand after its quantizer.
int64_t outputChannels(const Graph& graph, NodeId convolution) {
    const ValueId read = graph.node(convolution).inputs[1];
    const auto quantizer = graph.producer(read);
    return storedData(graph, quantizer ? graph.node(*quantizer).inputs[0] : read).size(0);
}

void mergeIntoNorm(Graph& graph, const ChannelAffine& affine, NodeId norm) {
    const std::vector<ValueId> in = graph.node(norm).inputs;
    const double eps = std::get<BatchNorm>(graph.node(norm).op).eps;
    const at::Tensor gamma = storedData(graph, affine.gamma).to(at::kDouble),
                     mean = storedData(graph, in[3]).to(at::kDouble);
    const at::Tensor weight = storedData(graph, in[1]).to(at::kDouble);
    const at::Tensor deviation = at::sqrt(storedData(graph, in[4]).to(at::kDouble) + eps);
    const at::Tensor shift = weight * ((gamma - 1) * mean + storedData(graph, affine.beta)) / deviation;
    replaceData(graph, in[1], (weight * gamma).to(at::kFloat));
    replaceData(graph, in[2], (storedData(graph, in[2]).to(at::kDouble) + shift).to(at::kFloat));
    graph.replaceUses(graph.node(affine.node).outputs.front(), graph.node(affine.convolution).outputs.front());
    graph.erase(affine.node);
}

// Whether scaling rows of the weight keeps its codes: of scales that are stored as such, above their floor.
bool takesRowScales(const Graph& graph, const ChannelAffine& affine, bool perChannel) {
    const auto maker = graph.producer(graph.node(affine.convolution).inputs[1]);
    const auto* op = maker ? std::get_if<FakeQuantize>(&graph.node(*maker).op) : nullptr;
    const bool scaled = op && op->format != NumberFormat::Half && op->scaleForm == ScaleForm::Plain && !op->learnOffset;
    if (!scaled || op->qmin != -op->qmax || op->axis > 0 || (op->axis < 0 && !perChannel)) return false;
    const at::Tensor factors = storedData(graph, affine.gamma).abs();
    const at::Tensor kept = at::where(factors.gt(0), factors, at::ones({}));  // a channel times 0 keeps its scale
    const at::Tensor least = storedData(graph, graph.node(*maker).inputs[1]).abs().min() * kept.min();
    return least.item<double>() >= op->floor &&
           storedData(graph, graph.node(*maker).inputs[2]).eq(0).all().item<bool>();
}

}  // namespace

ChannelAffine insertAffine(Graph& graph, NodeId convolution) {
    ensure(std::holds_alternative<Conv2d>(graph.node(convolution).op), "corrections stand after convolutions");
    const std::string name = graph.node(convolution).name + std::string(kSuffix);
    const ValueId output = graph.node(convolution).outputs.front();
    const Shape shape{outputChannels(graph, convolution)};
    const auto filled = [&](double value) { return std::make_shared<at::Tensor>(at::full(shape, value)); };
    ChannelAffine affine{convolution,
                         {},
                         graph.addParameter(name + ".gamma", filled(1), shape),
                         graph.addParameter(name + ".beta", filled(0), shape)};
    const ValueId mean = graph.addBuffer(name + ".mean", filled(0), shape),
                  variance = graph.addBuffer(name + ".variance", filled(1), shape);
    affine.node =
        graph.insertAfter(output, name, BatchNorm{.eps = 0}, {output, affine.gamma, affine.beta, mean, variance});
    const ValueId corrected = graph.node(affine.node).outputs.front();
    graph.replaceUses(output, corrected);
    graph.replaceUsesIn(affine.node, corrected, output);
    return affine;
}

AffineForm foldAffine(Graph& graph, const ChannelAffine& affine, bool perChannel) {
    const auto reader = onlyReader(graph, graph.node(affine.node).outputs.front());
    if (reader && std::holds_alternative<BatchNorm>(graph.node(*reader).op)) {
        mergeIntoNorm(graph, affine, *reader);
        return AffineForm::Norm;
    }
    if (takesRowScales(graph, affine, perChannel) && foldBatchNorm(graph, affine.node)) return AffineForm::Scales;
    keepAffine(graph, affine);
    return AffineForm::Operations;
}

void keepAffine(Graph& graph, const ChannelAffine& affine) {
    for (const ValueId id : {affine.gamma, affine.beta})
        replaceData(graph, id, storedData(graph, id).reshape({1, -1, 1, 1}).clone());
    const std::string name = graph.node(affine.node).name;
    const ValueId output = graph.node(affine.convolution).outputs.front(),
                  corrected = graph.node(affine.node).outputs.front();
    const NodeId factor = graph.insertAfter(output, name + ".factor", Binary{BinaryKind::Mul}, {output, affine.gamma});
    const ValueId scaled = graph.node(factor).outputs.front();
    const NodeId offset = graph.insertAfter(scaled, name + ".offset", Binary{BinaryKind::Add}, {scaled, affine.beta});
    graph.replaceUses(corrected, graph.node(offset).outputs.front());
    graph.erase(affine.node);
}

int foldKeptAffines(Graph& graph) {
    int merged = 0;
    const std::vector<NodeId> order = graph.order();
    for (const NodeId id : order) {
        const Node convolution = graph.node(id);
        if (!std::holds_alternative<Conv2d>(convolution.op)) continue;
        const auto factor = graph.findNode(convolution.name + std::string(kSuffix) + ".factor"),
                   offset = graph.findNode(convolution.name + std::string(kSuffix) + ".offset");
        if (!factor || !offset) continue;
        ensure(convolution.inputs.size() > 2 && !graph.producer(convolution.inputs[1]),
               "a float convolution with a bias below a correction");
        const at::Tensor gamma = storedData(graph, graph.node(*factor).inputs[1]).reshape({-1}),
                         beta = storedData(graph, graph.node(*offset).inputs[1]).reshape({-1});
        replaceData(graph, convolution.inputs[1],
                    storedData(graph, convolution.inputs[1]) * gamma.reshape({-1, 1, 1, 1}));
        replaceData(graph, convolution.inputs[2], storedData(graph, convolution.inputs[2]) * gamma + beta);
        graph.replaceUses(graph.node(*offset).outputs.front(), convolution.outputs.front());
        graph.erase(*offset);
        graph.erase(*factor);
        ++merged;
    }
    return merged;
}

ValueId correctedOutput(const Graph& graph, ValueId output) {
    const auto maker = graph.producer(output);
    const auto offset =
        maker ? graph.findNode(graph.node(*maker).name + std::string(kSuffix) + ".offset") : std::nullopt;
    return offset ? graph.node(*offset).outputs.front() : output;
}

}  // namespace qat
