// Exports a graph as ONNX (opset 13), quantizers as QuantizeLinear and DequantizeLinear.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "export/onnx_quantizers.h"
#include "graph/graph.h"

namespace qat {

// How the bias of a convolution whose data and weights are both held in bytes is written.
enum class OnnxBias {
    Auto,   // Int32 where the output is quantized right away, so that integer kernels can take over; else Float
    Int32,  // on the grid scale_x * scale_w, as integer kernels need it; moves a bias by half a step of that grid
    Float   // exactly as simulated
};

struct OnnxExportOptions {
    std::filesystem::path path{};
    std::string output{};            // name of the graph's output to be written; empty: as exportOnnx() says
    bool includeMetadata = true;     // names, stride, task, imgsz, batch, description, version
    bool includeQuantParams = true;  // qwb.quant: every scale and zero point
    bool simplify = true;            // leaves out operators that change nothing
    OnnxBias bias = OnnxBias::Auto;
    bool exposeCodes = false;  // quantized activations are outputs too: for comparing them, not for use
    std::vector<std::pair<std::string, std::string>> metadata{};  // further entries; replace ours of the same key
};

struct OnnxExportResult {
    int64_t bytes = 0;  // of the file
    int64_t nodes = 0;
    int64_t quantizedLayers = 0;     // convolutions and linear layers with quantized weights
    std::vector<std::string> notes;  // what was written otherwise than one would expect, a sentence each
    std::vector<std::pair<std::string, std::string>>
        codes;  // exposeCodes: name of the quantizer node, name of the output
};

// Pairs of QuantizeLinear and DequantizeLinear.
std::unique_ptr<OnnxQuantizers> qdqQuantizers(const Graph& graph, OnnxBuilder& builder);

// What the graph holds that ONNX files cannot express, a sentence each. Writes nothing.
std::vector<std::string> onnxIssues(const Graph& graph, const OnnxExportOptions& options,
                                    const OnnxQuantizerFactory& quantizers = qdqQuantizers);

// Writes the file atomically. The quantizers are canonical (passes/canonicalize_quantizers.h). Input `images` has the
// shape of the graph's input, which a probe must have set; output `output0` is the one that the options name, else the
// decoded one, and those of OutputRole::Extra follow under their names; or else every output is written, output0,
// output1, ... in order. Same graph and options, same bytes. The checker and strict shape inference have passed before
// anything is written. Throws Error{Unsupported} listing everything that cannot be expressed, Error{Io} if the file
// cannot be written. quantizers: the dialect in which the file speaks of quantization.
OnnxExportResult exportOnnx(const Graph& graph, const OnnxExportOptions& options,
                            const OnnxQuantizerFactory& quantizers = qdqQuantizers);

}  // namespace qat
