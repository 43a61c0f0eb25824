// Reads back what the exporter wrote.
#include "export/read_onnx.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "base/files.h"
#include "passes/pipeline.h"
#include "support/assets.h"

namespace qat::test {
namespace {

template <class T>
std::vector<double> widen(const std::string& bytes) {
    std::vector<double> values(bytes.size() / sizeof(T));
    for (size_t i = 0; i < values.size(); ++i) {
        T value;
        std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
        values[i] = static_cast<double>(value);
    }
    return values;
}

OnnxTensorView viewTensor(const onnx::TensorProto& tensor) {
    OnnxTensorView view{tensor.data_type(), {tensor.dims().begin(), tensor.dims().end()}, {}};
    switch (tensor.data_type()) {
        case 1:
            view.values = widen<float>(tensor.raw_data());
            break;
        case 2:
            view.values = widen<uint8_t>(tensor.raw_data());
            break;
        case 3:
            view.values = widen<int8_t>(tensor.raw_data());
            break;
        case 10:
            view.values = widen<uint16_t>(tensor.raw_data());  // the bits
            break;
        case 6:
            view.values = widen<int32_t>(tensor.raw_data());
            break;
        case 7:
            view.values = widen<int64_t>(tensor.raw_data());
            break;
        default:
            throw std::runtime_error("element type that no test expects");
    }
    return view;
}

OnnxNodeView viewNode(const onnx::NodeProto& node) {
    OnnxNodeView view{node.name(),
                      node.op_type(),
                      {node.input().begin(), node.input().end()},
                      {node.output().begin(), node.output().end()},
                      {},
                      {},
                      {}};
    for (const auto& attribute : node.attribute()) {
        if (attribute.type() == onnx::AttributeProto::INT)
            view.integers[attribute.name()] = {attribute.i()};
        else if (attribute.type() == onnx::AttributeProto::INTS)
            view.integers[attribute.name()] = {attribute.ints().begin(), attribute.ints().end()};
        else if (attribute.type() == onnx::AttributeProto::FLOAT)
            view.floats[attribute.name()] = attribute.f();
        else if (attribute.type() == onnx::AttributeProto::STRING)
            view.texts[attribute.name()] = attribute.s();
        else
            throw std::runtime_error("attribute without a type: " + attribute.name());
    }
    return view;
}

Shape shapeOf(const onnx::ValueInfoProto& info) {
    Shape shape;
    for (const auto& dimension : info.type().tensor_type().shape().dim()) shape.push_back(dimension.dim_value());
    return shape;
}

}  // namespace

OnnxView readOnnx(const std::filesystem::path& path) {
    onnx::ModelProto model;
    if (!model.ParseFromString(readFile(path))) throw std::runtime_error("not an ONNX file");
    OnnxView view;
    view.irVersion = model.ir_version();
    view.opset = model.opset_import(0).version();
    for (const auto& node : model.graph().node()) view.nodes.push_back(viewNode(node));
    for (const auto& tensor : model.graph().initializer()) view.tensors[tensor.name()] = viewTensor(tensor);
    for (const auto& info : model.graph().input()) view.inputs[info.name()] = shapeOf(info);
    for (const auto& info : model.graph().output()) view.outputs[info.name()] = shapeOf(info);
    for (const auto& entry : model.metadata_props()) view.metadata[entry.key()] = entry.value();
    return view;
}

std::vector<std::string> OnnxView::types() const {
    std::vector<std::string> found;
    for (const auto& node : nodes) found.push_back(node.type);
    return found;
}

size_t OnnxView::count(const std::string& type) const {
    return static_cast<size_t>(std::ranges::count(nodes, type, &OnnxNodeView::type));
}

const OnnxNodeView& OnnxView::only(const std::string& type) const {
    if (count(type) != 1) throw std::runtime_error(std::to_string(count(type)) + " nodes of type " + type);
    return *std::ranges::find(nodes, type, &OnnxNodeView::type);
}

const OnnxNodeView& OnnxView::maker(const std::string& tensor) const {
    for (const auto& node : nodes)
        if (std::ranges::find(node.outputs, tensor) != node.outputs.end()) return node;
    throw std::runtime_error("no node makes " + tensor);
}

Exported exportAndRead(const Graph& graph, OnnxExportOptions options, const OnnxQuantizerFactory& quantizers) {
    Graph settled = graph.clone(true);
    runPasses(settled, PassId::CanonicalizeQuantizers);
    const ScratchFolder scratch;
    options.path = scratch.path() / "model.onnx";
    const OnnxExportResult result = exportOnnx(settled, options, quantizers);
    return {result, readOnnx(options.path), readFile(options.path)};
}

}  // namespace qat::test
