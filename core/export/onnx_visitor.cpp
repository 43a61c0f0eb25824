// The operators in ONNX terms. Values on an integer grid stay integers through operators that only move or pick
// numbers, so that a runtime can keep them in bytes.
#include "export/onnx_visitor.h"

#include <algorithm>

#include "base/error.h"
#include "export/onnx_names.h"
#include "export/stored_values.h"

namespace qat {
namespace {

std::vector<int64_t> list(const Pair& pair) {
    return {pair[0], pair[1]};
}
// ONNX order: top, left, bottom, right.
std::vector<int64_t> pads(const Pair& padding) {
    return {padding[0], padding[1], padding[0], padding[1]};
}

std::vector<OnnxAttribute> attributesOf(const OnnxStep& step, const Activation& op) {
    if (step.with == OnnxStep::With::AlphaBeta) return {{"alpha", step.numbers[0]}, {"beta", step.numbers[1]}};
    if (step.with == OnnxStep::With::Slope) return {{"alpha", static_cast<float>(op.slope)}};
    return {};
}

}  // namespace

std::vector<NodeId> neededNodes(const Graph& graph, const std::vector<ValueId>& wanted) {
    std::set<ValueId> values(wanted.begin(), wanted.end());
    std::vector<NodeId> nodes;
    for (auto id = graph.order().rbegin(); id != graph.order().rend(); ++id) {
        const Node& node = graph.node(*id);
        if (std::ranges::none_of(node.outputs, [&](ValueId made) { return values.contains(made); })) continue;
        nodes.push_back(*id);
        if (!traitsOf(node.op).shapesOnly) values.insert(node.inputs.begin(), node.inputs.end());
    }
    std::ranges::reverse(nodes);
    return nodes;
}

void OnnxVisitor::bindInput(ValueId input, const std::string& name) {
    m_written[input] = {name, std::nullopt, false};
}

void OnnxVisitor::visit(const Node& node) {
    m_node = &node;
    m_scope = onnxScope(node.name);
    try {
        std::visit(*this, node.op);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Internal) throw;
        m_issues.push_back(str(node.name, ": ", error.what()));
        for (const ValueId made : node.outputs) m_written[made] = {"not expressed", std::nullopt, false};
    }
}

const OnnxVisitor::Written* OnnxVisitor::find(ValueId id) const {
    const auto found = m_written.find(id);
    return found == m_written.end() ? nullptr : &found->second;
}

const Grid* OnnxVisitor::gridOf(ValueId id) const {
    const Written* written = find(id);
    return written && written->integers ? &written->integers->grid : nullptr;
}

std::string OnnxVisitor::readValue(ValueId id) {
    if (const Written* written = find(id))
        return written->integers ? m_quantizers.dequantize(*written->integers) : written->tensor;
    const Value& value = m_graph.value(id);
    ensure(isStored(value.kind), "a value that is written before it is read");
    const std::string name = m_builder.addFloats(value.name, value.shape, numbersIn(storedTensor(value)));
    m_written[id] = {name, std::nullopt, false};
    return name;
}

// Whether integer kernels can produce the value: its only reader, after a rectifier perhaps, quantizes it to bytes.
bool OnnxVisitor::quantizedNext(ValueId id) const {
    const std::vector<NodeId> users = m_graph.users(id);
    if (users.size() != 1) return false;
    const Node& user = m_graph.node(users.front());
    if (const auto* activation = std::get_if<Activation>(&user.op))
        return traitsOf(activation->kind).clips && quantizedNext(user.outputs.front());
    const auto* quantizer = std::get_if<FakeQuantize>(&user.op);
    return quantizer && quantizer->format == NumberFormat::Integer && quantizer->bits <= 8;
}

