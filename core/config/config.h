// qat_config as typed values: one struct per section of the configuration guide, defaults included.
// Sections and keys marked (+) are ours: the guide says nothing about data sets, seeds or evaluation.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace qat {

enum class DType { QInt8, QUInt8, Float8E4m3, Float8E5m2, Float16 };
enum class Scheme { PerTensor, PerChannel, PerGroup };
enum class ObserverKind {
    MinMax,
    MovingAverageMinMax,
    PerChannelMinMax,
    Histogram,
    CustomMinMax,
    Percentile,
    Entropy,
    Mse
};
enum class FakeQuantKind { Custom, PerChannel, Lsq, Pact };
enum class ScaleKind { Float, Log2, PowerOfTwo };
enum class CalibrationMethod { MinMax, Histogram, Percentile, Entropy, Mse, Sqnr };
enum class CoresetMethod { KCenter, Random, Herding };
enum class QcFold { Auto, PerChannel, Never };
enum class GateReaction { Continue, Stop, Retry };
enum class OptimizerKind { Sgd, Adam, AdamW };
enum class ScheduleKind { Cosine, Step, Linear };
enum class SensitivityTensors { Both, Weights };
enum class JoinMode { Union, Output, Largest, Requantize };

// Whether scales of this kind are trained rather than observed.
inline bool isLearned(FakeQuantKind kind) {
    return kind == FakeQuantKind::Lsq || kind == FakeQuantKind::Pact;
}

// Bits of a floating point type, 0 of an integer type.
inline int floatBits(DType type) {
    return type == DType::Float16 ? 16 : type == DType::Float8E4m3 || type == DType::Float8E5m2 ? 8 : 0;
}

struct ModelConfig {
    std::string architecture = "yolov8";
    std::string variant = "n";   // n, s, m, l, x
    std::string pretrainedPath;  // "" = random start; relative to the config file
    int64_t numClasses = 0;      // (+) 0 = as many as the checkpoint or the data says
    bool operator==(const ModelConfig&) const = default;
};

struct TensorQuantConfig {  // quantization.weight and quantization.activation
    DType dtype = DType::QInt8;
    Scheme scheme = Scheme::PerChannel;
    ObserverKind observer = ObserverKind::MinMax;
    bool symmetric = true;
    int bitWidth = 8;  // 1..16; 8 or 16 for floating point types
    int channelAxis = 0;
    int groupSize = 128;  // (+) elements that share a scale under per_group
    bool reduceRange = false;
    bool narrowRange = true;                   // (+) symmetric signed grids end at -qmax
    std::optional<double> min = std::nullopt;  // (+) bounds of observer custom_minmax
    std::optional<double> max = std::nullopt;
    bool fixed = false;  // (+) the bounds are the range, whatever is observed
    static TensorQuantConfig weightDefaults() { return {}; }
    static TensorQuantConfig activationDefaults() {
        TensorQuantConfig config;
        config.dtype = DType::QUInt8;
        config.scheme = Scheme::PerTensor;
        config.observer = ObserverKind::MovingAverageMinMax;
        config.symmetric = config.narrowRange = false;
        return config;
    }
    bool operator==(const TensorQuantConfig&) const = default;
};

struct FakeQuantizeConfig {
    FakeQuantKind type = FakeQuantKind::Custom;
    double gradFactor = 1.0;
    double momentum = 0.1;  // of the moving averages
    double eps = 1e-5;      // smallest scale
    ScaleKind scaleType =
        ScaleKind::Float;      // (+) what is learned and kept: the scale, its logarithm, or a power of two
    bool learnOffset = false;  // (+) LSQ+: the zero point is learned too
    std::optional<double> clipDecay =
        std::nullopt;  // (+) L2 penalty on the end of a pact range; empty: that of the weights
    bool operator==(const FakeQuantizeConfig&) const = default;
};

struct CalibrationConfig {
    CalibrationMethod method = CalibrationMethod::Histogram;
    int numBatches = 100;
    double percentile = 99.99;
    double clipWeight = 3;  // (+) of what is cut off against what is rounded, for sqnr
    bool useCoreset = false;
    CoresetMethod coresetMethod = CoresetMethod::KCenter;
    int coresetSize = 1000;
    bool operator==(const CalibrationConfig&) const = default;
};

