// Tables that state their own quantizers (quantized-yolov5): published shapes and counts, widths, the form without
// exponential functions, and tables that are wrong.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "models/detector.h"
#include "models/table_words.h"
#include "models/weights.h"
#include "passes/hard_tanh_head.h"
#include "run/executor.h"
#include "support/bad_input.h"
#include "support/tensors.h"

namespace qat {
namespace {

// LPYOLO as its table was published, in flow style; WIDTHS, TANH, ARGS and HEAD are filled in.
constexpr const char* kTiny = R"(nc: 1
depth_multiple: 1.0
width_multiple: 0.2
TANH
anchors:
  - [10,14, 23,27, 37,58]
#  - [81,82, 135,169, 344,319]
bit_width:
WIDTHS
backbone:
  [[-1, 1, QuantConv, [16, 3, 1, None, 1, True, True, in_weight_bit_width, act_bit_width]],  # 0
   [-1, 1, nn.MaxPool2d, [2, 2, 0]],
   [-1, 1, QuantConv, [32, 3, 1, None, 1, True, True, weight_bit_width, act_bit_width]],
   [-1, 1, nn.MaxPool2d, [2, 2, 0]],
   [-1, 1, QuantConv, [64, 3, 1, None, 1, True, True, weight_bit_width, act_bit_width]],
   [-1, 1, nn.MaxPool2d, [2, 2, 0]],
   [-1, 1, QuantConv, [128, 3, 1, None, 1, True, True, weight_bit_width, act_bit_width]],
   [-1, 1, nn.MaxPool2d, [2, 2, 0]],
   [-1, 1, QuantConv, [256, 3, 1, None, 1, True, True, weight_bit_width, act_bit_width]],
   [-1, 1, nn.MaxPool2d, [2, 2, 0]],
   [-1, 1, QuantConv, [512, 3, 1, None, 1, True, True, weight_bit_width, act_bit_width]],
  ]
head:
  [[-1, 1, QuantConv, [1024, 3, 1, None, 1, True, True, weight_bit_width, act_bit_width]],
   [-1, 1, QuantConv, [256, 1, 1, None, 1, True, True, weight_bit_width, act_bit_width]],
   [-1, 1, QuantConv, [512, 3, 1, None, 1, True, True, weight_bit_width, act_bit_width]],
   [-1, 1, QuantSimpleConv, [(nc+5)*3, 3, 1, None, 1, out_weight_bit_width, act_bit_width, use_hardtanh]],
   [[14], 1, Detect, [nc, anchors, False, use_hardtanh]],
  ]
)";

std::string filled(std::string text, std::string_view word, std::string_view with) {
    const size_t at = text.find(word);
    return at == std::string::npos ? text : text.replace(at, word.size(), with);
}
std::string tiny(std::string_view widths = " - [8, 4, 4, 8]", std::string_view tanh = "use_hardtanh: False") {
    return filled(filled(kTiny, "WIDTHS", widths), "TANH", tanh);
}

Graph built(const std::string& text, int64_t classes = 1, bool probe = true) {
    Layout layout = layoutFromYaml(text);
    layout.family = "lpyolo", layout.isOwn = true, layout.classes = classes;
    Random random(3);
    Graph graph = buildDetector(layout, &random);
    if (probe) probeShapes(graph, {1, 3, 416, 416});
    return graph;
}

const DeclaredQuantizer& declaredOf(const Graph& graph, std::string_view node, bool weight) {
    const auto found = std::ranges::find_if(
        graph.declared, [&](const DeclaredQuantizer& each) { return each.node == node && each.weight == weight; });
    EXPECT_NE(found, graph.declared.end()) << node;
    return *found;
}

TEST(QuantTables, LpyoloHasThePublishedShapes) {
    const Graph graph = built(tiny());
    std::vector<int64_t> channels;
    for (const NodeId id : graph.order())
        if (std::holds_alternative<Conv2d>(graph.node(id).op))
            channels.push_back(graph.value(graph.node(id).outputs.front()).shape.at(1));
    EXPECT_EQ(channels, (std::vector<int64_t>{8, 8, 16, 32, 56, 104, 208, 56, 104, 18}));
    EXPECT_EQ(graph.value(graph.output("head.0")).shape, (Shape{1, 18, 13, 13}));
    EXPECT_EQ(graph.value(graph.output("decoded")).shape, (Shape{1, 5, 3 * 13 * 13}));
    EXPECT_EQ(graph.info.strides, std::vector<int64_t>{32});
    int64_t weights = 0, norms = 0;
    const std::vector<int64_t> inside{8, 8, 16, 32, 56, 104, 208, 56, 104};
    for (size_t i = 0; i < inside.size(); ++i) {
        const int64_t kernel = i == 7 ? 1 : 9, before = i == 0 ? 3 : inside[i - 1];
        weights += kernel * before * inside[i], norms += 2 * inside[i];
    }
    EXPECT_EQ(parameterCount(graph), weights + norms + 9 * 104 * 18) << "no biases";
}

TEST(QuantTables, RowsStateTheirBits) {
    const Graph graph = built(tiny());
    EXPECT_EQ(declaredOf(graph, "model.0.conv", true).bits, 8);
    const DeclaredQuantizer& weight = declaredOf(graph, "model.4.conv", true);
    EXPECT_EQ(weight.bits, 4);
    EXPECT_TRUE(weight.isSigned && weight.narrow && weight.perChannel);
    EXPECT_EQ(weight.range, DeclaredRange::Observed);
    EXPECT_EQ(weight.reason, "row 4, QuantConv");
    const DeclaredQuantizer& result = declaredOf(graph, "model.4.act", false);
    EXPECT_EQ(result.range, DeclaredRange::Learned);
    EXPECT_EQ(result.high, 6);
    EXPECT_FALSE(result.isSigned);
    EXPECT_EQ(declaredOf(graph, "model.14.conv", true).bits, 8);
    EXPECT_EQ(graph.node(*graph.findNode("model.14.conv")).role, NodeRole::HeadLast);
    EXPECT_EQ(declaredOf(graph, "images", false).range, DeclaredRange::Constant);
    EXPECT_EQ(built(tiny("  [8, 2, 4, 8]"), 3).declared.at(2).bits, 2) << "a plain list of four";
    EXPECT_EQ(built(tiny(), 3).value(built(tiny(), 3).output("head.0")).shape.at(1), 24) << "the head follows classes";
}

TEST(QuantTables, OneBitIsSigns) {
    const Graph graph = built(tiny(" - [8, 1, 1, 8]"));
    const DeclaredQuantizer &weight = declaredOf(graph, "model.2.conv", true),
                            &result = declaredOf(graph, "model.2.act", false);
    for (const DeclaredQuantizer* each : {&weight, &result}) {
        EXPECT_EQ(each->range, DeclaredRange::Constant);
        EXPECT_EQ(each->low, -1);
        EXPECT_EQ(each->high, 1);
        EXPECT_TRUE(each->isSigned);
    }
    EXPECT_FALSE(weight.perChannel);
}

TEST(QuantTables, GoThroughTheTextThatTravelsWithWeights) {
    const Layout layout = layoutFromYaml(tiny(" - [8, 3, 5, 7]", "use_hardtanh: True"));
    const Layout again = layoutFromJson(layoutJson(layout));
    EXPECT_EQ(again.bitWidths, (std::vector<int64_t>{8, 3, 5, 7}));
    EXPECT_TRUE(again.hardTanh);
    Random first(1), second(1);
    EXPECT_EQ(dumpGraph(buildDetector(again, &first)), dumpGraph(buildDetector(layout, &second)));
}

// The formula of the published decoding, place by place.
at::Tensor decodedByHand(const at::Tensor& map, double stride, const std::vector<float>& anchors) {
    const int64_t count = static_cast<int64_t>(anchors.size()) / 2, height = map.size(2), width = map.size(3),
                  each = map.size(1) / count;
    const at::Tensor y = map.reshape({count, each, height, width});
    at::Tensor made = at::empty({each - 1, count, height, width});
    for (int64_t a = 0; a < count; ++a) {
        const auto at = [&](int64_t part) { return y[a][part]; };
        const at::Tensor columns = at::arange(width).to(at::kFloat).expand({height, width}),
                         rows = at::arange(height).to(at::kFloat).reshape({-1, 1}).expand({height, width});
        made[0][a] = (at(0) + 1 - 0.5 + columns) * stride;
        made[1][a] = (at(1) + 1 - 0.5 + rows) * stride;
        made[2][a] = (at(2) + 1).pow(2) * anchors[static_cast<size_t>(2 * a)];
        made[3][a] = (at(3) + 1).pow(2) * anchors[static_cast<size_t>(2 * a + 1)];
        for (int64_t c = 5; c < each; ++c) made[c - 1][a] = (at(4) + 1) / 2 * ((at(c) + 1) / 2);
    }
    return made.reshape({1, each - 1, -1});
}

TEST(QuantTables, HardTanhIsTheSameNetworkWithStraightLines) {
    const Graph plain = built(tiny(), 2), tanh = built(tiny(" - [8, 4, 4, 8]", "use_hardtanh: True"), 2);
    Graph switched = plain.clone(true);
    EXPECT_EQ(switchToHardTanh(switched), 1);
    EXPECT_EQ(switchToHardTanh(switched), 0) << "it is done";
    verify(switched);
    EXPECT_TRUE(switched.findNode("model.14.conv.half") && switched.findNode("model.14.conv.hard_tanh"));
    const at::Tensor images = test::randomTensor({1, 3, 96, 64}, 5, 0, 1);
    const auto run = [&](const Graph& graph) {
        return Executor(graph, {.outputs = {"head.0", "decoded"}}).run(images);
    };
    const auto ofTable = run(tanh), ofSwitch = run(switched), ofPlain = run(plain);
    EXPECT_TRUE(at::equal(ofTable[0], at::clamp(ofPlain[0] / 2, -1, 1)));
    for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(at::equal(ofTable[i], ofSwitch[i]));
    EXPECT_LE(test::maxDifference(ofTable[1], decodedByHand(ofTable[0], 32, tanh.info.anchors)), 1e-4);
    EXPECT_EQ(declaredOf(tanh, "model.14.hard_tanh", false).bits, 8);
}

constexpr const char* kMedium = R"(
nc: 1
use_hardtanh: False
depth_multiple: 0.67
width_multiple: 0.75
anchors:
  - [10,13, 16,30, 33,23]
  - [30,61, 62,45, 59,119]
  - [116,90, 156,198, 373,326]
bit_width:
- [8, 4, 4, 8]
backbone:
  [[-1, 1, QuantConv, [64, 6, 2, 2, 1, True, True, in_weight_bit_width, act_bit_width]],
   [-1, 1, QuantConv, [128, 3, 2, None, 1, True, True, in_weight_bit_width, act_bit_width]],
   [-1, 3, QuantC3, [128, True, 1, 0.5, weight_bit_width, act_bit_width]],
   [-1, 1, QuantConv, [256, 3, 2, None, 1, True, True, in_weight_bit_width, act_bit_width]],
   [-1, 6, QuantC3, [256, True, 1, 0.5, weight_bit_width, act_bit_width]],
   [-1, 1, QuantConv, [512, 3, 2, None, 1, True, True, in_weight_bit_width, act_bit_width]],
   [-1, 9, QuantC3, [512, True, 1, 0.5, weight_bit_width, act_bit_width]],
   [-1, 1, QuantConv, [1024, 3, 2, None, 1, True, True, in_weight_bit_width, act_bit_width]],
   [-1, 3, QuantC3, [1024, True, 1, 0.5, weight_bit_width, act_bit_width]],
   [-1, 1, QuantSPPF, [1024, 5, weight_bit_width, act_bit_width]],
  ]
head:
  [[-1, 1, QuantConv, [512, 1, 1, None, 1, True, True, in_weight_bit_width, act_bit_width]],
   [-1, 1, nn.Upsample, [None, 2, 'nearest']],
   [[-1, 6], 1, Concat, [1]],
   [-1, 3, QuantC3, [512, False, 1, 0.5, weight_bit_width, act_bit_width]],
   [-1, 1, QuantConv, [256, 1, 1, None, 1, True, True, in_weight_bit_width, act_bit_width]],
   [-1, 1, nn.Upsample, [None, 2, 'nearest']],
   [[-1, 4], 1, Concat, [1]],
   [-1, 3, QuantC3, [256, False, 1, 0.5, weight_bit_width, act_bit_width, use_hardtanh]],
   [-1, 1, QuantConv, [256, 3, 2, None, 1, True, True, in_weight_bit_width, act_bit_width]],
   [[-1, 14], 1, Concat, [1]],
   [-1, 3, QuantC3, [512, False, 1, 0.5, weight_bit_width, act_bit_width, use_hardtanh]],
   [-1, 1, QuantConv, [512, 3, 2, None, 1, True, True, in_weight_bit_width, act_bit_width]],
   [[-1, 10], 1, Concat, [1]],
   [-1, 3, QuantC3, [1024, False, 1, 0.5, weight_bit_width, act_bit_width, use_hardtanh]],
   [[17, 20, 23], 1, Detect, [nc, anchors, True, use_hardtanh, True, out_weight_bit_width]],
  ]
)";

