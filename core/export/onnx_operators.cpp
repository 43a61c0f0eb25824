// The operators in ONNX terms.
#include "export/onnx_operators.h"

#include <algorithm>

#include "base/error.h"
#include "ops/activation.h"

namespace qat {
namespace {

std::vector<int64_t> list(const Pair& pair) {
    return {pair[0], pair[1]};
}
// ONNX order: top, left, bottom, right.
std::vector<int64_t> pads(const Pair& padding) {
    return {padding[0], padding[1], padding[0], padding[1]};
}

// Layers.

// Whether integer kernels can produce the value: its only reader, behind a rectifier perhaps, quantizes it to bytes.
bool quantizedNext(const Graph& graph, ValueId id) {
    const std::vector<NodeId> users = graph.users(id);
    if (users.size() != 1) return false;
    const Node& user = graph.node(users.front());
    if (const auto* activation = std::get_if<Activation>(&user.op))
        return traitsOf(activation->kind).clips && quantizedNext(graph, user.outputs.front());
    const auto* quantizer = std::get_if<FakeQuantize>(&user.op);
    return quantizer && quantizer->format == NumberFormat::Integer && quantizer->bits <= 8;
}

std::string readBias(OnnxContext& c) {
    const Value& bias = c.input(2);
    const Grid *input = c.gridOf(0), *weight = c.gridOf(1);
    const bool bytes = input && weight && isStored(bias.kind) && c.quantizers.computeOnIntegers(*input, *weight);
    const bool wanted = c.options.bias == OnnxBias::Int32 ||
                        (c.options.bias == OnnxBias::Auto && quantizedNext(c.graph, c.node().outputs.front()));
    if (!bytes || !wanted) return c.read(2);
    const auto made = c.quantizers.quantizeBias(bias, *input, *weight);
    if (made) return c.quantizers.dequantize(*made);
    c.findings.notes.push_back(
        str(c.node().name, ": the bias stays in float because its channel's scale is too small for int32"));
    return c.read(2);
}

// Data, weight and bias.
std::vector<std::string> layerInputs(OnnxContext& c) {
    std::vector<std::string> inputs{c.read(0), c.read(1)};
    if (c.node().inputs.size() > 2) inputs.push_back(readBias(c));
    if (c.isFakeQuantized(1)) ++c.findings.quantizedLayers;
    return inputs;
}

std::vector<int64_t> kernelShape(const OnnxContext& c) {
    const Shape& shape = c.inputShape(1);
    require(shape.size() == 4, ErrorKind::BadInput, "the weight does not have four dimensions");
    return {shape[2], shape[3]};
}

void write(OnnxContext& c, const Conv2d& op) {
    const std::vector<int64_t> kernel = kernelShape(c);
    c.finish({c.emit("Conv", layerInputs(c),
                     {{"dilations", list(op.dilation)},
                      {"group", op.groups},
                      {"kernel_shape", kernel},
                      {"pads", pads(op.padding)},
                      {"strides", list(op.stride)}})});
}

void write(OnnxContext& c, const ConvTranspose2d& op) {
    const std::vector<int64_t> kernel = kernelShape(c);
    c.finish({c.emit("ConvTranspose", layerInputs(c),
                     {{"dilations", list(op.dilation)},
                      {"group", op.groups},
                      {"kernel_shape", kernel},
                      {"output_padding", list(op.outputPadding)},
                      {"pads", pads(op.padding)},
                      {"strides", list(op.stride)}})});
}

void write(OnnxContext& c, const Linear&) {
    c.finish({c.emit("Gemm", layerInputs(c), {{"transB", int64_t{1}}})});
}

void write(OnnxContext& c, const MatMul&) {
    c.finish({c.emit("MatMul", c.readAll())});
}

void write(OnnxContext& c, const BatchNorm& op) {
    c.finish({c.emit("BatchNormalization", c.readAll(), {{"epsilon", static_cast<float>(op.eps)}})});
}

// Arithmetic.

std::vector<OnnxAttribute> attributesOf(const OnnxStep& step, const Activation& op) {
    if (step.with == OnnxStep::With::AlphaBeta) return {{"alpha", step.numbers[0]}, {"beta", step.numbers[1]}};
    if (step.with == OnnxStep::With::Slope) return {{"alpha", static_cast<float>(op.slope)}};
    return {};
}

// What a step of an activation reads: x, and its numbers as constants.
std::vector<std::string> withNumbers(OnnxContext& c, const std::string& x, const OnnxStep& step) {
    const size_t count = step.with == OnnxStep::With::Numbers ? 2 : step.with == OnnxStep::With::Number ? 1 : 0;
    std::vector<std::string> inputs{x};
    for (size_t i = 0; i < count; ++i) inputs.push_back(c.number(step.numbers[i]));
    return inputs;
}

void write(OnnxContext& c, const Activation& op) {
    const auto steps = traitsOf(op.kind).onnx;
    std::vector<std::string> again;  // the input, once for each step that reads it beside the one before
    for (const OnnxStep& step : steps)
        if (step.with == OnnxStep::With::Input) again.push_back(c.read(0));
    auto next = again.begin();
    std::string x = c.read(0);
    for (const OnnxStep& step : steps)
        x = c.emit(std::string(step.type),
                   step.with == OnnxStep::With::Input ? std::vector{*next++, x} : withNumbers(c, x, step),
                   attributesOf(step, op));
    c.finish({x});
}

void write(OnnxContext& c, const Binary& op) {
    switch (op.kind) {
        case BinaryKind::Add:
            return c.finish({c.emit("Add", c.readAll())});
        case BinaryKind::Sub:
            return c.finish({c.emit("Sub", c.readAll())});
        case BinaryKind::Mul:
            return c.finish({c.emit("Mul", c.readAll())});
        case BinaryKind::Div:
            return c.finish({c.emit("Div", c.readAll())});
        case BinaryKind::FloorDivide:
            return c.finish({c.emit("Floor", {c.emit("Div", c.readAll())})});
    }
}

void write(OnnxContext& c, const Clip& op) {
    c.finish({c.emit("Clip", {c.read(0), c.number(op.low), c.number(op.high)})});
}

void write(OnnxContext& c, const Pool& op) {
    const std::vector<OnnxAttribute> window{
        {"kernel_shape", list(op.kernel)}, {"pads", pads(op.padding)}, {"strides", list(op.stride)}};
    c.finish({c.emit(op.kind == PoolKind::Max ? "MaxPool" : "AveragePool", {c.read(0)}, window)});
}

// In this opset axes are an input of sums and an attribute of the others.
void write(OnnxContext& c, const Reduce& op) {
    const OnnxAttribute keep{"keepdims", int64_t{op.keep}};
    if (op.kind == ReduceKind::Sum)
        return c.finish({c.emit("ReduceSum", {c.read(0), c.integers("/axes", op.axes)}, {keep})});
    c.finish(
        {c.emit(op.kind == ReduceKind::Mean ? "ReduceMean" : "ReduceMax", {c.read(0)}, {{"axes", op.axes}, keep})});
}

void write(OnnxContext& c, const Softmax& op) {
    c.finish({c.emit("Softmax", {c.read(0)}, {{"axis", op.axis}})});
}

// Moving numbers.

void write(OnnxContext& c, const Resize& op) {
    const float factor = static_cast<float>(op.factor);
    const std::vector<float> scales{1.f, 1.f, factor, factor};
    const std::string constant = c.builder.floatConstant(c.scope() + "/scales", {4}, scales);
    c.finish({c.emit("Resize", {c.read(0), "", constant},
                     {{"coordinate_transformation_mode", std::string("asymmetric")},
                      {"mode", std::string("nearest")},
                      {"nearest_mode", std::string("floor")}})});
}

void write(OnnxContext& c, const Concat& op) {
    if (c.options.simplify && c.node().inputs.size() == 1) return c.passOn();
    c.finish({c.emit("Concat", c.readAll(), {{"axis", op.axis}})});
}

void write(OnnxContext& c, const Split& op) {
    if (c.options.simplify && op.sizes.size() == 1) return c.passOn();
    c.finish(c.builder.addNodes(c.scope(), "Split", {c.read(0), c.integers("/sizes", op.sizes)}, op.sizes.size(),
                                {{"axis", op.axis}}));
}

void write(OnnxContext& c, const Slice& op) {
    const Shape& shape = c.input(0).shape;
    const size_t axis = static_cast<size_t>(op.axis);
    if (c.options.simplify && op.start == 0 && axis < shape.size() && shape[axis] >= 0 && op.end >= shape[axis])
        return c.passOn();
    c.finish({c.emit("Slice", {c.read(0), c.integers("/starts", {op.start}), c.integers("/ends", {op.end}),
                               c.integers("/axes", {op.axis})})});
}

void write(OnnxContext& c, const Reshape& op) {
    if (c.options.simplify && !op.shape.empty() && op.shape == c.input(0).shape) return c.passOn();
    c.finish({c.emit("Reshape", {c.read(0), c.integers("/shape", op.shape)})});
}

void write(OnnxContext& c, const Unflatten&) {
    const Shape &x = c.input(0).shape, &like = c.input(1).shape;
    require(x.size() == 3 && like.size() == 4, ErrorKind::BadInput, "the shape of its map is not known");
    c.finish({c.emit("Reshape", {c.read(0), c.integers("/shape", {x[0], x[1], like[2], like[3]})})});
}

void write(OnnxContext& c, const Detach&) {
    c.finish({c.emit("Identity", {c.read(0)})});
}

void write(OnnxContext& c, const Permute& op) {
    if (c.options.simplify && std::ranges::is_sorted(op.order)) return c.passOn();
    c.finish({c.emit("Transpose", {c.read(0)}, {{"perm", op.order}})});
}

void write(OnnxContext& c, const Gather& op) {
    c.finish({c.emit("Gather", {c.read(0), c.integers("/indices", op.indices)}, {{"axis", op.axis}})});
}

void write(OnnxContext& c, const Pad& op) {
    std::vector<int64_t> sides = op.before;
    sides.insert(sides.end(), op.after.begin(), op.after.end());
    c.finish({c.emit("Pad", {c.read(0), c.integers("/pads", sides), c.number(op.value)})});
}

std::string cast(OnnxContext& c, const std::string& x, OnnxType type) {
    return c.emit("Cast", {x}, {{"to", static_cast<int64_t>(type)}});
}

void write(OnnxContext& c, const TopK& op) {
    const auto made = c.builder.addNodes(c.scope(), "TopK", {c.read(0), c.integers("/count", {op.count})}, 2);
    c.finish({made[0], cast(c, made[1], OnnxType::Float)});
}

// GatherElements wants as many places as there are results.
void write(OnnxContext& c, const TakeAlong& op) {
    Shape sizes = c.input(0).shape;
    const Shape& places = c.input(1).shape;
    require(static_cast<size_t>(op.axis) < sizes.size() && places.size() == 2, ErrorKind::BadInput,
            "the shapes of what is taken are not known");
    Shape spread(sizes.size(), 1);
    spread.front() = places[0];
    spread[static_cast<size_t>(op.axis)] = sizes[static_cast<size_t>(op.axis)] = places[1];
    const std::string x = c.read(0), whole = cast(c, c.read(1), OnnxType::Int64);
    const std::string column = c.emit("Reshape", {whole, c.integers("/column", spread)});
    const std::string all = c.emit("Expand", {column, c.integers("/sizes", sizes)});
    c.finish({c.emit("GatherElements", {x, all}, {{"axis", op.axis}})});
}

// Constants, since the shapes of the maps are fixed in the file.
void write(OnnxContext& c, const AnchorPoints& op) {
    std::vector<float> x, y, strides;
    for (size_t level = 0; level < op.strides.size(); ++level) {
        const Shape& map = c.input(level).shape;
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
    c.finish({c.builder.addFloats(c.scope() + "/points", {1, 2, count}, x),
              c.builder.addFloats(c.scope() + "/strides", {1, 1, count}, strides)});
}

// Quantizers.

void write(OnnxContext& c, const FakeQuantize& op) {
    const std::vector<ValueId>& inputs = c.node().inputs;
    const Grid grid{inputs[1], inputs[2], op.qmin, op.qmax, op.axis, op.format, op.group};
    c.quantizers.requireExpressible(grid);
    const Value& value = c.input(0);
    const bool stored = isStored(value.kind);
    c.findings.records.push_back(c.quantizers.record(value.name, stored ? "weight" : "activation", op.bits, grid));
    const Grid* already = c.gridOf(0);
    if (!stored && c.options.simplify && already && *already == grid) return c.passOn();
    QuantizedTensor made =
        stored ? c.quantizers.quantizeStored(value, grid) : c.quantizers.quantize(c.read(0), grid, value.shape.size());
    if (!made.note.empty()) c.findings.notes.push_back(made.note);
    if (made.integers && !stored)
        c.findings.codes.push_back({c.node().name, made.integers->integers, made.integers->storage, value.shape});
    c.finishQuantized(std::move(made));
}

// Files are written from the graph with quantizers; its form on codes is what runtimes make of them.
template <class OnCodes>
requires(OnCodes::row.onCodes) void write(OnnxContext&, const OnCodes&) {
    fail(ErrorKind::Internal, "operators on codes are not written");
}

}  // namespace

void writeNode(OnnxContext& context, const Node& node) {
    context.enter(node);
    try {
        std::visit([&](const auto& op) { write(context, op); }, node.op);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Internal) throw;
        context.giveUp(error.what());
    }
}

}  // namespace qat
