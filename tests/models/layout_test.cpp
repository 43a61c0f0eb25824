// Tables of layers from YAML: relatives of the known families build, hostile ones end in one sentence.
#include <gtest/gtest.h>

#include <chrono>

#include "base/error.h"
#include "graph/graph.h"
#include "models/detector.h"
#include "models/family.h"
#include "models/known_layouts.h"
#include "models/layout.h"
#include "run/executor.h"

namespace qat {
namespace {

// A detector of four rows: the head reads strides 2 and 4.
std::string smallTable(const std::string& keys, const std::string& middle, const std::string& head) {
    return "nc: 3\n" + keys + "backbone:\n  - [-1, 1, Conv, [16, 3, 2]]\n  - [-1, 1, Conv, [32, 3, 2]]\n" + middle +
           "head:\n" + head;
}
const std::string kDetect = "  - [[0, 1], 1, Detect, [nc]]\n";

Graph builtFrom(const std::string& yaml, const std::string& scale = {}) {
    return buildDetector(layoutFromYaml(yaml, scale), nullptr);
}

std::string tableRefusal(const std::string& yaml) {
    try {
        builtFrom(yaml);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput) << error.what();
        return error.what();
    }
    return "";
}

struct Hostile {
    const char* name;
    std::string yaml;
    const char* says;  // part of the sentence
};

std::string withMiddle(const std::string& row) {
    return smallTable("", "  - " + row + "\n", "  - [[0, 2], 1, Detect, [nc]]\n");
}
std::string withKeys(const std::string& keys) {
    return smallTable(keys + "\n", "", kDetect);
}
std::string withHead(const std::string& rows) {
    return smallTable("", "", rows);
}
std::string manyRows(int count) {
    std::string rows;
    for (int i = 0; i < count; ++i) rows += "  - [-1, 1, Conv, [8]]\n";
    return smallTable("", rows, kDetect);
}

class HostileTable : public testing::TestWithParam<Hostile> {};

TEST_P(HostileTable, EndsInOneSentenceAtOnce) {
    const auto begin = std::chrono::steady_clock::now();
    const std::string sentence = tableRefusal(GetParam().yaml);
    EXPECT_NE(sentence.find(GetParam().says), std::string::npos) << sentence;
    EXPECT_NE(sentence, "") << "it was built";
    EXPECT_LT(sentence.size(), 400u);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, HostileTable,
    testing::Values(Hostile{"Itself", withMiddle("[2, 1, Conv, [8]]"), "row 2"},
                    Hostile{"Forward", withMiddle("[3, 1, Conv, [8]]"), "row 2"},
                    Hostile{"FarBack", withMiddle("[-9, 1, Conv, [8]]"), "row 2"},
                    Hostile{"Repeats", withMiddle("[-1, 100000, C2f, [8]]"), "row 2"},
                    Hostile{"NoRepeats", withMiddle("[-1, -1, C2f, [8]]"), "row 2"},
                    Hostile{"Channels", withMiddle("[-1, 1, Conv, [100000000]]"), "row 2"},
                    Hostile{"NoChannels", withMiddle("[-1, 1, Conv, []]"), "row 2"},
                    Hostile{"HalfChannels", withMiddle("[-1, 1, Conv, [8.5]]"), "row 2"},
                    Hostile{"Kernel", withMiddle("[-1, 1, Conv, [8, -1]]"), "model.2"},
                    Hostile{"Dilation", withMiddle("[-1, 1, Conv, [8, 3, 1, 1, 1, 0]]"), "model.2"},
                    Hostile{"Groups", withMiddle("[-1, 1, Conv, [8, 3, 1, None, 7]]"), "model.2"},
                    Hostile{"GhostKernel", withMiddle("[-1, 1, GhostConv, [8, -1, 1]]"), "model.2"},
                    Hostile{"TransposeStride", withMiddle("[-1, 1, ConvTranspose, [8, 2, 0]]"), "model.2"},
                    Hostile{"InnerRepeats", withMiddle("[-1, 1, RepNCSPELAN4, [64, 64, 32, 65000]]"), "model.2"},
                    Hostile{"WordForNumber", withMiddle("[-1, 1, Conv, [8, three]]"), "argument 2"},
                    Hostile{"Weights", withMiddle("[-1, 1000, Conv, [65536]]"), "numbers"},
                    Hostile{"ManyWeights", withMiddle("[-1, 1000, Conv, [16384]]"), "weights"},
                    Hostile{"Unknown", withMiddle("[-1, 1, Wonder, [8]]") + "  - [-1, 1, Other, [8]]\n",
                            "Wonder (row 2), Other (row 4)"},
                    Hostile{"Strides", withMiddle("[[0, 1], 1, Concat, [1]]"), "strides 2 and 4"},
                    Hostile{"ShortRow", withMiddle("[-1, 1, Conv]"), "row 2"},
                    Hostile{"MapRow", withMiddle("{from: -1}"), "row 2"},
                    Hostile{"NumberModule", withMiddle("[-1, 1, 5, [8]]"), "row 2"},
                    Hostile{"NoList", withMiddle("[-1, 1, Conv, 8]"), "row 2"},
                    Hostile{"NoSources", withMiddle("[[], 1, Conv, [8]]"), "row 2"},
                    Hostile{"FractionSource", withMiddle("[0.5, 1, Conv, [8]]"), "row 2"},
                    Hostile{"Manyrows", manyRows(100000), ""}, Hostile{"OverRows", manyRows(1001), "1000"}),
    [](const auto& info) { return std::string(info.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Keys, HostileTable,
    testing::Values(Hostile{"NoClasses", withKeys("reg_max: 0"), "reg_max"},
                    Hostile{"EmptyScales", withKeys("scales: {}"), "scales"},
                    Hostile{"ScalesList", withKeys("scales: [1, 2]"), "scales"},
                    Hostile{"ShortScale", withKeys("scales: {n: [1, 2]}"), "scales.n"},
                    Hostile{"WordScale", withKeys("scales: {n: [a, b, c]}"), "scales.n"},
                    Hostile{"ZeroWidth", withKeys("scales: {n: [1, 0, 1024]}"), "width"},
                    Hostile{"NanWidth", withKeys("scales: {n: [1, nan, 1024]}"), "width"},
                    Hostile{"UnknownScale", withKeys("scale: z\nscales: {n: [1, 1, 1024], s: [1, 1, 1024]}"), "n, s"},
                    Hostile{"Activation", withKeys("activation: nn.Wonder()"), "Wonder"},
                    Hostile{"ActivationList", withKeys("activation: [1]"), "activation"},
                    Hostile{"OddAnchors", withKeys("anchors: [[1, 2, 3]]"), "anchors"},
                    Hostile{"FewAnchors", withKeys("anchors: [[1, 2]]"), "anchors for 1 levels"},
                    Hostile{"UnevenAnchors", withKeys("anchors: [[1, 2], [1, 2, 3, 4]]"), "level 1 has 2 anchors"},
                    Hostile{"Image", withKeys("ch: 0"), "ch"}, Hostile{"End", withKeys("end2end: 3"), "end2end"},
                    Hostile{"HeadInside", withHead("  - [[0, 1], 1, Detect, [nc]]\n" + kDetect), "row 2"},
                    Hostile{"NoHead", withHead("  - [-1, 1, Conv, [8]]\n"), "row 2"},
                    Hostile{"EmptyHead", withHead("  []\n"), "head"}, Hostile{"Empty", "", "keys"},
                    Hostile{"List", "[1, 2]", "keys"}, Hostile{"NoYaml", "nc: [1\nhead: }", "line "},
                    Hostile{"Classes0", "nc: 0\n", "nc"}, Hostile{"ClassesMany", "nc: 1000000000\n", "nc"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(HostileTables, DeepJsonIsRefused) {
    EXPECT_THROW(layoutFromJson("{\"nc\": " + std::string(1000000, '[') + std::string(1000000, ']') + "}"), Error);
}

TEST(Scale, TheFirstOfTheTextIsTakenUnlessOneIsNamed) {
    const std::string yaml = withKeys("scales: {x: [1, 1, 1024], n: [1, 0.5, 1024]}");
    EXPECT_EQ(layoutFromYaml(yaml).scale.name, "x");
    EXPECT_EQ(layoutFromYaml(yaml, "n").scale.width, 0.5);
    EXPECT_EQ(layoutFromYaml("scale: n\n" + yaml).scale.name, "n");
    const std::string rows = R"("backbone": [[-1, 1, "Conv", [8]]], "head": [[-1, 1, "Detect", ["nc"]]])";
    EXPECT_EQ(layoutFromJson("{\"scales\": {\"x\": [1, 1, 64], \"n\": [1, 1, 64]}, " + rows + "}").scale.name, "x");
}

// Relatives of YOLOv8.

const std::string kScales = "scales: {n: [0.33, 0.25, 1024], s: [0.33, 0.50, 1024]}\n";

std::string tableRow(const std::string& from, int repeats, const std::string& module, const std::string& args) {
    return "  - [" + from + ", " + std::to_string(repeats) + ", " + module + ", [" + args + "]]\n";
}
std::string up() {
    return tableRow("-1", 1, "nn.Upsample", "None, 2, nearest");
}
std::string joined(int with) {
    return tableRow("[-1, " + std::to_string(with) + "]", 1, "Concat", "1");
}

// Stages to stride 32 with these convolutions and blocks, rows 0 to 9.
std::string backbone8(const std::string& conv, const std::string& block) {
    std::string rows = "backbone:\n" + tableRow("-1", 1, "Conv", "64, 3, 2");
    const int channels[] = {128, 256, 512, 1024}, repeats[] = {3, 6, 6, 3};
    for (int i = 0; i < 4; ++i) {
        const std::string width = std::to_string(channels[i]);
        rows += tableRow("-1", 1, conv, width + ", 3, 2") + tableRow("-1", repeats[i], block, width + ", True");
    }
    return rows + tableRow("-1", 1, "SPPF", "1024, 5");
}

// Up to stride 4 and down again: head levels at rows 18, 21, 24, 27.
std::string neckP2(const std::string& conv, const std::string& block) {
    return "head:\n" + up() + joined(6) + tableRow("-1", 3, block, "512") + up() + joined(4) +
           tableRow("-1", 3, block, "256") + up() + joined(2) + tableRow("-1", 3, block, "128") +
           tableRow("-1", 1, conv, "128, 3, 2") + joined(15) + tableRow("-1", 3, block, "256") +
           tableRow("-1", 1, conv, "256, 3, 2") + joined(12) + tableRow("-1", 3, block, "512") +
           tableRow("-1", 1, conv, "512, 3, 2") + joined(9) + tableRow("-1", 3, block, "1024") +
           tableRow("[18, 21, 24, 27]", 1, "Detect", "nc");
}
// Levels at rows 15, 18, 21.
std::string neckP5(const std::string& conv, const std::string& block) {
    return "head:\n" + up() + joined(6) + tableRow("-1", 3, block, "512") + up() + joined(4) +
           tableRow("-1", 3, block, "256") + tableRow("-1", 1, conv, "256, 3, 2") + joined(12) +
           tableRow("-1", 3, block, "512") + tableRow("-1", 1, conv, "512, 3, 2") + joined(9) +
           tableRow("-1", 3, block, "1024") + tableRow("[15, 18, 21]", 1, "Detect", "nc");
}
// Of C2f alone: a fifth stage to stride 64 (rows 9, 10, pooled in 11); levels at rows 20, 23, 26, 29.
std::string tableP6() {
    std::string rows = "backbone:\n" + tableRow("-1", 1, "Conv", "64, 3, 2");
    const int channels[] = {128, 256, 512, 768, 1024}, repeats[] = {3, 6, 6, 3, 3};
    for (int i = 0; i < 5; ++i) {
        const std::string width = std::to_string(channels[i]);
        rows += tableRow("-1", 1, "Conv", width + ", 3, 2") + tableRow("-1", repeats[i], "C2f", width + ", True");
    }
    rows += tableRow("-1", 1, "SPPF", "1024, 5") + "head:\n";
    rows += up() + joined(8) + tableRow("-1", 3, "C2", "768, False");
    rows += up() + joined(6) + tableRow("-1", 3, "C2", "512, False");
    rows += up() + joined(4) + tableRow("-1", 3, "C2", "256, False");
    rows += tableRow("-1", 1, "Conv", "256, 3, 2") + joined(17) + tableRow("-1", 3, "C2", "512, False");
    rows += tableRow("-1", 1, "Conv", "512, 3, 2") + joined(14) + tableRow("-1", 3, "C2", "768, False");
    rows += tableRow("-1", 1, "Conv", "768, 3, 2") + joined(11) + tableRow("-1", 3, "C2", "1024, False");
    return rows + tableRow("[20, 23, 26, 29]", 1, "Detect", "nc");
}
struct Relative {
    const char* name;
    std::string yaml;
    std::vector<int64_t> strides;
};

class RelativeTable : public testing::TestWithParam<Relative> {};

TEST_P(RelativeTable, BuildsWithItsStridesAndShapes) {
    Random random(0);
    Graph graph = buildDetector(layoutFromYaml("nc: 5\n" + kScales + GetParam().yaml, "n"), &random);
    EXPECT_EQ(graph.info.strides, GetParam().strides);
    probeShapes(graph, {1, 3, 128, 128});
    int64_t places = 0;
    for (size_t i = 0; i < GetParam().strides.size(); ++i) {
        const int64_t side = 128 / GetParam().strides[i];
        EXPECT_EQ(graph.value(graph.output(str("head.", i))).shape, (Shape{1, 64 + 5, side, side}));
        places += side * side;
    }
    EXPECT_EQ(graph.value(graph.output("decoded")).shape, (Shape{1, 4 + 5, places}));
}

INSTANTIATE_TEST_SUITE_P(
    Yolov8, RelativeTable,
    testing::Values(Relative{"P2", backbone8("Conv", "C2f") + neckP2("Conv", "C2f"), {4, 8, 16, 32}},
                    Relative{"P6", tableP6(), {8, 16, 32, 64}},
                    Relative{"Ghost", backbone8("GhostConv", "C3Ghost") + neckP5("GhostConv", "C3Ghost"), {8, 16, 32}},
                    Relative{
                        "GhostP2", backbone8("GhostConv", "C3Ghost") + neckP2("GhostConv", "C3Ghost"), {4, 8, 16, 32}}),
    [](const auto& info) { return std::string(info.param.name); });

// Every table of every family, as text and back, builds the same graph.
TEST(LayoutText, IsReadAsTheSameTable) {
    int members = 0;
    for (const Architecture& family : kArchitectures)
        for (const std::string_view variant : family.variants) {
            const Layout known = knownLayout(family, variant);
            Layout read = layoutFromJson(layoutJson(known));
            read.family = known.family, read.variant = known.variant;
            EXPECT_EQ(dumpGraph(buildDetector(read, nullptr)), dumpGraph(buildDetector(known, nullptr)))
                << family.name << variant;
            EXPECT_EQ(layoutJson(read), layoutJson(known));
            EXPECT_EQ(layoutJson(known).find('\n'), std::string::npos);
            ++members;
        }
    EXPECT_GE(members, 44);
}

TEST(LayoutText, TravelsWithGraphsOfTablesThatAreNoKnownFamilys) {
    Layout own = knownLayout(kYolov8, "n");
    const std::string text = layoutJson(own);
    EXPECT_TRUE(buildDetector(own, nullptr).info.table.empty());
    std::string wider = text;
    wider.replace(wider.find("0.25"), 4, "0.75");
    EXPECT_TRUE(buildDetector(tableOfFile("yolov8.yaml", text), nullptr).info.table.empty());
    const Graph graph = buildDetector(tableOfFile("mine.yaml", wider), nullptr);
    EXPECT_NE(graph.info.table.find("0.75"), std::string::npos);
    EXPECT_EQ(parseGraph(dumpGraph(graph)).info.table, graph.info.table);
    EXPECT_EQ(dumpGraph(parseGraph(dumpGraph(graph))), dumpGraph(graph));
}

TEST(TableOfFile, IsNamedByWhatItIs) {
    const std::string plain = kScales + backbone8("Conv", "C2f") + neckP5("Conv", "C2f");
    const Layout known = tableOfFile("/some/where/mine.yaml", plain, "s");
    EXPECT_EQ(known.family + "/" + known.variant, "yolov8/s");
    const Layout own = tableOfFile("/some/mine-p2.yaml", kScales + backbone8("Conv", "C2f") + neckP2("Conv", "C2f"));
    EXPECT_EQ(own.family + "/" + own.variant, "mine-p2/n");
    EXPECT_THROW(
        {
            try {
                tableOfFile("mine.yaml", plain, "q");
            } catch (const Error& error) {
                EXPECT_NE(std::string(error.what()).find("mine.yaml: there is no scale"), std::string::npos);
                throw;
            }
        },
        Error);
}

TEST(SmallTable, TakesActivationImageChannelsAndUnscaledClasses) {
    const std::string keys = "activation: nn.ReLU()\nch: 1\nscales: {n: [1, 0.5, 1024]}\n";
    Graph graph = builtFrom("nc: 24\n" + keys + "backbone:\n" + tableRow("-1", 1, "Conv", "16, 3, 2") +
                            tableRow("-1", 1, "Conv", "24, 3, 2") + "head:\n" + tableRow("[0, 1]", 1, "Detect", "nc"));
    EXPECT_EQ(graph.value(*graph.findValue("model.0.conv.weight")).shape, (Shape{8, 1, 3, 3}));
    EXPECT_EQ(graph.value(*graph.findValue("model.1.conv.weight")).shape, (Shape{24, 8, 3, 3})) << "as nc, unscaled";
    int rectified = 0, others = 0;
    for (const NodeId id : graph.order())
        if (graph.node(id).name.ends_with(".act"))
            ++(std::get<Activation>(graph.node(id).op).kind == ActivationKind::Relu ? rectified : others);
    EXPECT_GT(rectified, 2);
    EXPECT_EQ(others, 0);
}

}  // namespace
}  // namespace qat