std::string OnnxVisitor::readBias() {
    const Value& bias = inputValue(2);
    const Grid* input = gridOf(m_node->inputs[0]);
    const Grid* weight = gridOf(m_node->inputs[1]);
    const bool bytes = input && weight && isStored(bias.kind) && m_quantizers.computeOnIntegers(*input, *weight);
    const bool wanted = m_options.bias == OnnxBias::Int32 ||
                        (m_options.bias == OnnxBias::Auto && quantizedNext(m_node->outputs.front()));
    if (!bytes || !wanted) return read(2);
    const auto made = m_quantizers.quantizeBias(bias, *input, *weight);
    if (made) return m_quantizers.dequantize(*made);
    m_notes.push_back(
        str(m_node->name, ": the bias stays in float because its channel's scale is too small for int32"));
    return read(2);
}

std::string OnnxVisitor::emit(const std::string& opType, const std::vector<std::string>& inputs,
                              const std::vector<OnnxAttribute>& attributes) {
    return m_builder.addNode(m_scope, opType, inputs, attributes);
}

std::string OnnxVisitor::integers(const char* suffix, const std::vector<int64_t>& values) {
    return m_builder.integerConstant(m_scope + suffix, OnnxType::Int64, {static_cast<int64_t>(values.size())}, values);
}

std::string OnnxVisitor::number(double value) {
    const auto single = static_cast<float>(value);
    return m_builder.floatConstant(m_scope + "/number", {}, {&single, 1});
}

// The current node changes nothing: its output is its input.
void OnnxVisitor::forward() {
    if (!find(m_node->inputs[0])) read(0);
    m_written[m_node->outputs.front()] = m_written.at(m_node->inputs[0]);
}

// What the current node makes are float tensors; if it only moves numbers and all its inputs lie on one grid, its
// outputs do too.
void OnnxVisitor::finish(const std::vector<std::string>& tensors) {
    const Grid* grid = movesDataOnly(m_node->op) ? gridOf(m_node->inputs.front()) : nullptr;
    const bool same = grid && grid->axis < 0 && std::ranges::all_of(m_node->inputs, [&](ValueId input) {
                          const Grid* other = gridOf(input);
                          return other && *other == *grid;
                      });
    for (size_t i = 0; i < tensors.size(); ++i) {
        Written& written = m_written[m_node->outputs[i]];
        written = {tensors[i], std::nullopt, false};
        if (same && !m_graph.users(m_node->outputs[i]).empty())
            written.integers = m_quantizers.keepOnGrid(tensors[i], *grid);
    }
}

void OnnxVisitor::countLayer() {
    const Written* weight = find(m_node->inputs[1]);
    if (weight && weight->fakeQuantized) ++m_quantizedLayers;
}

void OnnxVisitor::operator()(const Conv2d& op) {
    const Shape& weight = inputValue(1).shape;
    const auto maker = m_graph.producer(m_node->inputs[1]);
    const Shape& shape = weight.empty() && maker ? m_graph.value(m_graph.node(*maker).inputs[0]).shape : weight;
    require(shape.size() == 4, ErrorKind::BadInput, "the weight does not have four dimensions");
    std::vector<std::string> inputs{read(0), read(1)};
    if (m_node->inputs.size() > 2) inputs.push_back(readBias());
    countLayer();
    finish({emit("Conv", inputs,
                 {{"dilations", list(op.dilation)},
                  {"group", op.groups},
                  {"kernel_shape", std::vector{shape[2], shape[3]}},
                  {"pads", pads(op.padding)},
                  {"strides", list(op.stride)}})});
}

void OnnxVisitor::operator()(const Linear&) {
    std::vector<std::string> inputs{read(0), read(1)};
    if (m_node->inputs.size() > 2) inputs.push_back(readBias());
    countLayer();
    finish({emit("Gemm", inputs, {{"transB", int64_t{1}}})});
}

void OnnxVisitor::operator()(const MatMul&) {
    finish({emit("MatMul", {read(0), read(1)})});
}

void OnnxVisitor::operator()(const BatchNorm& op) {
    finish({emit("BatchNormalization", {read(0), read(1), read(2), read(3), read(4)},
                 {{"epsilon", static_cast<float>(op.eps)}})});
}

