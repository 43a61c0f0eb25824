// What a job works on and what it makes besides the network: model, data, run, analysis and export.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace qat {

enum class SensitivityTensors { Both, Weights };
// What files for other programs give: boxes and scores; the raw maps of the head, its levels joined; finished
// detections.
enum class ExportOutput { Decoded, Raw, EndToEnd };

struct ModelConfig {
    std::string architecture = "yolov8";  // or the path of a table of layers, relative to the config file
    std::string variant = "n";            // n, s, m, l, x; of a table one of its scales, "" = its own
    std::string pretrainedPath;           // "" = random start; relative to the config file
    int64_t numClasses = 0;               // (+) 0 = as many as the checkpoint or the data says
    std::string head = "auto";  // (+) auto, one2many, one2one: which of two heads is deployed; auto: the family's own
    bool operator==(const ModelConfig&) const = default;
};

struct AugmentConfig {     // (+) data.augment; 0 switches a transform off
    double mosaic = 1.0;   // probability
    int closeMosaic = 10;  // last epochs without mosaic
    double fliplr = 0.5;
    double hsvH = 0.015, hsvS = 0.7, hsvV = 0.4;
    double scale = 0.5;                             // gain range 1 +- scale
    double translate = 0.1;                         // share of the image size
    std::optional<int> cropPadding = std::nullopt;  // pixels, of classifiers; empty: an eighth of the size
    bool operator==(const AugmentConfig&) const = default;
};

struct DataConfig {                    // (+) data
    std::string path;                  // data.yaml, image list, or shapes[:key=value,...]; relative to the config file
    std::string trainSplit = "train";  // train, val, test
    std::string valSplit = "val";
    std::vector<std::string> classes;  // objects of other classes do not count; empty = all
    int imgsz = 640;
    bool rect = false;
    int valLimit = 0;     // 0 = every validation image
    bool strict = false;  // damaged images and malformed labels are errors, not left out
    AugmentConfig augment;
    bool operator==(const DataConfig&) const = default;
};

struct RunConfig {  // (+) run
    int64_t seed = 0;
    bool deterministic = true;  // false: each run draws its seed, and its folder says which
    std::string device = "cpu";
    int threads = 0;              // 0 = as many as there are cores
    int workers = 2;              // threads that load images
    std::string output = "runs";  // where new run folders are made; relative to the config file
    bool operator==(const RunConfig&) const = default;
};

// What analysis.metrics may name: measures of a layer's error, and mAP, which evaluation measures of the whole network.
inline const std::vector<std::string> kAnalysisMetrics{"abs_error", "rel_error", "mse", "sqnr_db", "cosine", "mAP"};

struct AnalysisConfig {
    bool enabled = true;
    bool measureLayerError = true;
    int testSamples = 100;
    bool generateVisualization = true;
    std::vector<std::string> metrics = kAnalysisMetrics;
    bool compareWithFp32 = true;
    int previewImages = 8;  // (+) validation images kept with both detections
    bool operator==(const AnalysisConfig&) const = default;
};

struct ExportConfig {
    std::vector<std::string> formats{"onnx"};
    bool includeMetadata = true;
    bool simplify = true;
    bool validate = true;
    bool includeQuantParams = true;
    ExportOutput output = ExportOutput::Decoded;  // (+)
    bool operator==(const ExportConfig&) const = default;
};

struct SensitivityConfig {        // (+) sensitivity: one layer quantized at a time
    std::vector<int> bits{4, 8};  // widths; empty = no sweep
    int samples = 8;              // images
    SensitivityTensors tensors = SensitivityTensors::Both;
    bool operator==(const SensitivityConfig&) const = default;
};

struct MixedPrecisionConfig {  // (+) mixed_precision: how qat_params.auto_adapt_bit_width chooses
    std::vector<int> bits;     // candidate widths; empty = those of the sweep and the configured one
    double averageBits = 0;    // allowed on average, weights counted; 0 = as configured
    bool operator==(const MixedPrecisionConfig&) const = default;
};

}  // namespace qat
