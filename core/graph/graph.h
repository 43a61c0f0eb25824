// The one description of a model: nodes in topological order over named values. No torch header is needed to use it.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/task_words.h"
#include "graph/declared_quantizer.h"
#include "graph/types.h"
#include "ops/op.h"

namespace qat {

enum class ValueKind {
    Input,       // given at each run
    Activation,  // made by a node
    Parameter,   // trained
    Buffer,      // state that is not trained: running statistics, observed ranges
    Constant     // a number of the architecture, in no state dict
};

// Held by the graph itself: parameters, buffers, constants.
constexpr bool isStored(ValueKind kind) {
    return kind == ValueKind::Parameter || kind == ValueKind::Buffer || kind == ValueKind::Constant;
}

struct Value {
    std::string name;  // state-dict name for parameters and buffers; unique in the graph
    ValueKind kind = ValueKind::Activation;
    ElementType type = ElementType::Float32;
    Shape shape;     // of the last probe run for activations; exact for parameters
    TensorPtr data;  // stored values only
};

// What a node is in its network, as its builder says.
enum class NodeRole {
    None,
    Head,              // a part of the head
    HeadLast,          // a layer of the head whose result is the raw map
    Projection,        // a frozen layer of the head that takes an expectation over bins (DFL)
    SeparableClasses,  // a layer before the last of a class branch of depthwise and pointwise convolutions
    PlainSides         // a layer before the last of a box branch whose result is the sides themselves, no distribution
};

constexpr bool isInHead(NodeRole role) {
    return role != NodeRole::None;
}

struct Node {
    std::string name;  // module path: model.2.m.0.cv1.conv; unique
    Op op;
    std::vector<ValueId> inputs, outputs;
    NodeRole role = NodeRole::None;
};

// What an output is for.
enum class OutputRole {
    None,
    Feature,       // an inner map that others may look at
    Backbone,      // the map with which the backbone ends, a feature too
    RawHead,       // what the head makes of its features, one a level: losses and comparisons look at it
    Decoded,       // what the network is asked for: boxes and scores
    OtherRawHead,  // the same two of a second head, which is trained with the first and not deployed
    OtherDecoded,
    Extra,       // what is deployed beside the decoded boxes: mask coefficients, prototypes, key points, angles
    OtherExtra,  // the same of the other head, and what only a training elsewhere reads
    RawExtra     // what the layers of all of these make, before it is decoded: calibration and comparisons look at it
};

struct GraphOutput {
    std::string name;  // unique
    ValueId value;
    OutputRole role = OutputRole::None;
};

// Whatever begins with `stored` is known with `known` in its place too: model.22. as model.22.detect.
struct AliasRule {
    std::string stored, known;
};

// The heads of an end-to-end detector: one box an object, or several that non-maximum suppression thins.
inline constexpr std::string_view kOneToOne = "one2one", kOneToMany = "one2many";

// Metadata that travels with a model and belongs to no node.
struct ModelInfo {
    std::string architecture;  // yolov8
    std::string variant;       // n, s, m, l, x
    int64_t numClasses = 0;
    std::vector<std::string> classNames;  // numClasses long
    std::vector<int64_t> strides;         // 8, 16, 32
    int64_t regMax = 16;                  // bins of each box side's distribution; 1: the side itself
    std::string head{};            // the one of two that is deployed, kOneToOne or kOneToMany; empty where there is one
    std::vector<float> anchors{};  // width and height in input pixels of each, levels in order; empty: anchor-free
    std::string task{kDetection.name};  // what it is for
    std::string table{};  // of its layers, JSON on one line (models/layout.h); empty of members of known families
};

// More than 25 methods: order, names and ids are one invariant, and these are the few verbs that keep it and the
// questions that nobody can answer without it. What can be said with them stands below, as functions.
class Graph {
public:
    ModelInfo info;
    std::vector<AliasRule> aliases;           // in the order in which they are shown
    std::vector<DeclaredQuantizer> declared;  // at most one a weight and one a result

    // Building. Names must be unique; nodes are appended, so inputs must exist already.
    ValueId addInput(std::string name, Shape shape);
    ValueId addParameter(std::string name, TensorPtr data, Shape shape);
    ValueId addBuffer(std::string name, TensorPtr data, Shape shape, ElementType type = ElementType::Float32);
    // One-dimensional; its numbers are part of the graph's text.
    ValueId addConstant(std::string name, const std::vector<float>& numbers);
    NodeId addNode(std::string name, Op op, std::vector<ValueId> inputs, int outputs = 1);
    // The same, returning the only output.
    ValueId add(std::string name, Op op, std::vector<ValueId> inputs);
    // An output of that name gets another value and role.
    void setOutput(std::string name, ValueId value, OutputRole role = OutputRole::None);
    void dropOutput(std::string_view name);