// Values a layer_configs entry sets; what is empty falls through to earlier entries and the defaults.
struct TensorQuantOverride {
    std::optional<DType> dtype;
    std::optional<Scheme> scheme;
    std::optional<ObserverKind> observer;
    std::optional<bool> symmetric;
    std::optional<int> bitWidth;
    std::optional<int> channelAxis;
    std::optional<int> groupSize;
    std::optional<bool> reduceRange, narrowRange;
    std::optional<double> min, max;
    std::optional<bool> fixed;
    bool operator==(const TensorQuantOverride&) const = default;
};

struct FakeQuantizeOverride {
    std::optional<FakeQuantKind> type;
    std::optional<double> gradFactor, momentum, eps;
    std::optional<ScaleKind> scaleType;
    std::optional<bool> learnOffset;
    std::optional<double> clipDecay;
    bool operator==(const FakeQuantizeOverride&) const = default;
};

struct CalibrationOverride {
    std::optional<CalibrationMethod> method;
    std::optional<int> numBatches;
    std::optional<double> percentile, clipWeight;
    bool operator==(const CalibrationOverride&) const = default;
};

struct LayerConfig {      // one entry of quantization.layer_configs; later entries win
    std::string pattern;  // RE2, searched in the layer's name and aliases
    int line = 0;         // 1-based, in the file
    std::string origin;   // who made the entry if no file did, for people: "search"
    std::optional<bool> skip;
    TensorQuantOverride weight, activation;
    FakeQuantizeOverride fakeQuantize;
    CalibrationOverride calibration;
    // The line says where the entry stands, not what it means, so it does not count.
    bool operator==(const LayerConfig& other) const {
        return pattern == other.pattern && skip == other.skip && weight == other.weight &&
               activation == other.activation && fakeQuantize == other.fakeQuantize && calibration == other.calibration;
    }
};

struct ScaleGroupConfig {  // (+) quantization.scale_groups: grids of what an operator joins
    JoinMode concat = JoinMode::Output;
    JoinMode add = JoinMode::Union;
    bool operator==(const ScaleGroupConfig&) const = default;
};

struct QuantizationConfig {
    std::string defaultQconfig = "default";
    TensorQuantConfig weight = TensorQuantConfig::weightDefaults();
    TensorQuantConfig activation = TensorQuantConfig::activationDefaults();
    FakeQuantizeConfig fakeQuantize;
    ScaleGroupConfig scaleGroups;
    std::vector<LayerConfig> layerConfigs;
    bool operator==(const QuantizationConfig&) const = default;
};

struct FusionPattern {
    std::string pattern;
    std::vector<std::string> modules;
    std::string fuserMethod;
    bool operator==(const FusionPattern&) const = default;
};

struct GradualBitsConfig {           // (+) qat_params.gradual_bits
    int weight = 0, activation = 0;  // widths of the first epoch; 0 = that of the quantizer from the start
    int duration = 4;                // epochs until quantizers have their own width
    bool enabled() const { return weight > 0 || activation > 0; }
    bool operator==(const GradualBitsConfig&) const = default;
};

struct QatConfig {  // qat_params
    bool skipDetectionHead = false;
    bool fuseModules = true;
    std::vector<FusionPattern> fusionPatterns;
    bool useLsq = false;            // true: every fake quantizer is LSQ unless a layer says otherwise
    bool useMixedPrecision = true;  // false: widths by pattern do not count, all layers have the same
    bool useDistillation = false;
    bool postQatFineTuning = false;
    int fineTuningEpochs = 1;
    bool analyzeQuantizationEffects = true;
    bool measureLayerError = true;
    bool autoAdaptBitWidth = false;
    int floatEpochs = 0;  // (+) first epochs of training, without quantizers
    GradualBitsConfig gradualBits;
    bool operator==(const QatConfig&) const = default;
};

struct DistillationConfig {
    bool enabled = false;
    std::string teacherModel;
    double temperature = 4.0;
    double alpha = 0.5;
    bool featureDistillation = false;
    std::vector<std::string> featureLayers;
    bool operator==(const DistillationConfig&) const = default;
};

