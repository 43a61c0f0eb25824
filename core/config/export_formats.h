// The formats that a model leaves in, by the names that `export.formats`, the command line and the window use.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/job_config.h"

namespace qat {

// As `export.output` and the command line call them, in the order of ExportOutput.
inline constexpr std::array<const char*, 3> kExportOutputs{"decoded", "raw", "end2end"};

constexpr const char* exportOutputWord(ExportOutput output) {
    return kExportOutputs[static_cast<size_t>(output)];
}

struct ExportFormat {
    std::string_view key;
    std::string_view name;           // in sentences
    std::string_view title;          // where one chooses; empty, like what follows, where this version writes none
    std::string_view detail;         // what it is good for
    std::string_view file;           // its name in the folder of exports
    std::string_view withoutFloat8;  // files that cannot hold 8-bit floating point, as a subject; empty: they can
};

inline constexpr std::array kExportFormats{
    ExportFormat{"onnx", "ONNX", "ONNX with QuantizeLinear pairs",
                 "Opens in ONNX Runtime, TensorRT and OpenVINO. Weights below 8 bit are stored as int8 with the "
                 "narrower range.",
                 "model.onnx", "ONNX files of opset 13"},
    ExportFormat{"qonnx", "QONNX", "QONNX with Quant nodes",
                 "For FPGA tools: FINN, hls4ml, Brevitas. Any number of bits from 1 to 16; no runtime executes it.",
                 "model.qonnx", "QONNX files"},
    ExportFormat{"safetensors", "safetensors", "Weights and scales in 32 bit",
                 "What was trained, in float. Opens here and in programs that read safetensors.", "model.safetensors",
                 ""},
    ExportFormat{"safetensors16", "safetensors of 16 bit", "Weights and scales in 16 bit",
                 "The same, rounded to half precision.", "model.safetensors", ""},
    ExportFormat{"tensorrt", "TensorRT", "", "", "", ""},
    ExportFormat{"tflite", "TFLite", "", "", "", ""},
    ExportFormat{"openvino", "OpenVINO", "", "", "", ""},
};

// null for a name that is none.
constexpr const ExportFormat* findExportFormat(std::string_view key) {
    for (const ExportFormat& format : kExportFormats)
        if (format.key == key) return &format;
    return nullptr;
}

// "safetensors and safetensors16 are both written to model.safetensors"; "" where every format has a file of its own.
std::string sharedExportFile(std::span<const std::string> formats);

// Keys of all formats, and of those that this version writes.
std::vector<std::string> exportFormatKeys();
std::vector<std::string> writtenFormatKeys();

}  // namespace qat
