// The table itself: key, label, help, limits, and the member that holds the value.
#include "config/fields.h"

#include <algorithm>

#include "base/error.h"

namespace qat {
namespace {

using Kind = ConfigField::Kind;

// What a row adds to what the member's type already says.
struct Limits {
    double minimum = 0, maximum = 0;
    std::vector<std::string> choices;
    bool isPath = false;
};
Limits within(double minimum, double maximum) {
    return {minimum, maximum, {}, false};
}
Limits oneOf(std::vector<std::string> choices) {
    return {0, 0, std::move(choices), false};
}
Limits path() {
    return {0, 0, {}, true};
}

template <auto First, auto... Rest>
auto& member(auto& object) {
    if constexpr (sizeof...(Rest) == 0) {
        return object.*First;
    } else {
        return member<Rest...>(object.*First);
    }
}

template <class Root>
class Rows {
public:
    std::vector<FieldRow<Root>> list;

    template <auto... Members>
    void add(std::string path, std::string label, std::string help, Limits limits = {}) {
        FieldRow<Root> row;
        row.slot = [](Root& root) -> Slot { return &member<Members...>(root); };
        Root defaults;
        const Slot slot = row.slot(defaults);
        describeSlot(slot, row.info);
        if (!limits.choices.empty()) row.info.choices = std::move(limits.choices);
        if (row.info.kind == Kind::Text && !row.info.choices.empty()) row.info.kind = Kind::Choice;
        if (limits.isPath) row.info.kind = Kind::Path;
        row.info.minimum = limits.minimum;
        row.info.maximum = limits.maximum;
        row.info.section = path.substr(0, path.find('.'));
        row.info.path = std::move(path);
        row.info.label = std::move(label);
        row.info.help = std::move(help);
        if (const auto values = slotValues(slot)) row.info.defaultValue = plainForm(row.info, *values);
        list.push_back(std::move(row));
    }
};

// TensorQuantConfig and TensorQuantOverride have the same members, the latter optional.
template <class Tensor, auto... Owner, class Root>
void addTensor(Rows<Root>& rows, const std::string& at) {
    rows.template add<Owner..., &Tensor::dtype>(at + "dtype", "Data type", "Type of the quantized values: integers, or floating point of 8 or 16 bits.");
    rows.template add<Owner..., &Tensor::scheme>(at + "scheme", "Scheme",
                                                 "One scale for the whole tensor, for each channel, or (weights) for each group of inputs.");
    rows.template add<Owner..., &Tensor::observer>(at + "observer", "Observer",
                                                   "How the range of the values is collected.");
    rows.template add<Owner..., &Tensor::symmetric>(at + "symmetric", "Symmetric",
                                                    "Puts the zero point at zero and the range around it.");
    rows.template add<Owner..., &Tensor::bitWidth>(at + "bit_width", "Bit width", "Bits of a quantized value; signed values of 1 bit are -1 and 1.",
                                                   within(1, 16));
    rows.template add<Owner..., &Tensor::channelAxis>(
        at + "channel_axis", "Channel axis", "Axis along which a per-channel scheme has its scales.", within(0, 3));
    rows.template add<Owner..., &Tensor::reduceRange>(at + "reduce_range", "Reduce range",
                                                      "Leaves out the highest bit, for backends that would overflow.");
    rows.template add<Owner..., &Tensor::narrowRange>(at + "narrow_range", "Narrow range",
                                                      "Leaves out the lowest value of symmetric signed types: -127 to 127.");
    rows.template add<Owner..., &Tensor::groupSize>(at + "group_size", "Group size",
                                                    "Inputs of an output channel that share a scale under per_group.", within(1, 1e6));
    rows.template add<Owner..., &Tensor::min>(at + "min", "Lower bound", "For the observer custom_minmax: ranges end here.",
                                              within(-1e6, 1e6));
    rows.template add<Owner..., &Tensor::max>(at + "max", "Upper bound", "For the observer custom_minmax: ranges end here.",
                                              within(-1e6, 1e6));
    rows.template add<Owner..., &Tensor::fixed>(at + "fixed", "Fixed bounds",
                                                "For the observer custom_minmax: min and max are the range.");
}

template <class FakeQuantize, auto... Owner, class Root>
void addFakeQuantize(Rows<Root>& rows, const std::string& at) {
    rows.template add<Owner..., &FakeQuantize::type>(at + "type", "Type",
                                                     "Observed ranges (custom, per_channel), learned scales (lsq) or learned ends of the range (pact).");
    rows.template add<Owner..., &FakeQuantize::gradFactor>(
        at + "grad_factor", "Gradient factor", "Multiplies the gradient that passes the quantizer.", within(0, 1000));
    rows.template add<Owner..., &FakeQuantize::momentum>(
        at + "momentum", "Momentum", "Weight of the newest batch in moving averages.", within(0, 1));
    rows.template add<Owner..., &FakeQuantize::eps>(at + "eps", "Smallest scale", "No scale, observed or learned, falls below this.",
                                                    within(1e-12, 0.1));
    rows.template add<Owner..., &FakeQuantize::scaleType>(at + "scale_type", "Kind of scale",
                                                          "Any scale, one learned by its logarithm, or powers of two only.");
    rows.template add<Owner..., &FakeQuantize::learnOffset>(at + "learn_offset", "Learn the offset",
                                                            "Trains zero points of affine lsq quantizers too (LSQ+).");
    rows.template add<Owner..., &FakeQuantize::clipDecay>(at + "clip_decay", "Clip decay",
                                                          "L2 penalty on the end of a pact range; empty: train_params.weight_decay.", within(0, 1));
}

template <class Calibration, auto... Owner, class Root>
void addCalibration(Rows<Root>& rows, const std::string& at) {
    rows.template add<Owner..., &Calibration::method>(at + "method", "Method",
                                                      "How values of activations become a range; minmax leaves it to their observer.");
    rows.template add<Owner..., &Calibration::numBatches>(at + "num_batches", "Batches",
                                                          "Batches that calibration looks at.", within(1, 1e6));
    rows.template add<Owner..., &Calibration::percentile>(
        at + "percentile", "Percentile", "Share of the values kept, for the percentile method.", within(50, 100));
    rows.template add<Owner..., &Calibration::clipWeight>(
        at + "clip_weight", "Clip weight", "Weight of what is cut off against what is rounded, for the sqnr method.", within(0.01, 1000));
}

void addModel(Rows<Config>& rows) {
    using M = ModelConfig;
    constexpr auto at = &Config::model;
    rows.add<at, &M::architecture>("model.architecture", "Architecture", "Family of the network.", oneOf({"yolov8"}));
    rows.add<at, &M::variant>("model.variant", "Variant", "Size of the network, from nano to extra large.",
                              oneOf({"n", "s", "m", "l", "x"}));
    rows.add<at, &M::pretrainedPath>("model.pretrained_path", "Pretrained weights",
                                     "Checkpoint to start from; empty starts from random weights.", path());
    rows.add<at, &M::numClasses>("model.num_classes", "Classes",
                                 "Number of classes; 0 takes it from the checkpoint or the data.", within(0, 100000));
}

void addQuantization(Rows<Config>& rows) {
    using Q = QuantizationConfig;
    constexpr auto at = &Config::quantization;
    rows.add<at, &Q::defaultQconfig>("quantization.default_qconfig", "Default configuration",
                                     "Name of the configuration for layers that no pattern matches.");
    addTensor<TensorQuantConfig, at, &Q::weight>(rows, "quantization.weight.");
    addTensor<TensorQuantConfig, at, &Q::activation>(rows, "quantization.activation.");
    addFakeQuantize<FakeQuantizeConfig, at, &Q::fakeQuantize>(rows, "quantization.fake_quantize.");
    constexpr auto groups = &Q::scaleGroups;
    rows.add<at, groups, &ScaleGroupConfig::concat>("quantization.scale_groups.concat", "Concatenations",
                                                    "Sources share the range of the result, or that of the widest, or keep their own and the result is quantized again.",
                                                    oneOf({"output", "largest", "requantize"}));
    rows.add<at, groups, &ScaleGroupConfig::add>("quantization.scale_groups.add", "Additions",
                                                 "Addends share a range that holds all of them, the sum's, or that of the widest, or keep their own.");
}

void addCalibrationSection(Rows<Config>& rows) {
    using C = CalibrationConfig;
    constexpr auto at = &Config::calibration;
    addCalibration<C, at>(rows, "calibration.");
    rows.add<at, &C::useCoreset>("calibration.use_coreset", "Use a coreset",
                                 "Calibrates on a chosen subset of the images instead of a random one.");
    rows.add<at, &C::coresetMethod>("calibration.coreset_method", "Coreset method", "How the subset is chosen.");
    rows.add<at, &C::coresetSize>("calibration.coreset_size", "Coreset size", "Images in the subset.", within(1, 1e7));
}

void addQatParams(Rows<Config>& rows) {
    using Q = QatConfig;
    constexpr auto at = &Config::qat;
    rows.add<at, &Q::skipDetectionHead>("qat_params.skip_detection_head", "Skip detection head",
                                        "Leaves the detection head in floating point.");
    rows.add<at, &Q::fuseModules>("qat_params.fuse_modules", "Fuse modules",
                                  "Folds batch normalisation into the convolution before it.");
    rows.add<at, &Q::useLsq>("qat_params.use_lsq", "Learned step size",
                             "Makes every scale a trained parameter unless a layer says otherwise.");
    rows.add<at, &Q::useMixedPrecision>("qat_params.use_mixed_precision", "Mixed precision",
                                        "Gives layers the bit widths of their patterns; without it all have the same.");
    rows.add<at, &Q::useDistillation>("qat_params.use_distillation", "Distillation",
                                      "Trains against a teacher, like distillation.enabled; either is enough.");
    rows.add<at, &Q::postQatFineTuning>("qat_params.post_qat_fine_tuning", "Fine-tuning afterwards",
                                        "Adds epochs behind quantization-aware training with frozen quantizers.");
    rows.add<at, &Q::fineTuningEpochs>("qat_params.fine_tuning_epochs", "Fine-tuning epochs",
                                       "Epochs of the fine-tuning, at the rate the schedule ends with.", within(1, 10000));
    rows.add<at, &Q::analyzeQuantizationEffects>("qat_params.analyze_quantization_effects", "Analyse effects",
                                                 "Compares the network before and after; analysis.enabled must agree.");
    rows.add<at, &Q::measureLayerError>("qat_params.measure_layer_error", "Measure layer error",
                                        "Measures every layer; analysis.measure_layer_error must agree.");
    rows.add<at, &Q::autoAdaptBitWidth>("qat_params.auto_adapt_bit_width", "Adapt bit widths",
                                        "Chooses the widths of weights by sensitivity, within the average that is configured; patterns keep theirs.");
    constexpr auto gradual = &Q::gradualBits;
    rows.add<at, &Q::floatEpochs>("qat_params.float_epochs", "Float epochs",
                                  "First epochs of the training, without quantizers; ranges are calibrated anew behind them.", within(0, 100000));
    rows.add<at, gradual, &GradualBitsConfig::weight>("qat_params.gradual_bits.weight", "First weight width",
                                                      "Bits of weights in the first epoch where their own are fewer; 0 is off.", within(0, 8));
    rows.add<at, gradual, &GradualBitsConfig::activation>("qat_params.gradual_bits.activation", "First activation width",
                                                          "Bits of activations in the first epoch where their own are fewer; 0 is off.", within(0, 8));
    rows.add<at, gradual, &GradualBitsConfig::duration>("qat_params.gradual_bits.duration", "Duration",
                                                      "Epochs in which the widths fall to their own.", within(1, 100000));
}

void addDistillation(Rows<Config>& rows) {
    using D = DistillationConfig;
    constexpr auto at = &Config::distillation;
    rows.add<at, &D::enabled>("distillation.enabled", "Enabled", "Trains against the outputs of a teacher network.");
    rows.add<at, &D::teacherModel>("distillation.teacher_model", "Teacher", "Checkpoint or run folder of the teacher; empty takes the model the run starts from.", path());
    rows.add<at, &D::temperature>("distillation.temperature", "Temperature", "Softens the logits of both networks.",
                                  within(0.1, 100));
    rows.add<at, &D::alpha>("distillation.alpha", "Alpha", "Weight of the distillation loss; the rest is that of the labels.", within(0, 1));
    rows.add<at, &D::featureDistillation>("distillation.feature_distillation", "Feature distillation",
                                          "Compares the outputs of feature_layers too.");
    rows.add<at, &D::featureLayers>("distillation.feature_layers", "Feature layers",
                                    "Layers whose outputs are compared, by name or by an expression that matches whole names.");
}

void addTrainExtras(Rows<Config>& rows) {
    using T = TrainConfig;
    constexpr auto at = &Config::train;
    const std::string loss = "train_params.loss_weights.";
    constexpr auto weights = &T::lossWeights;
    rows.add<at, weights, &LossWeights::box>(loss + "box", "Box loss", "Weight of the box loss.", within(0, 1000));
    rows.add<at, weights, &LossWeights::cls>(loss + "cls", "Class loss", "Weight of the class loss.", within(0, 1000));
    rows.add<at, weights, &LossWeights::obj>(loss + "obj", "Objectness loss",
                                             "Weight of the objectness loss; scales the DFL loss where there is none.",
                                             within(0, 1000));
    rows.add<at, weights, &LossWeights::dfl>(
        loss + "dfl", "DFL loss", "Weight of the distribution focal loss; empty follows obj.", within(0, 1000));
}

void addTrain(Rows<Config>& rows) {
    using T = TrainConfig;
    constexpr auto at = &Config::train;
    const std::string train = "train_params.";
    rows.add<at, &T::quantize>(train + "quantize", "Quantize", "Off trains the plain floating point network.");
    rows.add<at, &T::epochs>(train + "epochs", "Epochs", "Passes over the training images; 0 only calibrates.",
                             within(0, 100000));
    rows.add<at, &T::batchSize>(train + "batch_size", "Batch size", "Images in a batch.", within(1, 4096));
    rows.add<at, &T::lr>(train + "lr", "Learning rate", "Learning rate after the warm-up.", within(0, 10));
    rows.add<at, &T::lrf>(train + "lrf", "Final share", "Last learning rate as a share of the first.", within(0, 1));
    rows.add<at, &T::lrScheduler>(train + "lr_scheduler", "Schedule", "How the learning rate falls.");
    rows.add<at, &T::warmupEpochs>(train + "warmup_epochs", "Warm-up", "Epochs in which the learning rate rises.",
                                   within(0, 1000));
    rows.add<at, &T::optimizer>(train + "optimizer", "Optimizer", "How gradients change the weights.");
    rows.add<at, &T::momentum>(train + "momentum", "Momentum", "Momentum of SGD, first beta of Adam.", within(0, 1));
    rows.add<at, &T::weightDecay>(train + "weight_decay", "Weight decay", "Pull of the weights towards zero.",
                                  within(0, 1));
    rows.add<at, &T::patience>(train + "patience", "Patience", "Epochs without improvement before training stops.",
                               within(1, 1e6));
    rows.add<at, &T::nominalBatch>(train + "nominal_batch", "Nominal batch",
                                   "Images per optimizer step, by accumulation; 0 steps every batch.",
                                   within(0, 65536));
    rows.add<at, &T::quantLrFactor>(train + "quant_lr_factor", "Scale learning rate",
                                    "Learning rate of quantizer scales relative to that of the weights.",
                                    within(0, 1000));
    rows.add<at, &T::checkpointEvery>(train + "checkpoint_every", "Checkpoint every",
                                      "Steps between resumable checkpoints; 0 writes them at epochs only.",
                                      within(0, 1e6));
    rows.add<at, &T::maxGradNorm>(train + "max_grad_norm", "Gradient norm", "Longer gradients are shortened to this; 0 leaves them.",
                                  within(0, 1e9));
    rows.add<at, &T::bnFreezeEpoch>(train + "bn_freeze_epoch", "Freeze norms after",
                                    "Epochs after which the statistics of batch norms stay; 0 is never.", within(0, 100000));
    rows.add<at, &T::multiScale>(train + "multi_scale", "Image sizes", "Largest change of the image size from batch to batch, as a share.",
                                 within(0, 0.9));
    rows.add<at, &T::frozenLayers>(train + "frozen_layers", "Frozen layers",
                                   "Expressions searched in names of layers whose weights are not trained.");
    rows.add<at, &T::classWeights>(train + "class_weights", "Class weights",
                                   "Weights of the classes in the class loss, one a class, relative to their mean; empty treats all alike.",
                                   within(0, 1e6));
    rows.add<at, &T::classBalance>(train + "class_balance", "Class balance",
                                   "Makes rare classes count more: labels of a class to the power of minus this; 1 is inverse frequency, 0 treats all alike.",
                                   within(0, 2));
    addTrainExtras(rows);
}

void addRepair(Rows<Config>& rows) {
    using R = RepairConfig;
    constexpr auto at = &Config::repair;
    rows.add<at, &R::equalize>("repair.equalize", "Equalize layers",
                               "Evens out the ranges of convolutions with nothing or a rectifier between them, before calibration.");
    rows.add<at, &R::shiftNegative>("repair.shift_negative", "Shift negative values",
                                    "Makes symmetric ranges behind SiLU affine ones that end at its minimum.");
    rows.add<at, &R::adaround>("repair.adaround", "Learned rounding", "Learns for every weight whether it is rounded up or down.");
    rows.add<at, &R::biasCorrection>("repair.bias_correction", "Correct biases", "Takes the mean error of every channel out of its bias.");
    rows.add<at, &R::samples>("repair.samples", "Samples", "Calibration images of learned rounding and bias correction.", within(1, 4096));
    rows.add<at, &R::adaroundIterations>("repair.adaround_iterations", "Rounding iterations", "Optimizer steps of learned rounding, a layer.",
                                         within(1, 100000));
    rows.add<at, &R::adaroundWeight>("repair.adaround_weight", "Rounding weight", "Weight of the term that drives roundings to one side.",
                                     within(0, 1000));
}

void addEma(Rows<Config>& rows) {
    using E = EmaConfig;
    constexpr auto at = &Config::ema;
    rows.add<at, &E::enabled>("ema.enabled", "Average weights", "Evaluates and keeps a moving average of the weights.");
    rows.add<at, &E::decay>("ema.decay", "Decay", "Share of the old average kept at each step.", within(0, 1));
    rows.add<at, &E::tau>("ema.tau", "Ramp", "Steps over which the decay rises to its value.", within(1, 1e9));
    rows.add<at, &E::scales>("ema.scales", "Average scales",
                             "Averages the scales of quantizers too; off, they are taken as they stand.");
    rows.add<at, &E::evaluateRaw>("ema.evaluate_raw", "Evaluate both",
                                  "Evaluates the model behind the average after each epoch too.");
}

void addOscillation(Rows<Config>& rows) {
    using O = OscillationConfig;
    constexpr auto at = &Config::oscillation;
    constexpr auto dampen = &O::dampen;
    constexpr auto freeze = &O::freeze;
    rows.add<at, &O::track>("oscillation.track", "Track", "Follows how often weights of at most 4 bits change their code and back.");
    rows.add<at, &O::momentum>("oscillation.momentum", "Momentum", "Weight of the newest step in frequencies and mean codes.",
                               within(1e-6, 1));
    rows.add<at, &O::bnReestimation>("oscillation.bn_reestimation", "Estimate norms again",
                                     "Batches from which the statistics of batch norms are estimated again after training; 0 is off.",
                                     within(0, 100000));
    rows.add<at, dampen, &DampenConfig::weight>("oscillation.dampen.weight", "Weight",
                                                "Final weight of the pull of weights to their codes; 0 is off.", within(0, 1000));
    rows.add<at, dampen, &DampenConfig::startWeight>("oscillation.dampen.start_weight", "First weight",
                                                     "Weight of the pull until its anneal begins.", within(0, 1000));
    rows.add<at, dampen, &DampenConfig::begin>("oscillation.dampen.begin", "Begin",
                                               "Share of the training at which the weight begins to change.", within(0, 1));
    rows.add<at, dampen, &DampenConfig::end>("oscillation.dampen.end", "End",
                                             "Share of the training at which the weight has its final value.", within(0, 1));
    rows.add<at, freeze, &FreezeConfig::threshold>("oscillation.freeze.threshold", "Threshold",
                                                   "Final frequency above which a weight freezes on its mean code; 0 is off.",
                                                   within(0, 1));
    rows.add<at, freeze, &FreezeConfig::startThreshold>("oscillation.freeze.start_threshold", "First threshold",
                                                        "Threshold when freezing begins.", within(0, 1));
    rows.add<at, freeze, &FreezeConfig::begin>("oscillation.freeze.begin", "Begin",
                                               "Share of the training at which freezing begins.", within(0, 1));
    rows.add<at, freeze, &FreezeConfig::end>("oscillation.freeze.end", "End",
                                             "Share of the training at which the threshold has its final value.", within(0, 1));
}

void addAnalysis(Rows<Config>& rows) {
    using A = AnalysisConfig;
    constexpr auto at = &Config::analysis;
    rows.add<at, &A::enabled>("analysis.enabled", "Enabled", "Analyses what quantization changed.");
    rows.add<at, &A::measureLayerError>("analysis.measure_layer_error", "Measure layer error",
                                        "Compares every layer's output with the floating point network.");
    rows.add<at, &A::testSamples>("analysis.test_samples", "Samples", "Images of the error analysis.", within(1, 1e6));
    rows.add<at, &A::generateVisualization>("analysis.generate_visualization", "Visualise",
                                            "Keeps pictures of the results.");
    rows.add<at, &A::metrics>("analysis.metrics", "Metrics",
                              "What is measured: abs_error, rel_error, mse, sqnr_db, cosine, mAP.");
    rows.add<at, &A::compareWithFp32>("analysis.compare_with_fp32", "Compare with FP32",
                                      "Evaluates the floating point network beside the quantized one.");
    rows.add<at, &A::previewImages>("analysis.preview_images", "Previews",
                                    "Validation images kept with the detections of both networks.", within(0, 10000));
}

void addExport(Rows<Config>& rows) {
    using E = ExportConfig;
    constexpr auto at = &Config::exporting;
    rows.add<at, &E::formats>("export.formats", "Formats", "Files written at the end.",
                              oneOf({"onnx", "tensorrt", "tflite", "openvino"}));
    rows.add<at, &E::includeMetadata>("export.include_metadata", "Metadata", "Writes names and origin into the file.");
    rows.add<at, &E::simplify>("export.simplify", "Simplify", "Removes operations that change nothing.");
    rows.add<at, &E::validate>("export.validate", "Validate", "Reads the file back and compares results.");
    rows.add<at, &E::includeQuantParams>("export.include_quant_params", "Quantization parameters",
                                         "Writes scales and zero points into the file.");
}

void addQc(Rows<Config>& rows) {
    using Q = QcConfig;
    constexpr auto at = &Config::qc;
    rows.add<at, &Q::enabled>("qc.enabled", "Correct quantization",
                              "Trains a factor and an offset for each channel behind the quantized convolutions, all else frozen.");
    rows.add<at, &Q::epochs>("qc.epochs", "Epochs", "Passes over the images of the correction.", within(1, 1000));
    rows.add<at, &Q::lr>("qc.lr", "Learning rate", "Of Adam at the start of the correction; falls to 0 along a cosine.", within(0, 1));
    rows.add<at, &Q::images>("qc.images", "Images",
                             "Training images of the correction, drawn at random or as the calibration's coreset.", within(1, 1e7));
    rows.add<at, &Q::layers>("qc.layers", "Layers",
                             "Expressions searched in names of layers; empty corrects every quantized convolution.");
    rows.add<at, &Q::fold>("qc.fold", "Folding",
                           "auto folds into scales that are one a channel, per_channel gives other weights such scales, never keeps "
                           "factor and offset as operations.");
}

void addGate(Rows<Config>& rows) {
    using G = GateConfig;
    constexpr auto at = &Config::gate;
    rows.add<at, &G::collapseRatio>("gate.collapse_ratio", "Collapse ratio",
                                    "Training collapsed when mAP50-95 is below this share of its best; 0 sets no floor.", within(0, 1));
    rows.add<at, &G::patience>("gate.patience", "Patience", "Epochs in a row below the floor before anything is done.", within(1, 1000));
    rows.add<at, &G::reaction>("gate.reaction", "Reaction",
                               "What follows a collapse, a loss or gradients that are not finite, or a dead or exploding scale.");
    rows.add<at, &G::retries>("gate.retries", "Retries", "Times that training goes back to its best epoch.", within(1, 100));
    rows.add<at, &G::retryLrFactor>("gate.retry_lr_factor", "Retry factor",
                                    "What each retry multiplies the learning rates with.", within(0.001, 1));
    rows.add<at, &G::stableRuns>("gate.stable_runs", "Stable runs",
                                 "Stable runs of ema+qc on n and on s that there must be before larger models are trained; 0 asks for none.",
                                 within(0, 100));
    rows.add<at, &G::evidence>("gate.evidence", "Evidence",
                               "Folder of the runs on n and s; empty: a group of runs looks into its own folder, a single run does not ask.", path());
}

void addAugment(Rows<Config>& rows) {
    using A = AugmentConfig;
    constexpr auto data = &Config::data;
    constexpr auto at = &DataConfig::augment;
    const std::string section = "data.augment.";
    rows.add<data, at, &A::mosaic>(section + "mosaic", "Mosaic", "Probability of joining four images.", within(0, 1));
    rows.add<data, at, &A::closeMosaic>(section + "close_mosaic", "Close mosaic", "Last epochs without mosaic.",
                                         within(0, 100000));
    rows.add<data, at, &A::fliplr>(section + "fliplr", "Flip", "Probability of mirroring left to right.",
                                    within(0, 1));
    rows.add<data, at, &A::hsvH>(section + "hsv_h", "Hue", "Largest change of hue, as a share.", within(0, 1));
    rows.add<data, at, &A::hsvS>(section + "hsv_s", "Saturation", "Largest change of saturation, as a share.",
                                  within(0, 1));
    rows.add<data, at, &A::hsvV>(section + "hsv_v", "Brightness", "Largest change of brightness, as a share.",
                                  within(0, 1));
    rows.add<data, at, &A::scale>(section + "scale", "Scale", "Largest change of size, as a share.", within(0, 0.99));
    rows.add<data, at, &A::translate>(section + "translate", "Translate", "Largest shift, as a share of the image.",
                                       within(0, 1));
}

void addData(Rows<Config>& rows) {
    using D = DataConfig;
    constexpr auto at = &Config::data;
    rows.add<at, &D::path>("data.path", "Data", "data.yaml, an image list, or shapes for synthetic images.", path());
    rows.add<at, &D::trainSplit>("data.train_split", "Training split", "Part of the data that trains and calibrates.", oneOf({"train", "val", "test"}));
    rows.add<at, &D::valSplit>("data.val_split", "Validation split", "Part of the data that measures.", oneOf({"train", "val", "test"}));
    rows.add<at, &D::classes>("data.classes", "Classes", "Names of the classes whose objects count; empty counts all.");
    rows.add<at, &D::imgsz>("data.imgsz", "Image size", "Side of the network's input, a multiple of 32.",
                            within(32, 8192));
    rows.add<at, &D::rect>("data.rect", "Rectangular", "Validates on batches without square padding.");
    rows.add<at, &D::valLimit>("data.val_limit", "Validation limit", "Validation images used; 0 uses all.",
                               within(0, 1e9));
    addAugment(rows);
}

void addRun(Rows<Config>& rows) {
    using R = RunConfig;
    constexpr auto at = &Config::run;
    rows.add<at, &R::seed>("run.seed", "Seed", "Start of every random draw.", within(0, 9007199254740991.0));
    rows.add<at, &R::deterministic>("run.deterministic", "Deterministic", "Off draws a new seed for each run, which the run folder then states.");
    rows.add<at, &R::device>("run.device", "Device", "What computes.", oneOf({"cpu"}));
    rows.add<at, &R::threads>("run.threads", "Threads", "Threads that compute; 0 takes as many as there are cores.", within(0, 1024));
    rows.add<at, &R::workers>("run.workers", "Workers", "Threads that load images.", within(0, 256));
    rows.add<at, &R::output>("run.output", "Output", "Folder in which new run folders are made.", path());
}

void addSensitivity(Rows<Config>& rows) {
    using S = SensitivityConfig;
    constexpr auto at = &Config::sensitivity;
    rows.add<at, &S::bits>("sensitivity.bits", "Widths", "Bit widths each layer is tried with alone; empty leaves the sweep out.", within(2, 16));
    rows.add<at, &S::samples>("sensitivity.samples", "Samples", "Images of the sweep.", within(1, 100000));
    rows.add<at, &S::tensors>("sensitivity.tensors", "Tensors", "What of the layer is quantized: its weights and its input, or its weights alone.");
}

void addMixedPrecision(Rows<Config>& rows) {
    using M = MixedPrecisionConfig;
    constexpr auto at = &Config::mixedPrecision;
    rows.add<at, &M::bits>("mixed_precision.bits", "Candidates", "Widths to choose from; empty takes those of the sensitivity sweep and the configured one.", within(2, 16));
    rows.add<at, &M::averageBits>("mixed_precision.average_bits", "Average", "Bits a weight may have on average; 0 takes the average that is configured.", within(0, 16));
}

// "a.b[3].c": the row table an entry path belongs to, and the part behind the index.
struct EntryPath {
    std::string_view list, rest;
    bool isEntry = false;
};

EntryPath splitEntry(std::string_view path) {
    const size_t open = path.find('['), close = path.find(']');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
    std::string_view rest = path.substr(close + 1);
    if (!rest.empty() && rest.front() != '.') return {};
    if (!rest.empty()) rest.remove_prefix(1);
    return {path.substr(0, open), rest, true};
}

template <class Root>
std::vector<std::string> pathsOf(const std::vector<FieldRow<Root>>& rows) {
    std::vector<std::string> paths;
    for (const auto& row : rows) paths.push_back(row.info.path);
    return paths;
}

// Keys of the file with the entry lists where the guide has them: behind the last key of their section.
std::vector<std::string> filePaths() {
    std::vector<std::string> paths;
    const auto& rows = configRows();
    for (size_t i = 0; i < rows.size(); ++i) {
        paths.push_back(rows[i].info.path);
        const bool last = i + 1 == rows.size() || rows[i + 1].info.section != rows[i].info.section;
        if (last && kLayerConfigsPath.starts_with(rows[i].info.section + ".")) paths.emplace_back(kLayerConfigsPath);
        if (last && kFusionPatternsPath.starts_with(rows[i].info.section + "."))
            paths.emplace_back(kFusionPatternsPath);
    }
    return paths;
}

template <class Root>
std::vector<ConfigField> fieldsOf(const std::vector<FieldRow<Root>>& rows) {
    std::vector<ConfigField> fields;
    for (const auto& row : rows) fields.push_back(row.info);
    return fields;
}

}  // namespace

const std::vector<FieldRow<Config>>& configRows() {
    static const auto rows = [] {
        Rows<Config> all;
        for (const auto add : {addModel, addQuantization, addCalibrationSection, addQatParams, addDistillation,
                               addTrain, addAnalysis, addExport, addData, addRun, addSensitivity, addMixedPrecision,
                               addRepair, addEma, addOscillation, addQc, addGate})
            add(all);
        return std::move(all.list);
    }();
    return rows;
}

const std::vector<FieldRow<LayerConfig>>& layerRows() {
    static const auto rows = [] {
        Rows<LayerConfig> all;
        all.add<&LayerConfig::pattern>("pattern", "Pattern", "Regular expression searched in names of layers.");
        all.add<&LayerConfig::skip>("skip", "Skip", "Leaves the layers in floating point.");
        addTensor<TensorQuantOverride, &LayerConfig::activation>(all, "config.activation.");
        addTensor<TensorQuantOverride, &LayerConfig::weight>(all, "config.weight.");
        addFakeQuantize<FakeQuantizeOverride, &LayerConfig::fakeQuantize>(all, "fake_quantize.");
        addCalibration<CalibrationOverride, &LayerConfig::calibration>(all, "calibration.");
        return std::move(all.list);
    }();
    return rows;
}

const std::vector<FieldRow<FusionPattern>>& fusionRows() {
    static const auto rows = [] {
        Rows<FusionPattern> all;
        all.add<&FusionPattern::pattern>("pattern", "Pattern", "Regular expression searched in names of layers.");
        all.add<&FusionPattern::modules>("modules", "Modules", "Modules that are fused, in their order.");
        all.add<&FusionPattern::fuserMethod>("fuser_method", "Method", "Name of the fusion.");
        return std::move(all.list);
    }();
    return rows;
}

const std::vector<ConfigField>& configFields() {
    static const auto fields = fieldsOf(configRows());
    return fields;
}

const std::vector<ConfigField>& layerConfigFields() {
    static const auto fields = fieldsOf(layerRows());
    return fields;
}

const ConfigField* findField(std::string_view path) {
    const auto infoOf = [](const auto* row) { return row ? &row->info : nullptr; };
    const EntryPath entry = splitEntry(path);
    if (!entry.isEntry) return infoOf(findRow(configRows(), path));
    if (entry.list == kLayerConfigsPath) return infoOf(findRow(layerRows(), entry.rest));
    if (entry.list == kFusionPatternsPath) return infoOf(findRow(fusionRows(), entry.rest));
    return nullptr;
}

std::vector<std::string> pathsAround(std::string_view section) {
    const EntryPath entry = splitEntry(section);
    if (!entry.isEntry) return filePaths();
    if (entry.list == kLayerConfigsPath) return pathsOf(layerRows());
    if (entry.list == kFusionPatternsPath) return pathsOf(fusionRows());
    return {};
}

std::vector<std::string> childNames(std::string_view section) {
    const EntryPath entry = splitEntry(section);
    const std::string prefix = entry.isEntry ? (entry.rest.empty() ? "" : std::string(entry.rest) + ".")
                                             : (section.empty() ? "" : std::string(section) + ".");
    std::vector<std::string> names;
    for (const std::string& path : pathsAround(section)) {
        if (!path.starts_with(prefix)) continue;
        std::string name = path.substr(prefix.size(), path.find('.', prefix.size()) - prefix.size());
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
    return names;
}

}  // namespace qat
