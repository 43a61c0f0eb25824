// The checks every pass must leave standing.
#include <algorithm>
#include <set>

#include "base/error.h"
#include "graph/graph.h"

namespace qat {
namespace {

struct Arity {
    size_t least, most;
};

Arity inputArity(const Op& op) {
    return std::visit(Overload{[](const Conv2d&) {
                                   return Arity{2, 3};
                               },
                               [](const Linear&) {
                                   return Arity{2, 3};
                               },
                               [](const BatchNorm&) {
                                   return Arity{5, 5};
                               },
                               [](const Activation&) {
                                   return Arity{1, 1};
                               },
                               [](const Binary&) {
                                   return Arity{2, 2};
                               },
                               [](const Pool&) {
                                   return Arity{1, 1};
                               },
                               [](const Resize&) {
                                   return Arity{1, 1};
                               },
                               [](const Concat&) {
                                   return Arity{1, 1u << 16};
                               },
                               [](const Split&) {
                                   return Arity{1, 1};
                               },
                               [](const Slice&) {
                                   return Arity{1, 1};
                               },
                               [](const Reshape&) {
                                   return Arity{1, 1};
                               },
                               [](const Permute&) {
                                   return Arity{1, 1};
                               },
                               [](const Softmax&) {
                                   return Arity{1, 1};
                               },
                               [](const AnchorPoints& a) {
                                   return Arity{std::max<size_t>(a.strides.size(), 1), a.strides.size()};
                               },
                               [](const FakeQuantize&) {
                                   return Arity{3, 3};
                               },
                               [](const Quantize&) {
                                   return Arity{3, 3};
                               },
                               [](const Dequantize&) {
                                   return Arity{3, 3};
                               },
                               [](const IntegerConv2d& c) {
                                   return c.requantize ? Arity{6, 6} : Arity{5, 5};
                               },
                               [](const IntegerAdd&) {
                                   return Arity{4, 4};
                               },
                               [](const Lookup&) {
                                   return Arity{2, 2};
                               }},
                      op);
}

size_t outputCount(const Op& op) {
    if (const auto* split = std::get_if<Split>(&op)) return split->sizes.size();
    return std::holds_alternative<AnchorPoints>(op) ? 2 : 1;
}

void verifyNode(const Graph& graph, const Node& node, std::set<ValueId>& made) {
    const Arity arity = inputArity(node.op);
    const auto wrong = [&](auto... what) { fail(ErrorKind::Internal, "graph: node ", node.name, " ", what...); };
    if (node.inputs.size() < arity.least || node.inputs.size() > arity.most)
        wrong("has ", node.inputs.size(), " inputs");
    if (node.outputs.size() != outputCount(node.op)) wrong("has ", node.outputs.size(), " outputs");
    for (const ValueId input : node.inputs) {
        if (!input.valid() || static_cast<size_t>(input.index) >= graph.valueCount()) wrong("reads no value");
        if (graph.value(input).kind == ValueKind::Activation && !made.contains(input))
            wrong("reads ", graph.value(input).name, " before it is made");
    }
    for (const ValueId output : node.outputs)
        if (!made.insert(output).second) wrong("makes ", graph.value(output).name, " a second time");
}

}  // namespace

void verify(const Graph& graph) {
    std::set<ValueId> made;
    std::set<std::string_view> names;
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        require(names.insert(node.name).second, ErrorKind::Internal, "graph: two nodes are called ", node.name);
        require(graph.findNode(node.name) == id, ErrorKind::Internal, "graph: node ", node.name,
                " is not found by name");
        verifyNode(graph, node, made);
    }
    for (const auto& output : graph.outputs()) {
        const bool exists = output.value.valid() && static_cast<size_t>(output.value.index) < graph.valueCount() &&
                            (made.contains(output.value) || graph.value(output.value).kind != ValueKind::Activation);
        require(exists, ErrorKind::Internal, "graph: output ", output.name, " is made by no node");
    }
}

}  // namespace qat