// YOLOv5m has 21,190,557 parameters with 80 classes; the table only exchanges the kinds of layers.
TEST(QuantTables, TheMediumNetworkIsYolov5m) {
    const Graph graph = built(kMedium, 80, false);
    EXPECT_EQ(parameterCount(graph), 21190557);
    EXPECT_EQ(declaredOf(graph, "model.24.m.1", true).bits, 8);
    EXPECT_EQ(declaredOf(graph, "model.3.conv", true).bits, 8);
    EXPECT_EQ(declaredOf(graph, "model.4.m.3.cv2.conv", true).bits, 4);
    const DeclaredQuantizer& skip = declaredOf(graph, "model.4.m.3.quant_identity", false);
    EXPECT_EQ(skip.range, DeclaredRange::Learned);
    EXPECT_TRUE(skip.isSigned && !skip.narrow);
    EXPECT_DOUBLE_EQ(skip.high * 2 / 15, 10.0 / 8) << "the scale that 10 has on codes -8..7";
    EXPECT_FALSE(graph.findNode("model.17.hard_tanh"));
    const Graph tanh = built(filled(kMedium, "use_hardtanh: False", "use_hardtanh: True"), 1, false);
    EXPECT_TRUE(tanh.findNode("model.17.hard_tanh") && tanh.findNode("model.24.m.0.hard_tanh"));
}

