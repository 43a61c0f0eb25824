// Rows of what is quantized, and how; also of the entries for single layers.
#include <algorithm>

#include "base/error.h"
#include "config/architectures.h"
#include "config/field_rows.h"
#include "config/variant_words.h"

namespace qat {
namespace {

// TensorQuantConfig and TensorQuantOverride have the same members, the latter optional.
template <class Tensor, auto... Owner, class Root>
void addTensor(Rows<Root>& rows, const std::string& at) {
    rows.template add<Owner..., &Tensor::dtype>(
        at + "dtype", "Data type", "Type of the quantized values: integers, or floating point of 8 or 16 bits.");
    rows.template add<Owner..., &Tensor::scheme>(
        at + "scheme", "Scheme",
        "One scale for the whole tensor, for each channel, or (weights) for each group of inputs.");
    rows.template add<Owner..., &Tensor::observer>(at + "observer", "Observer",
                                                   "How the range of the values is collected.");
    rows.template add<Owner..., &Tensor::symmetric>(at + "symmetric", "Symmetric",
                                                    "Puts the zero point at zero and the range around it.");
    rows.template add<Owner..., &Tensor::bitWidth>(at + "bit_width", "Bit width",
                                                   "Bits of a quantized value; signed values of 1 bit are -1 and 1.",
                                                   within(1, 16));
    rows.template add<Owner..., &Tensor::channelAxis>(
        at + "channel_axis", "Channel axis", "Axis along which a per-channel scheme has its scales.", within(0, 3));
    rows.template add<Owner..., &Tensor::reduceRange>(at + "reduce_range", "Reduce range",
                                                      "Leaves out the highest bit, for backends that would overflow.");
    rows.template add<Owner..., &Tensor::narrowRange>(
        at + "narrow_range", "Narrow range", "Leaves out the lowest value of symmetric signed types: -127 to 127.");
    rows.template add<Owner..., &Tensor::groupSize>(at + "group_size", "Group size",
                                                    "Inputs of an output channel that share a scale under per_group.",
                                                    within(1, 1e6));
    rows.template add<Owner..., &Tensor::min>(at + "min", "Lower bound",
                                              "For the observer custom_minmax: ranges end here.", within(-1e6, 1e6));
    rows.template add<Owner..., &Tensor::max>(at + "max", "Upper bound",
                                              "For the observer custom_minmax: ranges end here.", within(-1e6, 1e6));
    rows.template add<Owner..., &Tensor::fixed>(at + "fixed", "Fixed bounds",
                                                "For the observer custom_minmax: min and max are the range.");
}

template <class FakeQuantize, auto... Owner, class Root>
void addFakeQuantize(Rows<Root>& rows, const std::string& at) {
    rows.template add<Owner..., &FakeQuantize::type>(
        at + "type", "Type",
        "Observed ranges (custom, per_channel), learned scales (lsq) or learned ends of the range (pact).");
    rows.template add<Owner..., &FakeQuantize::gradFactor>(
        at + "grad_factor", "Gradient factor", "Multiplies the gradient that passes the quantizer.", within(0, 1000));
    rows.template add<Owner..., &FakeQuantize::momentum>(
        at + "momentum", "Momentum", "Weight of the newest batch in moving averages.", within(0, 1));
    rows.template add<Owner..., &FakeQuantize::eps>(
        at + "eps", "Smallest scale", "No scale, observed or learned, falls below this.", within(1e-12, 0.1));
    rows.template add<Owner..., &FakeQuantize::scaleType>(
        at + "scale_type", "Kind of scale", "Any scale, one learned by its logarithm, or powers of two only.");
    rows.template add<Owner..., &FakeQuantize::learnOffset>(at + "learn_offset", "Learn the offset",
                                                            "Trains zero points of affine lsq quantizers too (LSQ+).");
    rows.template add<Owner..., &FakeQuantize::clipDecay>(
        at + "clip_decay", "Clip decay", "L2 penalty on the end of a pact range; empty: train_params.weight_decay.",
        within(0, 1));
}

template <class Calibration, auto... Owner, class Root>
void addCalibration(Rows<Root>& rows, const std::string& at) {
    rows.template add<Owner..., &Calibration::method>(
        at + "method", "Method", "How values of activations become a range; minmax leaves it to their observer.");
    rows.template add<Owner..., &Calibration::numBatches>(at + "num_batches", "Batches",
                                                          "Batches that calibration looks at.", within(1, 1e6));
    rows.template add<Owner..., &Calibration::percentile>(
        at + "percentile", "Percentile", "Share of the values kept, for the percentile method.", within(50, 100));
    rows.template add<Owner..., &Calibration::clipWeight>(
        at + "clip_weight", "Clip weight", "Weight of what is cut off against what is rounded, for the sqnr method.",
        within(0.01, 1000));
}

}  // namespace

namespace {

std::vector<std::string> architectureNames() {
    std::vector<std::string> names;
    for (const Architecture& architecture : kArchitectures) names.emplace_back(architecture.name);
    return names;
}

// Sizes of all architectures, each once.
std::vector<std::string> variantNames() {
    std::vector<std::string> names;
    for (const Architecture& architecture : kArchitectures)
        for (const std::string& size : variantWords(architecture).sizes)
            if (!size.empty() && std::ranges::find(names, size) == names.end()) names.push_back(size);
    return names;
}

// A pattern of the names of all members, and of the twins of those that have one.
std::string memberPattern() {
    std::string pattern;
    for (const Architecture& architecture : kArchitectures) {
        pattern += str(pattern.empty() ? "" : "|", architecture.classifies ? str("(", kQuantizedTwin, ")?") : "",
                       architecture.name, "(");
        for (const std::string_view variant : architecture.variants) pattern += str(variant, "|");
        pattern.back() = ')';
    }
    return pattern;
}

}  // namespace

void addModel(Rows<Config>& rows) {
    using M = ModelConfig;
    constexpr auto at = &Config::model;
    rows.add<at, &M::architecture>("model.architecture", "Architecture",
                                   "Family of the network, a member of one by its whole name (resnet20; quant_resnet20 "
                                   "with the quantizers of its reference), or the YAML file of its table of layers.",
                                   oneOf(architectureNames(), str(memberPattern(), "|.+\\.ya?ml"),
                                         "a member of one (resnet20, quant_resnet20), or a table of layers (.yaml)"));
    rows.add<at, &M::variant>(
        "model.variant", "Variant",
        "Size of the network, from nano to extra large or by its layers, and what it makes beside boxes: masks (-seg), "
        "key points (-pose), angles (-obb), or a class of the picture instead (-cls); of a table one of its scales, "
        "and "
        "its own or first one if it is empty.",
        oneOf(variantNames(), "[A-Za-z0-9._-]{0,32}", "a scale of the table"));
    rows.add<at, &M::pretrainedPath>("model.pretrained_path", "Pretrained weights",
                                     "Checkpoint to start from; empty starts from random weights.", path());
    rows.add<at, &M::numClasses>("model.num_classes", "Classes",
                                 "Number of classes; 0 takes it from the checkpoint or the data.", within(0, 100000));
    rows.add<at, &M::head>("model.head", "Head",
                           "Which of the two heads of an end-to-end detector is quantized, measured and exported: "
                           "one2one makes one box an object, one2many several for non-maximum suppression; auto takes "
                           "the one its family deploys.",
                           oneOf({"auto", "one2many", "one2one"}));
}

void addQuantization(Rows<Config>& rows) {
    using Q = QuantizationConfig;
    constexpr auto at = &Config::quantization;
    rows.add<at, &Q::defaultQconfig>("quantization.default_qconfig", "Default configuration",
                                     "Name of the configuration for layers that no pattern matches; reference gives a "
                                     "classifier the quantizers of its family's published quantized networks wherever "
                                     "a key below has its default (check --layers says which and why).");
    addTensor<TensorQuantConfig, at, &Q::weight>(rows, "quantization.weight.");
    addTensor<TensorQuantConfig, at, &Q::activation>(rows, "quantization.activation.");
    addFakeQuantize<FakeQuantizeConfig, at, &Q::fakeQuantize>(rows, "quantization.fake_quantize.");
    constexpr auto groups = &Q::scaleGroups;
    rows.add<at, groups, &ScaleGroupConfig::concat>("quantization.scale_groups.concat", "Concatenations",
                                                    "Sources share the range of the result, or that of the widest, or "
                                                    "keep their own and the result is quantized again.",
                                                    oneOf({"output", "largest", "requantize"}));
    rows.add<at, groups, &ScaleGroupConfig::add>(
        "quantization.scale_groups.add", "Additions",
        "Addends share a range that holds all of them, the sum's, or that of the widest, or keep their own.");
    rows.add<at, &Q::branchPolicies>(
        "quantization.branch_policies", "Branch policies",
        "Gives the parts of a detector that suffer first at least 8 bits, and depthwise "
        "layers a range a channel, before any pattern; check --layers says where and why.");
    rows.add<at, &Q::asDeclared>(
        "quantization.as_declared", "As declared",
        "Takes the widths and ranges that the network's own description states for its layers; "
        "patterns come before them.");
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
                                        "Adds epochs after quantization-aware training with frozen quantizers.");
    rows.add<at, &Q::fineTuningEpochs>("qat_params.fine_tuning_epochs", "Fine-tuning epochs",
                                       "Epochs of the fine-tuning, at the rate the schedule ends with.",
                                       within(1, 10000));
    rows.add<at, &Q::analyzeQuantizationEffects>("qat_params.analyze_quantization_effects", "Analyse effects",
                                                 "Compares the network before and after; analysis.enabled must agree.");
    rows.add<at, &Q::measureLayerError>("qat_params.measure_layer_error", "Measure layer error",
                                        "Measures every layer; analysis.measure_layer_error must agree.");
    rows.add<at, &Q::autoAdaptBitWidth>(
        "qat_params.auto_adapt_bit_width", "Adapt bit widths",
        "Chooses the widths of weights by sensitivity, within the average that is configured; patterns keep theirs.");
    constexpr auto gradual = &Q::gradualBits;
    rows.add<at, &Q::floatEpochs>(
        "qat_params.float_epochs", "Float epochs",
        "First epochs of the training, without quantizers; ranges are calibrated anew after them.", within(0, 100000));
    rows.add<at, gradual, &GradualBitsConfig::weight>(
        "qat_params.gradual_bits.weight", "First weight width",
        "Bits of weights in the first epoch where their own are fewer; 0 is off.", within(0, 8));
    rows.add<at, gradual, &GradualBitsConfig::activation>(
        "qat_params.gradual_bits.activation", "First activation width",
        "Bits of activations in the first epoch where their own are fewer; 0 is off.", within(0, 8));
    rows.add<at, gradual, &GradualBitsConfig::duration>("qat_params.gradual_bits.duration", "Duration",
                                                        "Epochs in which the widths fall to their own.",
                                                        within(1, 100000));
}

