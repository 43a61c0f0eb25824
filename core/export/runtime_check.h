// Runs an exported ONNX file in an outside runtime (ONNX Runtime in Node.js), found at run time, never linked.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "graph/types.h"

namespace qat {

struct RuntimeTensor {
    std::string name;
    Shape shape;
    std::vector<float> values;  // row-major
};

struct RuntimeOptions {
    bool optimize = true;  // false: the runtime computes node for node as the file says
    int threads = 1;
    int repeats = 0;                         // timed runs after the first one
    std::filesystem::path optimizedModel{};  // if set, the runtime writes the graph that it really runs here
    double limitSeconds = 600;
    const CancelToken* cancel = nullptr;
};

struct RuntimeRun {
    std::string runtime;                 // onnxruntime-node 1.22.0
    std::vector<RuntimeTensor> outputs;  // float32; integer outputs are converted
    double milliseconds = 0;             // median of the repeats; 0 without repeats
};

// Empty if a runtime is installed, else a sentence that says what is missing and how to get it. Looked up: the program
// `node`; the script runners/run_onnx.mjs in QATELIER_RESOURCES, or in share/qatelier or resources above the program;
// the package onnxruntime-node in QATELIER_NODE_MODULES, beside the script, or in tests/runtime of the source tree.
std::string missingOnnxRuntime();

// What asking for a run came to: a run, or one of two sentences. None of their text is another program's.
struct RuntimeAnswer {
    std::optional<RuntimeRun> run;
    std::string runtime;  // onnxruntime-node 1.22.0; empty where none answered
    std::string refusal;  // onnxruntime-node 1.22.0 refuses model.onnx at node model.0.conv.quant (QuantizeLinear)
    std::string failure;  // no runtime is installed (missingOnnxRuntime), or it cannot be started, hangs or dies
};

// Where `text` names a node, as ONNX Runtime's complaints do: " at node NAME (TYPE)", else "".
std::string complainedNode(const std::string& text);

// Throws Error{Cancelled} on request and Error{Io} where the inputs cannot be handed over, never for what the runtime
// does.
RuntimeAnswer runOnnxRuntime(const std::filesystem::path& model, const std::vector<RuntimeTensor>& inputs,
                             const RuntimeOptions& options = {});

}  // namespace qat
