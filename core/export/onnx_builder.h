// Assembles one ONNX model: owns the message, keeps names unique, writes every attribute with its type.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "graph/types.h"

namespace onnx {
class ModelProto;
class NodeProto;
}  // namespace onnx

namespace qat {

// Element types that we write, with their numbers in the format.
enum class OnnxType { Float = 1, Uint8 = 2, Int8 = 3, Int32 = 6, Int64 = 7, Half = 10 };

struct OnnxAttribute {
    std::string name;
    std::variant<int64_t, float, std::string, std::vector<int64_t>> value;
};

// Opset 13, IR version 7. Nodes must be added in execution order. An empty input name means "absent".
class OnnxBuilder {
public:
    static constexpr int64_t kOpset = 13, kIrVersion = 7;

    explicit OnnxBuilder(const std::string& graphName);
    ~OnnxBuilder();
    OnnxBuilder(const OnnxBuilder&) = delete;
    OnnxBuilder& operator=(const OnnxBuilder&) = delete;

    void addInput(const std::string& name, OnnxType type, const Shape& shape);
    void addOutput(const std::string& name, OnnxType type, const Shape& shape);
    void addMetadata(const std::string& key, const std::string& value);

    // Initializers. Each returns the name it got: `wanted`, or that with a number after it if it is taken.
    std::string addFloats(std::string_view wanted, const Shape& shape, std::span<const float> values);
    // Elements of `type`, row-major and little-endian.
    std::string addBytes(std::string_view wanted, OnnxType type, const Shape& shape, std::string bytes);
    // Values must lie in the range of `type`, an integer type.
    std::string addIntegers(std::string_view wanted, OnnxType type, const Shape& shape,
                            std::span<const int64_t> values);
    // The same for small constants that have no name of their own: equal ones are stored once.
    std::string floatConstant(std::string_view wanted, const Shape& shape, std::span<const float> values);
    std::string integerConstant(std::string_view wanted, OnnxType type, const Shape& shape,
                                std::span<const int64_t> values);

    // Adds a node called <scope>/<opType> and returns its outputs, called <node>_output_<i>.
    std::vector<std::string> addNodes(std::string_view scope, const std::string& opType,
                                      const std::vector<std::string>& inputs, size_t outputs,
                                      const std::vector<OnnxAttribute>& attributes = {});
    // The same for one output.
    std::string addNode(std::string_view scope, const std::string& opType, const std::vector<std::string>& inputs,
                        const std::vector<OnnxAttribute>& attributes = {});
    // A node called `name` whose only output is called `output`; both are made unique. Returns the output.
    std::string addNamedNode(std::string_view name, const std::string& opType, const std::vector<std::string>& inputs,
                             std::string_view output, const std::vector<OnnxAttribute>& attributes = {});

    // The same for an operator that is not ONNX's own. Its domain is imported; the version is that of the first call.
    struct Domain {
        std::string name;
        int64_t version = 1;
    };
    std::string addDomainNode(const Domain& domain, std::string_view name, const std::string& opType,
                              const std::vector<std::string>& inputs, std::string_view output,
                              const std::vector<OnnxAttribute>& attributes = {});
    // Says what such an operator makes, which nobody can infer: a tensor of `rank` dimensions.
    void addValueInfo(const std::string& tensor, OnnxType type, size_t rank);

    bool isMadeByNode(std::string_view tensor) const;
    // Gives the tensor a node made the name `to`, which must be free.
    void renameTensor(const std::string& from, const std::string& to);

    int64_t nodeCount() const;
    // The file, checked (onnx_check.h); no call may follow. Same calls, same bytes. Throws Error{Unsupported} above the
    // 2 GiB that the format can hold in one file.
    std::string finish();

private:
    std::string shared(std::string_view wanted, OnnxType type, const Shape& shape, std::string bytes);
    onnx::NodeProto& appendNode(std::string_view name, const std::string& opType,
                                const std::vector<std::string>& inputs, const std::vector<OnnxAttribute>& attributes);

    std::unique_ptr<onnx::ModelProto> m_model;
    std::set<std::string, std::less<>> m_tensorNames, m_nodeNames;
    std::map<std::pair<int, std::string>, std::string> m_constants;  // type and content -> name
};

}  // namespace qat