    // Looking.
    const Value& value(ValueId id) const { return m_values[static_cast<size_t>(id.index)]; }
    Value& value(ValueId id) { return m_values[static_cast<size_t>(id.index)]; }
    const Node& node(NodeId id) const { return m_nodes[static_cast<size_t>(id.index)]; }
    Node& node(NodeId id) { return m_nodes[static_cast<size_t>(id.index)]; }
    size_t valueCount() const { return m_values.size(); }
    // Live nodes in execution order.
    const std::vector<NodeId>& order() const { return m_order; }
    const std::vector<ValueId>& inputs() const { return m_inputs; }
    const std::vector<GraphOutput>& outputs() const { return m_outputs; }
    ValueId output(std::string_view name) const;  // invalid id if there is none
    std::vector<std::string> outputNames(OutputRole role) const;
    std::optional<NodeId> findNode(std::string_view name) const;
    std::optional<ValueId> findValue(std::string_view name) const;
    std::optional<NodeId> producer(ValueId id) const;  // none for inputs and stored values
    std::vector<NodeId> users(ValueId id) const;       // in execution order
    // Stored values that a live node reads, in order of first use.
    std::vector<ValueId> storedValues() const;

    // Editing. Every verb leaves a graph that verify() accepts if its arguments make sense.
    void replaceUses(ValueId from, ValueId to);  // in nodes and outputs
    void replaceUsesIn(NodeId node, ValueId from, ValueId to);
    // Adds a node right after the producer of `after` (first in order if it has none).
    NodeId insertAfter(ValueId after, std::string name, Op op, std::vector<ValueId> inputs, int outputs = 1);
    void erase(NodeId id);  // nobody may use what it makes
    void sweep();           // drops nodes no output needs
    void renameValue(ValueId id, std::string name);

    // Copies the structure; with tensors the stored values are copied too, else they are shared.
    Graph clone(bool copyTensors) const;

private:
    ValueId addValue(Value value);
    std::string uniqueValueName(std::string wanted) const;

    std::vector<Value> m_values;
    std::vector<Node> m_nodes;
    std::vector<NodeId> m_order;
    std::vector<ValueId> m_inputs;
    std::vector<GraphOutput> m_outputs;
    std::map<std::string, ValueId, std::less<>> m_valueByName;
    std::map<std::string, NodeId, std::less<>> m_nodeByName;
};

// The weight and the bias that a layer reads (LayerRole); invalid ids if it has none.
ValueId weightOf(const Node& layer);
ValueId biasOf(const Node& layer);

// The inputs that a node moves if it moves data only: all but those of which only the shape counts.
std::span<const ValueId> movedInputs(const Node& node);

// Throws Error{Internal} naming the node: every input is made before it is read, names and ids agree, arity fits.
void verify(const Graph& graph);

// Readable text, one node a line, and back: all but the names of the classes and the tensors of parameters and buffers,
// which have no data when loaded.
// parseGraph throws Error{BadInput} naming the line.
std::string dumpGraph(const Graph& graph);
Graph parseGraph(std::string_view text);

// The outputs by which networks are compared, calibrated and trained: the raw head maps, else the
// decoded output, else the first one.
std::vector<std::string> headOutputs(const Graph& graph);

// Those, the raw maps of a head that is not deployed, and those of further results: everything that has layers.
std::vector<std::string> trainedOutputs(const Graph& graph);

// What the network is asked for. Throws Error{BadInput} if it has no decoded output.
std::string decodedOutput(const Graph& graph);

// The outputs of the deployed head are called head.0, head.1, ... and decoded, those of the other one likewise behind
// this.
inline constexpr std::string_view kOtherHead = "other.";

// Makes the heads change places, unless `head` is deployed already. Throws Error{BadInput} for a model with one head
// and for a word that names none.
void deployHead(Graph& graph, std::string_view head);

// Takes the other head away, if there is one, and what only training needs.
// Returns how many nodes went.
int64_t dropOtherHead(Graph& graph);

// Other names under which a layer or a module is known to patterns, by the graph's rules:
// model.2.m.0.cv1.conv -> model.2.bottleneck.0.cv1.conv, ...
std::vector<std::string> layerAliases(const Graph& graph, std::string_view name);

}  // namespace qat
