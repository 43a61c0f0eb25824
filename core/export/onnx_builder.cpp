// Writing into the protobuf message.
#include "export/onnx_builder.h"

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <bit>
#include <climits>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "export/onnx_check.h"

namespace qat {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little endian");

std::string uniqueIn(std::set<std::string, std::less<>>& names, std::string_view wanted) {
    std::string name(wanted);
    for (int i = 1; !names.insert(name).second; ++i) name = str(wanted, "_", i);
    return name;
}

void fillShape(onnx::ValueInfoProto& info, const std::string& name, OnnxType type, const Shape& shape) {
    info.set_name(name);
    auto* tensor = info.mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(static_cast<int32_t>(type));
    for (const int64_t dimension : shape) tensor->mutable_shape()->add_dim()->set_dim_value(dimension);
}

void fillAttribute(onnx::AttributeProto& out, const OnnxAttribute& attribute) {
    out.set_name(attribute.name);
    if (const auto* number = std::get_if<int64_t>(&attribute.value)) {
        out.set_type(onnx::AttributeProto::INT);
        out.set_i(*number);
    } else if (const auto* real = std::get_if<float>(&attribute.value)) {
        out.set_type(onnx::AttributeProto::FLOAT);
        out.set_f(*real);
    } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
        out.set_type(onnx::AttributeProto::STRING);
        out.set_s(*text);
    } else {
        out.set_type(onnx::AttributeProto::INTS);
        for (const int64_t number : std::get<std::vector<int64_t>>(attribute.value)) out.add_ints(number);
    }
}

template <class T>
std::string narrowed(std::span<const int64_t> values) {
    std::string bytes(values.size() * sizeof(T), '\0');
    for (size_t i = 0; i < values.size(); ++i) {
        ensure(values[i] >= std::numeric_limits<T>::min() && values[i] <= std::numeric_limits<T>::max(),
               "range of an integer initializer");
        const T value = static_cast<T>(values[i]);
        std::memcpy(bytes.data() + i * sizeof(T), &value, sizeof(T));
    }
    return bytes;
}

std::string integerBytes(OnnxType type, std::span<const int64_t> values) {
    switch (type) {
        case OnnxType::Uint8:
            return narrowed<uint8_t>(values);
        case OnnxType::Int8:
            return narrowed<int8_t>(values);
        case OnnxType::Int32:
            return narrowed<int32_t>(values);
        case OnnxType::Int64:
            return narrowed<int64_t>(values);
        case OnnxType::Float:
        case OnnxType::Half:
            break;
    }
    fail(ErrorKind::Internal, "an integer initializer cannot have a floating-point type");
}

std::string floatBytes(std::span<const float> values) {
    return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

}  // namespace

OnnxBuilder::OnnxBuilder(const std::string& graphName) : m_model(std::make_unique<onnx::ModelProto>()) {
    m_model->set_ir_version(kIrVersion);
    m_model->set_producer_name("Qatelier");
    m_model->set_producer_version(QATELIER_VERSION);
    auto* opset = m_model->add_opset_import();
    opset->set_domain("");
    opset->set_version(kOpset);
    m_model->mutable_graph()->set_name(graphName);
}

OnnxBuilder::~OnnxBuilder() = default;

void OnnxBuilder::addInput(const std::string& name, OnnxType type, const Shape& shape) {
    ensure(m_tensorNames.insert(name).second, "free name of an input");
    fillShape(*m_model->mutable_graph()->add_input(), name, type, shape);
}

void OnnxBuilder::addOutput(const std::string& name, OnnxType type, const Shape& shape) {
    ensure(m_tensorNames.contains(name), "a tensor after an output");
    fillShape(*m_model->mutable_graph()->add_output(), name, type, shape);
}

void OnnxBuilder::addMetadata(const std::string& key, const std::string& value) {
    auto* entry = m_model->add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
}

std::string OnnxBuilder::addBytes(std::string_view wanted, OnnxType type, const Shape& shape, std::string bytes) {
    auto* tensor = m_model->mutable_graph()->add_initializer();
    tensor->set_name(uniqueIn(m_tensorNames, wanted));
    tensor->set_data_type(static_cast<int32_t>(type));
    for (const int64_t dimension : shape) tensor->add_dims(dimension);
    tensor->set_raw_data(std::move(bytes));
    return tensor->name();
}

std::string OnnxBuilder::shared(std::string_view wanted, OnnxType type, const Shape& shape, std::string bytes) {
    std::string content = bytes;
    for (const int64_t dimension : shape) content += str(",", dimension);
    const auto [entry, added] = m_constants.try_emplace({static_cast<int>(type), std::move(content)});
    if (added) entry->second = addBytes(wanted, type, shape, std::move(bytes));
    return entry->second;
}

std::string OnnxBuilder::addFloats(std::string_view wanted, const Shape& shape, std::span<const float> values) {
    return addBytes(wanted, OnnxType::Float, shape, floatBytes(values));
}