std::vector<std::string> OnnxVisitor::withNumbers(const std::string& x, const OnnxStep& step) {
    const size_t count = step.with == OnnxStep::With::Numbers ? 2 : step.with == OnnxStep::With::Number ? 1 : 0;
    std::vector<std::string> inputs{x};
    for (size_t i = 0; i < count; ++i) inputs.push_back(number(step.numbers[i]));
    return inputs;
}

void OnnxVisitor::operator()(const Activation& op) {
    const auto steps = traitsOf(op.kind).onnx;
    std::vector<std::string> again;  // the input, once for each step that reads it beside the one before
    for (const OnnxStep& step : steps)
        if (step.with == OnnxStep::With::Input) again.push_back(read(0));
    auto next = again.begin();
    std::string x = read(0);
    for (const OnnxStep& step : steps)
        x = emit(std::string(step.type),
                 step.with == OnnxStep::With::Input ? std::vector{*next++, x} : withNumbers(x, step),
                 attributesOf(step, op));
    finish({x});
}

void OnnxVisitor::operator()(const Binary& op) {
    switch (op.kind) {
        case BinaryKind::Add:
            return finish({emit("Add", {read(0), read(1)})});
        case BinaryKind::Sub:
            return finish({emit("Sub", {read(0), read(1)})});
        case BinaryKind::Mul:
            return finish({emit("Mul", {read(0), read(1)})});
        case BinaryKind::Div:
            return finish({emit("Div", {read(0), read(1)})});
    }
}

void OnnxVisitor::operator()(const Pool& op) {
    const std::vector<OnnxAttribute> window{
        {"kernel_shape", list(op.kernel)}, {"pads", pads(op.padding)}, {"strides", list(op.stride)}};
    finish({emit(op.kind == PoolKind::Max ? "MaxPool" : "AveragePool", {read(0)}, window)});
}

void OnnxVisitor::operator()(const Resize& op) {
    const float factor = static_cast<float>(op.factor);
    const std::vector<float> scales{1.f, 1.f, factor, factor};
    const std::string constant = m_builder.floatConstant(m_scope + "/scales", {4}, scales);
    finish({emit("Resize", {read(0), "", constant},
                 {{"coordinate_transformation_mode", std::string("asymmetric")},
                  {"mode", std::string("nearest")},
                  {"nearest_mode", std::string("floor")}})});
}

void OnnxVisitor::operator()(const Concat& op) {
    if (m_options.simplify && m_node->inputs.size() == 1) return forward();
    std::vector<std::string> inputs;
    for (size_t i = 0; i < m_node->inputs.size(); ++i) inputs.push_back(read(i));
    finish({emit("Concat", inputs, {{"axis", op.axis}})});
}

void OnnxVisitor::operator()(const Split& op) {
    if (m_options.simplify && op.sizes.size() == 1) return forward();
    finish(m_builder.addNodes(m_scope, "Split", {read(0), integers("/sizes", op.sizes)}, op.sizes.size(),
                              {{"axis", op.axis}}));
}

void OnnxVisitor::operator()(const Slice& op) {
    const Shape& shape = inputValue(0).shape;
    const size_t axis = static_cast<size_t>(op.axis);
    if (m_options.simplify && op.start == 0 && axis < shape.size() && shape[axis] >= 0 && op.end >= shape[axis])
        return forward();
    finish({emit("Slice", {read(0), integers("/starts", {op.start}), integers("/ends", {op.end}),
                           integers("/axes", {op.axis})})});
}

void OnnxVisitor::operator()(const Reshape& op) {
    if (m_options.simplify && !op.shape.empty() && op.shape == inputValue(0).shape) return forward();
    finish({emit("Reshape", {read(0), integers("/shape", op.shape)})});
}

void OnnxVisitor::operator()(const Permute& op) {
    if (m_options.simplify && std::ranges::is_sorted(op.order)) return forward();
    finish({emit("Transpose", {read(0)}, {{"perm", op.order}})});
}

void OnnxVisitor::operator()(const Gather& op) {
    finish({emit("Gather", {read(0), integers("/indices", op.indices)}, {{"axis", op.axis}})});
}