struct AugmentConfig {     // (+) data.augment; 0 switches a transform off
    double mosaic = 1.0;   // probability
    int closeMosaic = 10;  // last epochs without mosaic
    double fliplr = 0.5;
    double hsvH = 0.015, hsvS = 0.7, hsvV = 0.4;
    double scale = 0.5;      // gain range 1 +- scale
    double translate = 0.1;  // share of the image size
    bool operator==(const AugmentConfig&) const = default;
};

struct EmaConfig {  // (+) ema
    bool enabled = true;
    double decay = 0.9999;
    double tau = 2000;        // optimiser steps
    bool scales = true;       // of quantizers; false: taken as they stand
    bool evaluateRaw = true;  // validates the model behind the average too
    bool operator==(const EmaConfig&) const = default;
};

struct DampenConfig {                    // oscillation.dampen
    double weight = 0, startWeight = 0;  // at the end and the begin of the anneal; both 0: off
    double begin = 0.25, end = 1;        // of the anneal, as shares of the training steps
    bool enabled() const { return weight > 0 || startWeight > 0; }
    bool operator==(const DampenConfig&) const = default;
};

struct FreezeConfig {             // oscillation.freeze
    double threshold = 0;         // frequency at the end of the anneal; 0: off
    double startThreshold = 0.1;  // at its begin, before which nothing freezes
    double begin = 0.25, end = 1;
    bool enabled() const { return threshold > 0; }
    bool operator==(const FreezeConfig&) const = default;
};

struct OscillationConfig {  // (+) oscillation
    bool track = true;
    double momentum = 0.01;  // of frequencies and mean codes
    int bnReestimation = 0;  // batches; 0 = off
    DampenConfig dampen;
    FreezeConfig freeze;
    bool operator==(const OscillationConfig&) const = default;
};

struct LossWeights {
    double box = 0.05, cls = 0.5, obj = 1.0;
    std::optional<double> dfl;  // (+) empty: follows obj, see the trainer
    bool operator==(const LossWeights&) const = default;
};

struct TrainConfig {       // train_params
    bool quantize = true;  // (+) false: plain FP32 training, no quantizers
    int epochs = 2;        // 0: no training, PTQ only
    int batchSize = 16;
    double lr = 0.0005;
    double lrf = 0.01;  // (+) last learning rate as a share of lr
    ScheduleKind lrScheduler = ScheduleKind::Cosine;
    double warmupEpochs = 1;
    OptimizerKind optimizer = OptimizerKind::Sgd;
    double momentum = 0.937;
    double weightDecay = 0.0005;
    int patience = 100;
    LossWeights lossWeights;
    int nominalBatch = 64;                  // (+) gradients accumulate up to this many images; 0 = step every batch
    std::optional<double> quantLrFactor;    // (+) learning rate of quantizer scales relative to lr; empty: scaleRate()
    int checkpointEvery = 100;              // (+) steps between resumable checkpoints inside an epoch; 0 = epochs only
    double maxGradNorm = 10;                // (+) 0 = gradients are not clipped
    int bnFreezeEpoch = 0;                  // (+) epochs after which statistics of batch norms stay; 0 = never
    double multiScale = 0;                  // (+) largest change of the image size, as a share
    std::vector<std::string> frozenLayers;  // (+) patterns of layers whose weights stay
    std::vector<double>
        classWeights;         // (+) of the class loss, one a class, relative to their mean; empty: all the same
    double classBalance = 0;  // (+) class weights from the labels: frequency to the power of minus this
    bool operator==(const TrainConfig&) const = default;
};

struct RepairConfig {              // (+) repair: what mends a quantized network without training
    bool equalize = false;         // ranges of neighbouring convolutions evened out, before calibration
    bool shiftNegative = false;    // symmetric ranges after SiLU become affine ones that end at its minimum
    bool adaround = false;         // learned rounding of weights
    bool biasCorrection = false;   // the mean error of every channel goes into its bias
    int samples = 16;              // calibration images of adaround and bias correction
    int adaroundIterations = 300;  // optimizer steps a layer
    double adaroundWeight = 0.01;  // of the term that drives roundings to one side
    bool operator==(const RepairConfig&) const = default;
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
    bool operator==(const ExportConfig&) const = default;
};

struct QcConfig {  // (+) qc: correction of a quantized model, see train/correction.h
    bool enabled = false;
    int epochs = 1;
    double lr = 0.001;                // of Adam, at the start; falls to 0 along a cosine
    int images = 1024;                // of the training data that take part
    std::vector<std::string> layers;  // patterns, as in layer_configs; empty: every quantized convolution
    QcFold fold = QcFold::Auto;
    bool operator==(const QcConfig&) const = default;
};