void addRepair(Rows<Config>& rows) {
    using R = RepairConfig;
    constexpr auto at = &Config::repair;
    rows.add<at, &R::equalize>(
        "repair.equalize", "Equalize layers",
        "Evens out the ranges of convolutions with nothing or a rectifier between them, before calibration.");
    rows.add<at, &R::shiftNegative>("repair.shift_negative", "Shift negative values",
                                    "Makes symmetric ranges after SiLU affine ones that end at its minimum.");
    rows.add<at, &R::adaround>("repair.adaround", "Learned rounding",
                               "Learns for every weight whether it is rounded up or down.");
    rows.add<at, &R::biasCorrection>("repair.bias_correction", "Correct biases",
                                     "Takes the mean error of every channel out of its bias.");
    rows.add<at, &R::samples>("repair.samples", "Samples",
                              "Calibration images of learned rounding and bias correction.", within(1, 4096));
    rows.add<at, &R::adaroundIterations>("repair.adaround_iterations", "Rounding iterations",
                                         "Optimizer steps of learned rounding, a layer.", within(1, 100000));
    rows.add<at, &R::adaroundWeight>("repair.adaround_weight", "Rounding weight",
                                     "Weight of the term that drives roundings to one side.", within(0, 1000));
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

}  // namespace qat