void OnnxVisitor::operator()(const Pad& op) {
    std::vector<int64_t> sides = op.before;
    sides.insert(sides.end(), op.after.begin(), op.after.end());
    finish({emit("Pad", {read(0), integers("/pads", sides), number(op.value)})});
}

void OnnxVisitor::operator()(const Clip& op) {
    finish({emit("Clip", {read(0), number(op.low), number(op.high)})});
}

// In this opset axes are an input of sums and an attribute of the others.
void OnnxVisitor::operator()(const Reduce& op) {
    const OnnxAttribute keep{"keepdims", int64_t{op.keep}};
    if (op.kind == ReduceKind::Sum) return finish({emit("ReduceSum", {read(0), integers("/axes", op.axes)}, {keep})});
    finish({emit(op.kind == ReduceKind::Mean ? "ReduceMean" : "ReduceMax", {read(0)}, {{"axes", op.axes}, keep})});
}

void OnnxVisitor::operator()(const Softmax& op) {
    finish({emit("Softmax", {read(0)}, {{"axis", op.axis}})});
}

// Constants, since the shapes of the maps are fixed in the file.
void OnnxVisitor::operator()(const AnchorPoints& op) {
    std::vector<float> x, y, strides;
    for (size_t level = 0; level < op.strides.size(); ++level) {
        const Shape& map = inputValue(level).shape;
        require(map.size() == 4 && map[2] > 0 && map[3] > 0 && map[2] * map[3] < (int64_t{1} << 28),
                ErrorKind::BadInput, "the shape of map ", level, " is not known");
        for (int64_t row = 0; row < map[2]; ++row)
            for (int64_t column = 0; column < map[3]; ++column) {
                x.push_back(static_cast<float>(column) + 0.5f);
                y.push_back(static_cast<float>(row) + 0.5f);
                strides.push_back(static_cast<float>(op.strides[level]));
            }
    }
    const int64_t count = static_cast<int64_t>(x.size());
    x.insert(x.end(), y.begin(), y.end());
    m_written[m_node->outputs[0]] = {m_builder.addFloats(m_scope + "/points", {1, 2, count}, x), std::nullopt, false};
    m_written[m_node->outputs[1]] = {m_builder.addFloats(m_scope + "/strides", {1, 1, count}, strides), std::nullopt,
                                     false};
}

void OnnxVisitor::operator()(const FakeQuantize& op) {
    const Grid grid{m_node->inputs[1], m_node->inputs[2], op.qmin, op.qmax, op.axis, op.format, op.group};
    m_quantizers.requireExpressible(grid);
    const Value& value = inputValue(0);
    m_records.push_back(m_quantizers.record(value.name, isStored(value.kind) ? "weight" : "activation", op.bits, grid));
    Written& made = m_written[m_node->outputs.front()];
    const Grid* already = gridOf(m_node->inputs[0]);
    if (!isStored(value.kind) && m_options.simplify && already && *already == grid) {
        made = *find(m_node->inputs[0]);
    } else {
        QuantizedTensor quantized = isStored(value.kind) ? m_quantizers.quantizeStored(value, grid)
                                                         : m_quantizers.quantize(read(0), grid, value.shape.size());
        if (!quantized.note.empty()) m_notes.push_back(quantized.note);
        made.tensor = std::move(quantized.tensor);
        made.integers = std::move(quantized.integers);
        if (made.integers && !isStored(value.kind))
            m_codes.push_back({m_node->name, made.integers->integers, made.integers->storage, value.shape});
    }
    made.fakeQuantized = true;
}

void OnnxVisitor::writeOutput(ValueId value, const std::string& name) {
    const std::string tensor = readValue(value);
    // A stored number or an input has its name for good, and so has what is an output already.
    if (!m_builder.isMadeByNode(tensor) || m_outputs.contains(tensor)) {
        m_builder.addNamedNode(name + "/Identity", "Identity", {tensor}, name);
    } else {
        m_builder.renameTensor(tensor, name);
        for (auto& [id, written] : m_written)
            if (written.tensor == tensor) written.tensor = name;
    }
    m_outputs.insert(name);
}

}  // namespace qat