std::string OnnxBuilder::addIntegers(std::string_view wanted, OnnxType type, const Shape& shape,
                                     std::span<const int64_t> values) {
    return addBytes(wanted, type, shape, integerBytes(type, values));
}

std::string OnnxBuilder::floatConstant(std::string_view wanted, const Shape& shape, std::span<const float> values) {
    return shared(wanted, OnnxType::Float, shape, floatBytes(values));
}

std::string OnnxBuilder::integerConstant(std::string_view wanted, OnnxType type, const Shape& shape,
                                         std::span<const int64_t> values) {
    return shared(wanted, type, shape, integerBytes(type, values));
}

onnx::NodeProto& OnnxBuilder::appendNode(std::string_view name, const std::string& opType,
                                         const std::vector<std::string>& inputs,
                                         const std::vector<OnnxAttribute>& attributes) {
    auto* node = m_model->mutable_graph()->add_node();
    node->set_name(uniqueIn(m_nodeNames, name));
    node->set_op_type(opType);
    for (const auto& input : inputs) node->add_input(input);
    for (const auto& attribute : attributes) fillAttribute(*node->add_attribute(), attribute);
    return *node;
}

std::vector<std::string> OnnxBuilder::addNodes(std::string_view scope, const std::string& opType,
                                               const std::vector<std::string>& inputs, size_t outputs,
                                               const std::vector<OnnxAttribute>& attributes) {
    onnx::NodeProto& node = appendNode(str(scope, "/", opType), opType, inputs, attributes);
    std::vector<std::string> made;
    for (size_t i = 0; i < outputs; ++i) {
        made.push_back(uniqueIn(m_tensorNames, str(node.name(), "_output_", i)));
        node.add_output(made.back());
    }
    return made;
}

std::string OnnxBuilder::addNode(std::string_view scope, const std::string& opType,
                                 const std::vector<std::string>& inputs, const std::vector<OnnxAttribute>& attributes) {
    return addNodes(scope, opType, inputs, 1, attributes).front();
}

std::string OnnxBuilder::addNamedNode(std::string_view name, const std::string& opType,
                                      const std::vector<std::string>& inputs, std::string_view output,
                                      const std::vector<OnnxAttribute>& attributes) {
    onnx::NodeProto& node = appendNode(name, opType, inputs, attributes);
    node.add_output(uniqueIn(m_tensorNames, output));
    return node.output(0);
}

std::string OnnxBuilder::addDomainNode(const Domain& domain, std::string_view name, const std::string& opType,
                                       const std::vector<std::string>& inputs, std::string_view output,
                                       const std::vector<OnnxAttribute>& attributes) {
    const auto isImported = [&](const auto& import) { return import.domain() == domain.name; };
    if (std::ranges::none_of(m_model->opset_import(), isImported)) {
        auto* import = m_model->add_opset_import();
        import->set_domain(domain.name);
        import->set_version(domain.version);
    }
    onnx::NodeProto& node = appendNode(name, opType, inputs, attributes);
    node.set_domain(domain.name);
    node.add_output(uniqueIn(m_tensorNames, output));
    return node.output(0);
}

void OnnxBuilder::addValueInfo(const std::string& tensor, OnnxType type, size_t rank) {
    auto* info = m_model->mutable_graph()->add_value_info();
    info->set_name(tensor);
    auto* tensorType = info->mutable_type()->mutable_tensor_type();
    tensorType->set_elem_type(static_cast<int>(type));
    for (size_t i = 0; i < rank; ++i) tensorType->mutable_shape()->add_dim();
}

bool OnnxBuilder::isMadeByNode(std::string_view tensor) const {
    const auto& nodes = m_model->graph().node();
    return std::ranges::any_of(
        nodes, [&](const auto& node) { return std::ranges::find(node.output(), tensor) != node.output().end(); });
}

void OnnxBuilder::renameTensor(const std::string& from, const std::string& to) {
    ensure(m_tensorNames.erase(from) == 1 && m_tensorNames.insert(to).second, "renaming to a free name");
    const auto rename = [&](auto* names) {
        for (std::string& name : *names)
            if (name == from) name = to;
    };
    for (auto& node : *m_model->mutable_graph()->mutable_node()) {
        rename(node.mutable_input());
        rename(node.mutable_output());
    }
    for (auto& info : *m_model->mutable_graph()->mutable_value_info())
        if (info.name() == from) info.set_name(to);
}

int64_t OnnxBuilder::nodeCount() const {
    return m_model->graph().node_size();
}

std::string OnnxBuilder::finish() {
    require(m_model->ByteSizeLong() < INT_MAX, ErrorKind::Unsupported,
            "the model does not fit the 2 GiB that one ONNX file can hold");
    std::string bytes = m_model->SerializeAsString();
    checkOnnx(*m_model);
    return bytes;
}

}  // namespace qat
