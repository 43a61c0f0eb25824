// What is quantized and how: sections quantization and calibration.
#pragma once

#include <cstdint>
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
enum class JoinMode { Union, Output, Largest, Requantize };

// Whether scales of this kind are trained rather than observed.
inline bool isLearned(FakeQuantKind kind) {
    return kind == FakeQuantKind::Lsq || kind == FakeQuantKind::Pact;
}

// Bits of a floating point type, 0 of an integer type.
inline int floatBits(DType type) {
    return type == DType::Float16 ? 16 : type == DType::Float8E4m3 || type == DType::Float8E5m2 ? 8 : 0;
}

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
    bool branchPolicies = true;
    bool asDeclared = true;  // (+) what the network says of its quantizers overrides the sections
    std::vector<LayerConfig> layerConfigs;
    bool operator==(const QuantizationConfig&) const = default;
};

}  // namespace qat