TEST(QuantTables, ExpressionsAreThoseOfTheTable) {
    Layout layout = layoutFromYaml(tiny());
    layout.classes = 4;
    const auto of = [&](const char* text) { return resolvedArg(layout, {LayoutArg::Kind::Text, 0, text}); };
    EXPECT_EQ(of("(nc+5)*3").number, 27);
    EXPECT_EQ(of("no").number, 27);
    EXPECT_EQ(of("na * (nc + 5) - 2/4").number, 26.5);
    EXPECT_EQ(of("act_bit_width").number, 4);
    for (const char* text :
         {"nearest", "nn.ReLU()", "(nc+5", "nc+", "1/0", "nc nc", "weights", "", "((((((((((((((((((1"})
        EXPECT_EQ(of(text).kind, LayoutArg::Kind::Text) << text;
}

struct WrongTable {
    const char *what, *instead, *expected;
};
class WrongTables : public testing::TestWithParam<WrongTable> {};

TEST_P(WrongTables, AreRefusedInOneSentence) {
    const auto& [what, instead, expected] = GetParam();
    const std::string text = filled(tiny(), what, instead);
    ASSERT_NE(text, tiny()) << what;
    try {
        built(text);
        FAIL() << "accepted";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what();
    }
}

INSTANTIATE_TEST_SUITE_P(
    QuantTables, WrongTables,
    testing::Values(
        WrongTable{"[8, 4, 4, 8]", "[8, 0, 4, 8]", "bit_width has 0 in it: a quantizer has 1 to 8 bits"},
        WrongTable{"[8, 4, 4, 8]", "[8, 9, 4, 8]", "bit_width has 9 in it"},
        WrongTable{"[8, 4, 4, 8]", "[8, 4.5, 4, 8]", "bit_width has 4.5 in it"},
        WrongTable{"[8, 4, 4, 8]", "[8, 4, 4, 4, 8]", "bit_width is a array of 5, expected four numbers"},
        WrongTable{"[8, 4, 4, 8]", "[8, four, 4, 8]", "expected four numbers"},
        WrongTable{"[32, 3, 1, None, 1, True, True, weight_bit_width",
                   "[32, 3, 1, None, 1, True, True, heavy_bit_width",
                   "row 2, QuantConv: argument 8 is heavy_bit_width, which names no bits of the table's bit_width"},
        WrongTable{"[32, 3, 1, None, 1, True, True, weight_bit_width", "[32, 3, 1, None, 1, True, True, 9",
                   "row 2, QuantConv: argument 8 asks for 9 bits"},
        WrongTable{"[32, 3, 1, None, 1, True, True, weight_bit_width", "[32, 3, 1, None, 1, True, True, [4]",
                   "row 2, QuantConv: argument 8 is no number of bits"},
        WrongTable{"bit_width:\n - [8, 4, 4, 8]\n", "", "row 0, QuantConv: argument 8 is in_weight_bit_width"},
        WrongTable{"(nc+5)*3", "(nc+4)*3",
                   "row 15, Detect: it reads a map of 8 channels, and 3 anchors with 1 classes"},
        WrongTable{"use_hardtanh: False", "use_hardtanh: 2", "use_hardtanh is neither true nor false"},
        WrongTable{"anchors:\n  - [10,14, 23,27, 37,58]\n", "",
                   "row 15, Detect: it names anchors, and the table has none"}));

}  // namespace
}  // namespace qat
