// Text and back: the identity on real graphs, every attribute of every op, and refusals that name the line.
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/graph.h"
#include "models/yolov8.h"
#include "quant/quantizer_set.h"

namespace qat {
namespace {

TEST(GraphText, IsReadable) {
    Graph graph;
    graph.info = {"yolov8", "n", 2, {}, {8, 16}, 16};
    const ValueId x = graph.addInput("images", {1, 3, -1, -1});
    const ValueId w = graph.addParameter("c.weight", nullptr, {4, 3, 3, 3});
    const ValueId y = graph.add("c", Conv2d{{2, 2}, {1, 1}, {1, 1}, 1}, {x, w});
    const NodeId split = graph.addNode("s", Split{1, {2, 2}}, {y}, 2);
    graph.node(split).role = NodeRole::HeadLast;
    const ValueId third = graph.addConstant("third", {1.0f / 3, -2});
    graph.add("d", Binary{BinaryKind::Div}, {graph.node(split).outputs[0], third});
    graph.setOutput("half", graph.node(split).outputs[1], OutputRole::RawHead);
    graph.setOutput("plain", y);
    graph.aliases = {{"c.", "conv."}};
    EXPECT_EQ(dumpGraph(graph),
              "info architecture=yolov8 variant=n classes=2 regMax=16 strides=[8,16]\n"
              "alias c. conv.\n"
              "input images [1,3,-1,-1]\n"
              "parameter c.weight [4,3,3,3]\n"
              "constant third [0.33333334,-2]\n"
              "node c Conv2d stride=[2,2] padding=[1,1] dilation=[1,1] groups=1 (images c.weight) -> (c)\n"
              "node s Split axis=1 sizes=[2,2] (c) -> (s:0 s:1) head_last\n"
              "node d Binary kind=div (s:0 third) -> (d)\n"
              "output half s:1 raw_head\n"
              "output plain c\n");
}

TEST(GraphText, YoloGraphsComeBackUnchanged) {
    for (const char* variant : {"n", "m"}) {  // the others differ in sizes only
        Random random(0);
        const std::string text = dumpGraph(buildYolov8(variant, 80, random));
        EXPECT_EQ(dumpGraph(parseGraph(text)), text);
    }
}

TEST(GraphText, QuantizedGraphsComeBackUnchanged) {
    for (const bool learned : {false, true}) {
        Random random(0);
        Graph graph = buildYolov8("n", 3, random);
        Config config;
        config.qat.useLsq = learned;
        config.quantization.weight.bitWidth = 4;
        config.quantization.fakeQuantize.gradFactor = 0.1;
        const QuantizerSet set(graph, resolvePlan(graph, config));
        const std::string text = dumpGraph(graph);
        const Graph back = parseGraph(text);
        EXPECT_EQ(dumpGraph(back), text);
        const NodeId first = *back.findNode("model.0.conv.weight.quant");
        EXPECT_EQ(back.node(first).op, graph.node(*graph.findNode("model.0.conv.weight.quant")).op);
        EXPECT_EQ(back.info.classNames, std::vector<std::string>()) << "class names are not part of the text";
    }
}

TEST(GraphText, EveryAttributeOfEveryOpSurvives) {
    Graph graph;
    const ValueId x = graph.addInput("x", {2, 4, 8, 8});
    const ValueId p = graph.addParameter("p", nullptr, {4});
    const ValueId n = graph.addBuffer("n", nullptr, {}, ElementType::Int64);
    graph.add("conv", Conv2d{{1, 2}, {3, 4}, {5, 6}, 7}, {x, p});
    graph.add("transpose", ConvTranspose2d{{1, 2}, {3, 4}, {0, 1}, {5, 6}, 7}, {x, p});
    graph.add("linear", Linear{}, {x, p, n});
    graph.add("matmul", MatMul{}, {x, x});
    graph.add("norm", BatchNorm{1.0 / 3, 1e-30}, {x, p, p, p, p});
    for (size_t kind = 0; kind < kActivationNames.size(); ++kind)
        graph.add("act" + std::to_string(kind), Activation{static_cast<ActivationKind>(kind)}, {x});
    graph.add("leaky", Activation{ActivationKind::LeakyRelu, 0.1}, {x});
    for (const auto kind :
         {BinaryKind::Add, BinaryKind::Sub, BinaryKind::Mul, BinaryKind::Div, BinaryKind::FloorDivide})
        graph.add("bin" + std::to_string(static_cast<int>(kind)), Binary{kind}, {x, x});
    graph.add("pool", Pool{PoolKind::Average, {3, 2}, {1, 4}, {1, 0}}, {x});
    graph.add("max", Pool{}, {x});
    graph.add("resize", Resize{3}, {x});
    graph.add("concat", Concat{2}, {x, x, x});
    graph.addNode("split", Split{2, {1, 2, 5}}, {x}, 3);
    graph.add("slice", Slice{3, 2, 1 << 30}, {x});
    graph.add("reshape", Reshape{{0, -1, 4}}, {x});
    graph.add("permute", Permute{{0, 2, 1, 3}}, {x});
    graph.add("gather", Gather{2, {3, 1, 1}}, {x});
    graph.add("pad", Pad{{0, 1}, {2, 0}, -0.1}, {x});
    graph.add("clip", Clip{-1.0 / 3, 1e30}, {x});
    for (const auto kind : {ReduceKind::Sum, ReduceKind::Mean, ReduceKind::Max})
        graph.add("reduce" + std::to_string(static_cast<int>(kind)), Reduce{kind, {1, 2}, false}, {x});
    graph.addNode("top", TopK{3}, {x}, 2);
    graph.add("take", TakeAlong{2}, {x, p});
    graph.add("softmax", Softmax{-1}, {x});
    graph.addNode("anchors", AnchorPoints{{8, 16}}, {x, x}, 2);
    graph.add("quant", FakeQuantize{FakeQuantMode::Lsq, 4, -7, 7, 0, 0.1, true}, {x, p, p});
    const Graph back = parseGraph(dumpGraph(graph));
    EXPECT_EQ(dumpGraph(back), dumpGraph(graph));
    ASSERT_EQ(back.order().size(), graph.order().size());
    for (size_t i = 0; i < graph.order().size(); ++i) {
        EXPECT_EQ(back.node(back.order()[i]).op, graph.node(graph.order()[i]).op) << graph.node(graph.order()[i]).name;
        EXPECT_EQ(back.node(back.order()[i]).name, graph.node(graph.order()[i]).name);
    }
    EXPECT_EQ(back.value(*back.findValue("n")).type, ElementType::Int64);
    EXPECT_EQ(back.value(*back.findValue("p")).kind, ValueKind::Parameter);
}

TEST(GraphText, EditedGraphsComeBackUnchanged) {
    Random random(0);
    Graph graph = buildYolov8("n", 2, random);
    const ValueId value = graph.output("model.4");
    const NodeId added = graph.insertAfter(value, "extra", Resize{1}, {value});
    graph.replaceUses(value, graph.node(added).outputs.front());
    graph.replaceUsesIn(added, graph.node(added).outputs.front(), value);
    graph.renameValue(value, "renamed");
    graph.sweep();
    EXPECT_EQ(dumpGraph(parseGraph(dumpGraph(graph))), dumpGraph(graph));
}

struct Refusal {
    const char* text;
    int line;          // that the message must name
    const char* word;  // and what it must quote
};

class RefusedText : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedText, NamesTheLine) {
    const auto& [text, line, word] = GetParam();
    try {
        parseGraph(text);
        FAIL() << "accepted:\n" << text;
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput) << error.what();
        const std::string message = error.what();
        EXPECT_NE(message.find("line " + std::to_string(line)), std::string::npos) << message;
        EXPECT_NE(message.find(word), std::string::npos) << message;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Graph, RefusedText,
    testing::Values(Refusal{"nonsense a b\n", 1, "b"}, Refusal{"input x\n", 1, "few words"},
                    Refusal{"input x 1,2\n", 1, "1,2"}, Refusal{"input x [1,a]\n", 1, "a"},
                    Refusal{"\n\ninput x [99999999999999999999]\n", 3, "99999999999999999999"},
                    Refusal{"input x [1]\ninput x [1]\n", 2, "x exists"}, Refusal{"buffer b [1] int9\n", 1, "int9"},
                    Refusal{"info colour=red\n", 1, "colour"}, Refusal{"info classes\n", 1, "classes"},
                    Refusal{"info classes=many\n", 1, "many"},
                    Refusal{"input x [1]\nnode a Wish (x) -> (a)\n", 2, "Wish"},
                    Refusal{"input x [1]\nnode a Activation kind=swish (x) -> (a)\n", 2, "swish"},
                    Refusal{"input x [1]\nnode a Activation sort=silu (x) -> (a)\n", 2, "sort"},
                    Refusal{"input x [1]\nnode a Conv2d stride=[1] (x x) -> (a)\n", 2, "[1]"},
                    Refusal{"input x [1]\nnode a FakeQuantize weight=1 (x x x) -> (a)\n", 2, "1"},
                    Refusal{"input x [1]\nnode a Activation (y) -> (a)\n", 2, "y"},
                    Refusal{"input x [1]\nnode a Activation (x\n", 2, "few words"},
                    Refusal{"input x [1]\nnode a Activation (x) (a)\n", 2, "(a)"},
                    Refusal{"input x [1]\nnode a Activation (x) ->\n", 2, "few words"},
                    Refusal{"input x [1]\nnode a Activation (x) -> (a)\nnode a Activation (x) -> (b)\n", 3, "a exists"},
                    Refusal{"output out y\n", 1, "y"}, Refusal{"output\n", 1, "few words"},
                    Refusal{"input x [1]\noutput out x best\n", 2, "best"},
                    Refusal{"input x [1]\noutput out x decoded yes\n", 2, "too many words"},
                    Refusal{"input x [1]\nnode a Activation (x) -> (a) tail\n", 2, "tail"},
                    Refusal{"constant c [1,two]\n", 1, "two"},
                    Refusal{"input x [1]\nnode a Conv2d groups=0 (x x) -> (a)\n", 2, "groups must be above 0, not 0"},
                    Refusal{"input x [1]\nnode a ConvTranspose2d stride=[0,1] (x x) -> (a)\n", 2,
                            "stride must be above 0, not [0,1]"},
                    Refusal{"input x [1]\nnode a TopK count=0 (x) -> (a b)\n", 2, "count must be above 0, not 0"},
                    Refusal{"input x [1]\nnode a Pool stride=[1,-1] (x) -> (a)\n", 2, "above 0"},
                    Refusal{"input x [1]\nnode a Resize factor=0 (x) -> (a)\n", 2, "above 0"},
                    Refusal{"alias model.\n", 1, "few words"}));

TEST(GraphText, WhatVerifyRefusesIsBadInput) {
    for (const char* text : {"input x [1]\nnode a Activation (x) -> (a b)\n", "input x [1]\nnode a Conv2d (x) -> (a)\n",
                             "input x [1]\nnode a AnchorPoints strides=[] () -> (p s)\n"}) {
        try {
            parseGraph(text);
            FAIL() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::BadInput);
            EXPECT_NE(std::string(error.what()).find("node a"), std::string::npos) << error.what();
        }
    }
}

TEST(GraphText, CutAnywhereItIsReadOrRefused) {
    Random random(0);
    const std::string text = dumpGraph(buildYolov8("n", 1, random));
    int refused = 0;
    for (size_t length = 0; length < text.size(); length += 1009) {
        try {
            verify(parseGraph(text.substr(0, length)));
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::BadInput) << error.what();
            ++refused;
        }
    }
    EXPECT_GT(refused, 5);
}

}  // namespace
}  // namespace qat
