// A plain view of an ONNX file for tests: what was written, without protobuf types.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "export/onnx_export.h"

namespace qat::test {

struct OnnxNodeView {
    std::string name, type;
    std::vector<std::string> inputs, outputs;
    std::map<std::string, std::vector<int64_t>> integers;  // INT and INTS attributes
    std::map<std::string, float> floats;
    std::map<std::string, std::string> texts;
};

struct OnnxTensorView {
    int type = 0;
    Shape shape;
    std::vector<double> values;
};

struct OnnxView {
    int64_t irVersion = 0, opset = 0;
    std::vector<OnnxNodeView> nodes;
    std::map<std::string, OnnxTensorView> tensors;  // initializers
    std::map<std::string, Shape> inputs, outputs;
    std::map<std::string, std::string> metadata;

    std::vector<std::string> types() const;                   // of the nodes, in order
    const OnnxNodeView& only(const std::string& type) const;  // fails the test's call if there are none or several
    size_t count(const std::string& type) const;
    const OnnxNodeView& maker(const std::string& tensor) const;
    const OnnxTensorView& tensor(const std::string& name) const { return tensors.at(name); }
};

OnnxView readOnnx(const std::filesystem::path& path);

// Exports the settled graph into a scratch folder and reads back.
struct Exported {
    OnnxExportResult result;
    OnnxView view;
    std::string bytes;
};
Exported exportAndRead(const Graph& graph, OnnxExportOptions options = {},
                       const OnnxQuantizerFactory& quantizers = qdqQuantizers);

}  // namespace qat::test
