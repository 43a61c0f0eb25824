// Finding the branches of an addition, and joining them.
#include "passes/merge_parallel_convs.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "passes/fold_batch_norm.h"
#include "passes/stored_tensors.h"

namespace qat {
namespace {

// What an addition reads: a convolution, perhaps behind a batch norm.
struct Branch {
    NodeId conv;
    std::optional<NodeId> norm;
};

const Conv2d& windowOf(const Graph& graph, const Branch& branch) {
    return std::get<Conv2d>(graph.node(branch.conv).op);
}

const Shape& kernelOf(const Graph& graph, const Branch& branch) {
    return graph.value(graph.node(branch.conv).inputs[1]).shape;
}

bool isOddAndCentred(const Graph& graph, const Branch& branch) {
    const Conv2d& window = windowOf(graph, branch);
    const Shape& kernel = kernelOf(graph, branch);
    for (const size_t side : {0u, 1u})
        if (kernel[2 + side] % 2 == 0 || window.padding[side] != kernel[2 + side] / 2 || window.dilation[side] != 1)
            return false;
    return true;
}

// Weight and bias are parameters, not quantizers' results, and belong to this convolution alone.
bool ownsItsWeights(const Graph& graph, const Branch& branch) {
    const std::vector<ValueId>& inputs = graph.node(branch.conv).inputs;
    return std::all_of(inputs.begin() + 1, inputs.end(), [&](ValueId id) {
        return graph.value(id).kind == ValueKind::Parameter && hasOneReader(graph, id);
    });
}

std::optional<Branch> branchAt(const Graph& graph, ValueId value) {
    Branch branch;
    auto maker = graph.producer(value);
    if (maker && std::holds_alternative<BatchNorm>(graph.node(*maker).op) && hasOneReader(graph, value)) {
        branch.norm = maker;
        value = graph.node(*maker).inputs.front();
        maker = graph.producer(value);
    }
    if (!maker || !std::holds_alternative<Conv2d>(graph.node(*maker).op) || !hasOneReader(graph, value))
        return std::nullopt;
    branch.conv = *maker;
    const bool sound = ownsItsWeights(graph, branch) && isOddAndCentred(graph, branch);
    return sound ? std::optional(branch) : std::nullopt;
}

bool mayMerge(const Graph& graph, const Branch& a, const Branch& b) {
    const Conv2d &one = windowOf(graph, a), &other = windowOf(graph, b);
    const Shape &v = kernelOf(graph, a), &w = kernelOf(graph, b);
    return a.conv != b.conv && graph.node(a.conv).inputs[0] == graph.node(b.conv).inputs[0] &&
           one.stride == other.stride && one.groups == other.groups && v[0] == w[0] && v[1] == w[1];
}

// Weights of ones that hand every channel on, as one of the groups of a convolution sees them.
at::Tensor identityKernel(int64_t channels, int64_t groups) {
    const int64_t each = channels / groups;
    return at::eye(each, at::kFloat).repeat({groups, 1}).reshape({channels, each, 1, 1});
}

// A batch norm of what the other branch reads gets the convolution that it has in effect.
std::optional<Branch> identityBeside(Graph& graph, const Branch& other, ValueId value) {
    const auto norm = graph.producer(value);
    if (!norm || !std::holds_alternative<BatchNorm>(graph.node(*norm).op) || !hasOneReader(graph, value))
        return std::nullopt;
    const Node beside = graph.node(other.conv);
    const Conv2d window = std::get<Conv2d>(beside.op);
    const int64_t channels = kernelOf(graph, other)[0], each = kernelOf(graph, other)[1];
    const ValueId x = beside.inputs[0];
    if (graph.node(*norm).inputs[0] != x || window.stride != Pair{1, 1} || each * window.groups != channels)
        return std::nullopt;
    const std::string name = graph.node(*norm).name + ".identity";
    const auto kernel = std::make_shared<at::Tensor>(identityKernel(channels, window.groups));
    const ValueId weight = graph.addParameter(name + ".weight", kernel, kernel->sizes().vec());
    const NodeId conv = graph.insertAfter(x, name, Conv2d{{1, 1}, {0, 0}, {1, 1}, window.groups}, {x, weight});
    graph.replaceUsesIn(*norm, x, graph.node(conv).outputs.front());
    return Branch{conv, norm};
}

int64_t areaOf(const Graph& graph, const Branch& branch) {
    return kernelOf(graph, branch)[2] * kernelOf(graph, branch)[3];
}

// The one that stays comes first.
std::optional<std::pair<Branch, Branch>> branchesOf(Graph& graph, NodeId addition) {
    const auto* op = std::get_if<Binary>(&graph.node(addition).op);
    if (!op || op->kind != BinaryKind::Add) return std::nullopt;
    const ValueId first = graph.node(addition).inputs[0], second = graph.node(addition).inputs[1];
    auto a = branchAt(graph, first), b = branchAt(graph, second);
    if (a && !b) b = identityBeside(graph, *a, second);
    if (b && !a) a = identityBeside(graph, *b, first);
    if (!a || !b || !mayMerge(graph, *a, *b)) return std::nullopt;
    return areaOf(graph, *b) > areaOf(graph, *a) ? std::pair(*b, *a) : std::pair(*a, *b);
}

// Around its middle.
at::Tensor padded(const at::Tensor& kernel, int64_t height, int64_t width) {
    const int64_t rows = (height - kernel.size(2)) / 2, columns = (width - kernel.size(3)) / 2;
    return rows == 0 && columns == 0 ? kernel : at::constant_pad_nd(kernel, {columns, columns, rows, rows});
}

void addWeights(Graph& graph, NodeId into, NodeId from) {
    const ValueId kept = graph.node(into).inputs[1], other = graph.node(from).inputs[1];
    Shape &shape = graph.value(kept).shape, &added = graph.value(other).shape;
    for (const size_t side : {2u, 3u}) shape[side] = std::max(shape[side], added[side]);
    if (!graph.value(kept).data || !graph.value(other).data) return;
    replaceData(
        graph, kept,
        padded(storedData(graph, kept), shape[2], shape[3]) + padded(storedData(graph, other), shape[2], shape[3]));
}

void addBiases(Graph& graph, NodeId into, NodeId from) {
    if (graph.node(from).inputs.size() < 3) return;
    const ValueId other = graph.node(from).inputs[2];
    if (graph.node(into).inputs.size() < 3) {
        const Value added = graph.value(other);
        const std::string name = graph.node(into).name + ".bias";
        graph.node(into).inputs.push_back(graph.addParameter(name, added.data, added.shape));
        return;
    }
    const ValueId kept = graph.node(into).inputs[2];
    if (graph.value(kept).data && graph.value(other).data)
        replaceData(graph, kept, storedData(graph, kept) + storedData(graph, other));
}

void merge(Graph& graph, NodeId addition, const Branch& kept, const Branch& other) {
    for (const Branch& branch : {kept, other})
        if (branch.norm) ensure(foldBatchNorm(graph, *branch.norm), "a batch norm behind a convolution of its own");
    addWeights(graph, kept.conv, other.conv);
    addBiases(graph, kept.conv, other.conv);
    const Shape& kernel = kernelOf(graph, kept);
    std::get<Conv2d>(graph.node(kept.conv).op).padding = {kernel[2] / 2, kernel[3] / 2};
    graph.replaceUses(graph.node(addition).outputs.front(), graph.node(kept.conv).outputs.front());
    graph.erase(addition);
    graph.erase(other.conv);
}

}  // namespace

int mergeParallelConvs(Graph& graph, const std::function<bool(std::string_view)>& wanted) {
    int merged = 0;
    const std::vector<NodeId> order = graph.order();
    for (const NodeId id : order) {
        const auto branches = branchesOf(graph, id);
        if (!branches || !wanted(graph.value(graph.node(branches->second.conv).inputs[1]).name)) continue;
        merge(graph, id, branches->first, branches->second);
        ++merged;
    }
    return merged;
}

}  // namespace qat
