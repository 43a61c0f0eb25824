// How a quantized network is trained, repaired and corrected: the sections from qat_params to gate.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace qat {

enum class QcFold { Auto, PerChannel, Never };
enum class GateReaction { Continue, Stop, Retry };
enum class OptimizerKind { Sgd, Adam, AdamW, MuSgd };
enum class EndToEndKind { Auto, Equal, Decaying };
enum class ClassLossKind { Auto, CrossEntropy, SquaredHinge };
enum class ScheduleKind { Cosine, Step, Linear };

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
    int lrPeriod = 0;  // (+) epochs until the rate has fallen, after which it stays; 0 = all
    double warmupEpochs = 1;
    OptimizerKind optimizer = OptimizerKind::Sgd;
    double momentum = 0.937;
    double weightDecay = 0.0005;
    int patience = 100;
    LossWeights lossWeights;
    EndToEndKind endToEnd = EndToEndKind::Auto;  // (+) how two heads share the loss
    ClassLossKind loss = ClassLossKind::Auto;    // (+) of classifiers; auto is cross-entropy
    double labelSmoothing = 0;                   // (+) share of each label that goes to all classes evenly
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

}  // namespace qat