struct GateConfig {              // (+) gate: when training counts as collapsed, and what happens then
    double collapseRatio = 0.5;  // of the best mAP50-95; 0: no floor
    int patience = 1;            // epochs in a row below the floor
    GateReaction reaction = GateReaction::Continue;
    int retries = 1;
    double retryLrFactor = 0.5;
    int stableRuns = 2;    // of ema+qc on n and on s each, before larger models are trained
    std::string evidence;  // folder of these runs; "": groups look into their own, single runs do not ask
    bool operator==(const GateConfig&) const = default;
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

// Who stated a value: "line 12" or "command line" by dotted key; what is missing has its default. Not part of what a
// configuration means, so all are equal.
inline constexpr const char* kCommandLine = "command line";
struct ConfigSources {
    std::map<std::string, std::string> byKey;
    std::string of(const std::string& key) const {
        const auto found = byKey.find(key);
        return found == byKey.end() ? "default" : found->second;
    }
    bool operator==(const ConfigSources&) const { return true; }
};

struct Config {
    ModelConfig model;
    QuantizationConfig quantization;
    CalibrationConfig calibration;
    QatConfig qat;
    DistillationConfig distillation;
    TrainConfig train;
    EmaConfig ema;
    OscillationConfig oscillation;
    RepairConfig repair;
    AnalysisConfig analysis;
    ExportConfig exporting;
    QcConfig qc;
    GateConfig gate;
    DataConfig data;
    RunConfig run;
    SensitivityConfig sensitivity;
    MixedPrecisionConfig mixedPrecision;
    ConfigSources sources;
    bool operator==(const Config&) const = default;
};

// Without what changes no bit of a result, so that sittings of one run may differ in it.
inline Config essentials(Config config) {
    config.run.workers = 0;
    config.run.output.clear();
    config.gate.evidence.clear();
    return config;
}

// A step of Adam is as large as the rate, whatever the gradient, and learned scales are small: at the weights' rate
// they fall to their floor within a few steps. SGD's steps follow the gradient, which is scaled for the quantizer
// already.
inline double scaleRate(const TrainConfig& config) {
    return config.quantLrFactor.value_or(config.optimizer == OptimizerKind::Sgd ? 1.0 : 0.1);
}

// What the guide's loss weights, which are YOLOv5's, mean in this family: gains relative to them, so that the guide's
// defaults (0.05, 0.5, 1.0) give YOLOv8's published 7.5, 0.5 and 1.5. There is no objectness here; its weight scales
// the distribution focal loss unless that is given.
struct LossGains {
    double box = 0, cls = 0, dfl = 0;
};
inline LossGains lossGains(const LossWeights& w) {
    return {7.5 * (w.box / 0.05), 0.5 * (w.cls / 0.5), w.dfl ? *w.dfl : 1.5 * w.obj};
}

// Either of the two switches turns distillation on.
inline bool wantsDistillation(const Config& config) {
    return config.distillation.enabled || config.qat.useDistillation;
}

// Whether calibrated layers are repaired one by one.
inline bool repairsLayers(const Config& config) {
    return config.train.quantize && (config.repair.adaround || config.repair.biasCorrection);
}

// Epochs after quantization-aware training whose quantizers are frozen; 0 without training to follow.
inline int fineTuningEpochs(const Config& config) {
    const bool follows = config.train.quantize && config.train.epochs > 0;
    return config.qat.postQatFineTuning && follows ? config.qat.fineTuningEpochs : 0;
}

// Epochs at the start of training whose model is not yet the one that is wanted: in float, or on wider grids.
inline int easierEpochs(const Config& config) {
    if (!config.train.quantize) return 0;
    const GradualBitsConfig& gradual = config.qat.gradualBits;
    return std::max(config.qat.floatEpochs, gradual.enabled() ? gradual.duration : 0);
}

// Folded batch norms have no statistics that could be estimated again.
inline bool reestimatesNorms(const Config& config) {
    return config.oscillation.bnReestimation > 0 && config.train.quantize && config.train.epochs > 0 &&
           !config.qat.fuseModules;
}

}  // namespace qat
