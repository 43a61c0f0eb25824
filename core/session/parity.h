// Does an exported file compute what the simulation computes? Asked of an outside runtime, if one is installed.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "graph/graph.h"
#include "session/file_check.h"
#include "task/task.h"

namespace qat {

// Where every layer hands on codes (see fusion_patterns) file and simulation compute on integers alike, and their
// findings must be the same. Where an activation stands between a convolution and its quantizer, the runtime computes
// the convolution in float: results differ in the last bit, a value next to a rounding tie then moves by a whole step,
// and a few layers on most tensors hold such values. What a sound file must do then is err as little as the simulation
// does, or be as near to it as the simulation is to itself with other last bits (session/parity_control.h).
struct ParityReport {
    bool ran = false;            // a runtime computed all images
    bool onIntegers = false;     // the same findings are asked for
    bool agrees = false;         // the same findings, or (not onIntegers) sound as said above
    int64_t floatLayers = 0;     // layers of the file in float whose results become codes
    double matched = 0;          // share of findings with an equal one on the other side (ParityMeasure); 1 of none
    double worstScore = 0;       // largest score difference of partners
    double fileError = 0;        // noise to signal of the file's scores against FP32
    double simulationError = 0;  // the same of the simulation
    double distance = 0;         // the same of the file's scores against the simulation's
    double controlDistance = 0;  // of the simulation with other last bits against itself; 0 onIntegers
    FileCheck check;             // the same in one word and one sentence
};

// Runs all three on the images (batch 1). exported: the graph the file was written from; reference: its FP32 original;
// output: what the file gives.
// A runtime that is missing or broken leaves the file unchecked, one that refuses it fails it: neither throws.
ParityReport checkParity(const Task& task, const std::filesystem::path& onnx, const Graph& exported,
                         const Graph& reference, const std::function<at::Tensor()>& next, const CancelToken& cancel,
                         ExportOutput output = ExportOutput::Decoded);

}  // namespace qat
