// One row a rule: whom it concerns, what it costs, the sentence, and the question to every node.
#include "quant/placement_lint.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/error.h"
#include "ops/activation.h"
#include "quant/quantized_view.h"

namespace qat {
namespace {

using Question = bool (*)(const QuantizedView&, const Node&);

// Quantizers of tensors in flight, which every runtime sees as a pair of QuantizeLinear and DequantizeLinear.

const FakeQuantize* inFlight(const Node& node) {
    const auto* op = std::get_if<FakeQuantize>(&node.op);
    return op && !op->weight ? op : nullptr;
}
const FakeQuantize* integersInFlight(const Node& node) {
    const FakeQuantize* op = inFlight(node);
    return op && op->format == NumberFormat::Integer ? op : nullptr;
}
const FakeQuantize* onWeight(const Node& node) {
    const auto* op = std::get_if<FakeQuantize>(&node.op);
    return op && op->weight ? op : nullptr;
}

bool isAffine(const QuantizedView& placed, const Node& node) {
    return integersInFlight(node) && !placed.quantizer(node)->grid.symmetric;
}

bool isUnsigned(const QuantizedView& placed, const Node& node) {
    const FakeQuantize* op = integersInFlight(node);
    return op && op->qmin >= 0 && placed.quantizer(node)->grid.symmetric;
}

bool hasChannelScales(const QuantizedView&, const Node& node) {
    return inFlight(node) && inFlight(node)->axis >= 0;
}

bool isWide(const QuantizedView&, const Node& node) {
    const FakeQuantize* op = integersInFlight(node);
    return op && op->bits > 8;
}

// Fewer codes than the byte has.
bool needsClip(const QuantizedView&, const Node& node) {
    const FakeQuantize* op = integersInFlight(node);
    return op && op->bits <= 8 && op->qmax - op->qmin < 255;
}

bool isFloat8(const QuantizedView&, const Node& node) {
    const auto* op = std::get_if<FakeQuantize>(&node.op);
    return op && (op->format == NumberFormat::E4m3 || op->format == NumberFormat::E5m2);
}

bool isSignOrHalf(const QuantizedView&, const Node& node) {
    const auto* op = std::get_if<FakeQuantize>(&node.op);
    return op && (op->format == NumberFormat::Binary || op->format == NumberFormat::Half);
}

// Weights.

bool hasWeightZeroPoint(const QuantizedView& placed, const Node& node) {
    const FakeQuantize* op = onWeight(node);
    return op && op->format == NumberFormat::Integer && !placed.quantizer(node)->grid.symmetric;
}
bool hasGroups(const QuantizedView&, const Node& node) {
    return onWeight(node) && onWeight(node)->group > 0;
}
bool hasOtherAxis(const QuantizedView& placed, const Node& node) {
    const Node* layer = onWeight(node) ? placed.onlyReader(node.outputs.front()) : nullptr;
    return layer && onWeight(node)->axis >= 0 && onWeight(node)->axis != traitsOf(layer->op).layer.outputAxis;
}
bool isWideWeight(const QuantizedView&, const Node& node) {
    const FakeQuantize* op = onWeight(node);
    return op && op->format == NumberFormat::Integer && op->bits > 8;
}
bool isNarrowWeight(const QuantizedView&, const Node& node) {
    const FakeQuantize* op = onWeight(node);
    return op && op->format == NumberFormat::Integer && op->bits < 8 && op->group == 0;
}

// Layers.

bool readsCodes(const QuantizedView& placed, const Node& layer) {
    return placed.weightOf(layer) && placed.codesIn(layer.inputs.front());
}

bool readsFloats(const QuantizedView& placed, const Node& node) {
    return placed.weightOf(node) && !placed.codesIn(node.inputs.front());
}

bool makesFloats(const QuantizedView& placed, const Node& node) {
    return readsCodes(placed, node) && !placed.quantizedNext(node.outputs.front());
}

bool changesType(const QuantizedView& placed, const Node& node) {
    const Quantizer* made = readsCodes(placed, node) ? placed.quantizedNext(node.outputs.front()) : nullptr;
    return made && (made->grid.qmin < 0) != (placed.codesIn(node.inputs.front())->grid.qmin < 0);
}

bool hasUnsignedWeight(const QuantizedView& placed, const Node& node) {
    return readsCodes(placed, node) && placed.codesIn(node.inputs.front())->grid.qmin < 0 &&
           placed.weightOf(node)->grid.qmin >= 0;
}

bool isFloatLayer(const QuantizedView& placed, const Node& node) {
    return hasWeight(node.op) && !placed.weightOf(node) && placed.amidQuantized(node);
}

// ONNX Runtime (1.22) makes one operator of a convolution whose input is in bytes and the quantizer after it. It looks
// at the scales of what is read, not at those of the result, which the operator then refuses to have one a channel.
bool makesChannelCodes(const QuantizedView& placed, const Node& node) {
    if (!std::holds_alternative<Conv2d>(node.op) || !readsCodes(placed, node)) return false;
    const Node* next = placed.onlyReader(node.outputs.front());
    const auto* activation = next ? std::get_if<Activation>(&next->op) : nullptr;
    if (activation && traitsOf(activation->kind).clips) next = placed.onlyReader(next->outputs.front());
    const FakeQuantize* made = next ? integersInFlight(*next) : nullptr;
    return made && made->bits <= 8 && made->axis >= 0;
}

bool hasNoIntegerKernel(const QuantizedView& placed, const Node& node) {
    return std::holds_alternative<ConvTranspose2d>(node.op) && readsCodes(placed, node);
}

// The quantizer between a convolution and its activation.
bool splitsActivation(const QuantizedView& placed, const Node& node) {
    const Node* reader = std::holds_alternative<Conv2d>(node.op) ? placed.onlyReader(node.outputs.front()) : nullptr;
    const Node* next = reader && inFlight(*reader) ? placed.onlyReader(reader->outputs.front()) : nullptr;
    return next && std::holds_alternative<Activation>(next->op);
}

bool activatesCodes(const QuantizedView& placed, const Node& node) {
    const auto* activation = std::get_if<Activation>(&node.op);
    return activation && !traitsOf(activation->kind).clips && placed.codesIn(node.inputs.front());
}

// What only moves, picks or adds numbers.

bool adds(const Node& node) {
    const auto* binary = std::get_if<Binary>(&node.op);
    return binary && binary->kind == BinaryKind::Add;
}

bool allCodes(const QuantizedView& placed, const Node& node) {
    return std::ranges::all_of(movedInputs(node), [&](ValueId input) { return placed.codesIn(input) != nullptr; });
}

bool movesFloats(const QuantizedView& placed, const Node& node) {
    return (movesDataOnly(node.op) || adds(node)) && !allCodes(placed, node) && placed.amidQuantized(node);
}

bool joinsGrids(const QuantizedView& placed, const Node& node) {
    if (!std::holds_alternative<Concat>(node.op) || !allCodes(placed, node)) return false;
    return std::ranges::any_of(
        node.inputs, [&](ValueId input) { return placed.codesIn(input) != placed.codesIn(node.inputs.front()); });
}

bool addsToFloats(const QuantizedView& placed, const Node& node) {
    return adds(node) && allCodes(placed, node) && !placed.quantizedNext(node.outputs.front());
}

// An addend quantized right after the convolution that the sum could be fused into.
bool quantizesBranch(const QuantizedView& placed, const Node& node) {
    const Node* reader = std::holds_alternative<Conv2d>(node.op) ? placed.onlyReader(node.outputs.front()) : nullptr;
    const Node* next = reader && inFlight(*reader) ? placed.onlyReader(reader->outputs.front()) : nullptr;
    return next && adds(*next);
}

struct Rule {
    std::optional<Runtime> runtime;  // none: every one
    PlacementCost cost;
    const char* name;
    const char* sentence;
    Question asks;
};

constexpr auto kEvery = std::nullopt;
constexpr auto kTensorRt = Runtime::TensorRt;
constexpr auto kOnnx = Runtime::OnnxRuntime;
constexpr auto kRefused = PlacementCost::Refused;
constexpr auto kSlower = PlacementCost::Slower;
constexpr auto kNote = PlacementCost::Note;

constexpr std::array kRules{
    Rule{kTensorRt, kRefused, "zero-point",
         "TensorRT takes a zero point of 0 only: set quantization.activation.symmetric to true and dtype to qint8.",
         isAffine},
    Rule{kTensorRt, kRefused, "weight-zero-point",
         "TensorRT takes a zero point of 0 only: set quantization.weight.symmetric to true.", hasWeightZeroPoint},
    Rule{kTensorRt, kRefused, "unsigned",
         "TensorRT reads int8, and these codes are uint8: set quantization.activation.dtype to qint8.", isUnsigned},
    Rule{kTensorRt, kRefused, "channel-scales", "TensorRT has one scale for a tensor in flight, not one a channel.",
         hasChannelScales},
    Rule{kTensorRt, kRefused, "weight-axis",
         "TensorRT has weight scales for the whole tensor or along the output channels.", hasOtherAxis},
    Rule{kOnnx, kRefused, "channel-result",
         "A convolution of bytes and the quantizer of its result become one operator, whose result has one scale and "
         "not one a channel: set quantization.activation.scheme to per_tensor.",
         makesChannelCodes},
    Rule{kEvery, kRefused, "float8",
         "Numbers of 8-bit floating point need opset 19, and files are written with opset 13.", isFloat8},
    Rule{kTensorRt, kSlower, "clip",
         "A grid narrower than its byte has a Clip between QuantizeLinear and DequantizeLinear, which TensorRT does "
         "not fuse.",
         needsClip},
    Rule{kTensorRt, kSlower, "split-activation",
         "A quantizer between convolution and activation keeps TensorRT from fusing them: leave it to the unit, "
         "without a fusion pattern [conv, bn].",
         splitsActivation},
    Rule{kTensorRt, kSlower, "concat-grids",
         "Sources on different grids are converted by a copy each: quantization.scale_groups.concat output or largest "
         "gives them one.",
         joinsGrids},
    Rule{kOnnx, kSlower, "float-result",
         "The result is not quantized at once, so that no integer kernel takes the layer; where an activation stands "
         "in between, a fusion pattern [conv, bn] quantizes before it.",
         makesFloats},
    Rule{kOnnx, kSlower, "channel-scales",
         "Integer kernels have one scale for a tensor in flight: what reads these runs in floating point.",
         hasChannelScales},
    Rule{
        kOnnx, kSlower, "transposed",
        "There is no integer kernel for transposed convolutions: it computes in floating point, from numbers that were "
        "quantized.",
        hasNoIntegerKernel},
    Rule{kOnnx, kSlower, "weight-axis",
         "Integer kernels have weight scales for the whole tensor or along the output channels.", hasOtherAxis},
    Rule{kOnnx, kSlower, "mixed-types",
         "Codes of input and result are of different types, int8 and uint8, for which there is no integer kernel.",
         changesType},
    Rule{kOnnx, kSlower, "weight-type",
         "There is no integer kernel for int8 inputs and uint8 weights: set quantization.weight.dtype to qint8.",
         hasUnsignedWeight},
    Rule{kOnnx, kSlower, "float-sum", "The addends are quantized and the sum is not: it is computed in floating point.",
         addsToFloats},
    Rule{kEvery, kSlower, "weight-groups",
         "Scales of groups of inputs are written as rows of a matrix: the weight is computed, and its layer runs in "
         "floating point.",
         hasGroups},
    Rule{kEvery, kSlower, "number-format",
         "Signs and 16-bit floating point are computed with, not stored: what reads them runs in floating point.",
         isSignOrHalf},
    Rule{kEvery, kSlower, "width", "More than 8 bits are computed in floating point, and so is what reads them.",
         isWide},
    Rule{kEvery, kSlower, "weight-width",
         "Weights of more than 8 bits are not for integer kernels: their layers run in floating point.", isWideWeight},
    Rule{kEvery, kSlower, "float-input",
         "The weight is quantized and the input is not in bytes: the layer runs in floating point.", readsFloats},
    Rule{kEvery, kSlower, "float-layer",
         "A layer in floating point between quantized ones costs a conversion on both sides.", isFloatLayer},
    Rule{kEvery, kSlower, "float-move",
         "Numbers are moved or added in floating point between quantized layers, because not all that comes in is "
         "quantized.",
         movesFloats},
    Rule{kTensorRt, kNote, "residual-branch",
         "TensorRT fuses a sum into the convolution of one branch if only the other branch is quantized before it.",
         quantizesBranch},
    Rule{kOnnx, kNote, "concat-grids", "Sources on different grids are requantized by a table each.", joinsGrids},
    Rule{kOnnx, kNote, "float-activation",
         "SiLU and sigmoid of codes are computed in floating point between two conversions.", activatesCodes},
    Rule{kOnnx, kNote, "clip",
         "A grid narrower than its byte needs a Clip after QuantizeLinear, one more pass over the tensor.", needsClip},
    Rule{kEvery, kNote, "narrow-weight",
         "Weights of less than 8 bits are stored and multiplied as int8: as accurate as trained, and no faster.",
         isNarrowWeight},
};

}  // namespace

std::string_view runtimeName(Runtime runtime) {
    return runtime == Runtime::TensorRt ? "TensorRT" : "ONNX Runtime";
}

std::string_view costName(PlacementCost cost) {
    switch (cost) {
        case PlacementCost::Refused:
            return "refused";
        case PlacementCost::Slower:
            return "slower";
        case PlacementCost::Note:
            return "note";
    }
    return "";
}

std::vector<PlacementFinding> lintPlacement(const Graph& graph, const QuantPlan& plan, Runtime runtime) {
    const QuantizedView placed(graph, plan);
    const std::vector<const Node*> nodes = placed.nodes();
    std::vector<PlacementFinding> findings;
    for (const Rule& rule : kRules) {
        if (rule.runtime && rule.runtime != runtime) continue;
        for (const Node* node : nodes)
            if (rule.asks(placed, *node))
                findings.push_back({runtime, rule.name, rule.cost, placed.subject(*node), rule.sentence});
    }
    return findings;
}

std::vector<std::string> refusals(const std::vector<PlacementFinding>& findings, Runtime runtime) {
    std::vector<const PlacementFinding*> first;
    std::map<std::string, int> places;  // by rule
    for (const PlacementFinding& finding : findings)
        if (finding.runtime == runtime && finding.cost == PlacementCost::Refused && ++places[finding.rule] == 1)
            first.push_back(&finding);
    std::vector<std::string> sentences;
    for (const PlacementFinding* finding : first) {
        const int more = places[finding->rule] - 1;
        sentences.push_back(str(runtimeName(runtime), " will refuse the exported file: ", finding->sentence,
                                " Concerned: ", finding->node,
                                more > 0 ? str(" and ", more, more == 1 ? " other place" : " other places") : ""));
    }
    return sentences;
}

}  // namespace qat
