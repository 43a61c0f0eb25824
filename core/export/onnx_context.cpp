// Values on an integer grid stay integers through operators that only move or pick numbers, so that a runtime can keep
// them in bytes.
#include "export/onnx_context.h"

#include <algorithm>

#include "base/error.h"
#include "export/onnx_names.h"
#include "export/stored_values.h"

namespace qat {

void OnnxContext::bindInput(ValueId input, const std::string& name) {
    m_written[input] = {name, std::nullopt, false};
}

void OnnxContext::enter(const Node& node) {
    m_node = &node;
    m_scope = onnxScope(node.name);
}

void OnnxContext::giveUp(const std::string& reason) {
    findings.issues.push_back(str(m_node->name, ": ", reason));
    for (const ValueId made : m_node->outputs) m_written[made] = {"not expressed", std::nullopt, false};
}

const Shape& OnnxContext::inputShape(size_t index) const {
    const Shape& shape = input(index).shape;
    const auto maker = graph.producer(m_node->inputs[index]);
    return shape.empty() && maker ? graph.value(graph.node(*maker).inputs[0]).shape : shape;
}

bool OnnxContext::isFakeQuantized(size_t index) const {
    const Written* written = find(m_node->inputs[index]);
    return written && written->fakeQuantized;
}

const OnnxContext::Written* OnnxContext::find(ValueId id) const {
    const auto found = m_written.find(id);
    return found == m_written.end() ? nullptr : &found->second;
}

const Grid* OnnxContext::gridOf(ValueId id) const {
    const Written* written = find(id);
    return written && written->integers ? &written->integers->grid : nullptr;
}

std::string OnnxContext::read(ValueId id) {
    if (const Written* written = find(id))
        return written->integers ? quantizers.dequantize(*written->integers) : written->tensor;
    const Value& value = graph.value(id);
    ensure(isStored(value.kind), "a value that is written before it is read");
    const std::string name = builder.addFloats(value.name, value.shape, numbersIn(storedTensor(value)));
    m_written[id] = {name, std::nullopt, false};
    return name;
}

std::vector<std::string> OnnxContext::readAll() {
    std::vector<std::string> tensors;
    for (const ValueId id : m_node->inputs) tensors.push_back(read(id));
    return tensors;
}

std::string OnnxContext::emit(const std::string& opType, const std::vector<std::string>& inputs,
                              const std::vector<OnnxAttribute>& attributes) {
    return builder.addNode(m_scope, opType, inputs, attributes);
}

std::string OnnxContext::integers(const char* suffix, const std::vector<int64_t>& values) {
    return builder.integerConstant(m_scope + suffix, OnnxType::Int64, {static_cast<int64_t>(values.size())}, values);
}

std::string OnnxContext::number(double value) {
    const auto single = static_cast<float>(value);
    return builder.floatConstant(m_scope + "/number", {}, {&single, 1});
}

void OnnxContext::finish(const std::vector<std::string>& tensors) {
    const Grid* grid = movesDataOnly(m_node->op) ? gridOf(m_node->inputs.front()) : nullptr;
    const bool same = grid && grid->axis < 0 && std::ranges::all_of(movedInputs(*m_node), [&](ValueId input) {
                          const Grid* other = gridOf(input);
                          return other && *other == *grid;
                      });
    for (size_t i = 0; i < tensors.size(); ++i) {
        Written& written = m_written[m_node->outputs[i]];
        written = {tensors[i], std::nullopt, false};
        if (same && !graph.users(m_node->outputs[i]).empty())
            written.integers = quantizers.keepOnGrid(tensors[i], *grid);
    }
}

void OnnxContext::finishQuantized(QuantizedTensor quantized) {
    m_written[m_node->outputs.front()] = {std::move(quantized.tensor), std::move(quantized.integers), true};
}

void OnnxContext::passOn() {
    if (!find(m_node->inputs[0])) read(0);
    m_written[m_node->outputs.front()] = m_written.at(m_node->inputs[0]);
}

void OnnxContext::writeOutput(ValueId value, const std::string& name) {
    const std::string tensor = read(value);
    // A stored number or an input has its name for good, and so has what is an output already.
    if (!builder.isMadeByNode(tensor) || m_outputs.contains(tensor)) {
        builder.addNamedNode(name + "/Identity", "Identity", {tensor}, name);
    } else {
        builder.renameTensor(tensor, name);
        for (auto& [id, written] : m_written)
            if (written.tensor == tensor) written.tensor = name;
    }
    m_outputs.insert(name);
}

}  // namespace qat
