// The five scales against the published tables: parameters, state entries, layers, channels, arithmetic, start values.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "models/weights.h"
#include "models/yolov8.h"
#include "passes/fold_batch_norm.h"
#include "run/executor.h"

namespace qat {
namespace {

template <class SomeOp>
int countOf(const Graph& graph) {
    int count = 0;
    for (const NodeId id : graph.order()) count += std::holds_alternative<SomeOp>(graph.node(id).op);
    return count;
}

struct Row {
    const char* variant;
    int64_t parameters, folded;
    size_t stateEntries;
    int convolutions, norms;
    int64_t boxWidth, classWidth;
};

class Scales : public testing::TestWithParam<Row> {};

TEST_P(Scales, CountsAreThoseOfTheTable) {
    const Row& row = GetParam();
    Random random(0);
    Graph graph = buildYolov8(row.variant, 80, random);
    verify(graph);
    EXPECT_EQ(parameterCount(graph), row.parameters);
    // torch keeps a counter of batches in every norm.
    EXPECT_EQ(stateDict(graph).size() + static_cast<size_t>(countOf<BatchNorm>(graph)), row.stateEntries);
    EXPECT_EQ(countOf<Conv2d>(graph), row.convolutions);
    EXPECT_EQ(countOf<BatchNorm>(graph), row.norms);
    EXPECT_EQ(graph.value(*graph.findValue("model.22.cv2.0.0.conv.weight")).shape[0], row.boxWidth);
    EXPECT_EQ(graph.value(*graph.findValue("model.22.cv3.0.0.conv.weight")).shape[0], row.classWidth);
    EXPECT_EQ(graph.info.variant, row.variant);
    EXPECT_EQ(foldBatchNorm(graph), row.norms);
    EXPECT_EQ(parameterCount(graph), row.folded);
}

INSTANTIATE_TEST_SUITE_P(Yolov8, Scales,
                         testing::Values(Row{"n", 3157200, 3151904, 355, 64, 57, 64, 80},
                                         Row{"s", 11166560, 11156544, 355, 64, 57, 64, 128},
                                         Row{"m", 25902640, 25886080, 475, 84, 77, 64, 192},
                                         Row{"l", 43691520, 43668288, 595, 104, 97, 64, 256},
                                         Row{"x", 68229648, 68200608, 595, 104, 97, 80, 320}),
                         [](const auto& info) { return std::string(info.param.variant); });

std::vector<int64_t> parametersPerLayer(const Graph& graph) {
    std::vector<int64_t> counts(23);
    for (const auto& [name, tensor] : stateDict(graph))
        if (name.ends_with(".weight") || name.ends_with(".bias"))
            counts.at(std::stoul(name.substr(6))) += tensor->numel();
    return counts;
}

// Channels of the last value each layer makes, 0 .. 21.
std::vector<int64_t> channelsPerLayer(const Graph& graph) {
    std::vector<int64_t> channels(22);
    for (const NodeId id : graph.order()) {
        const size_t layer = std::stoul(graph.node(id).name.substr(6));
        if (layer < 22) channels[layer] = graph.value(graph.node(id).outputs.front()).shape.at(1);
    }
    return channels;
}

TEST(Yolov8n, LayersAreThoseOfTheTable) {
    Random random(0);
    Graph graph = buildYolov8("n", 80, random);
    EXPECT_EQ(parametersPerLayer(graph),
              (std::vector<int64_t>{464,    4672, 7360, 18560, 49664, 73984, 197632, 295424, 460288, 164608, 0,     0,
                                    148224, 0,    0,    37248, 36992, 0,     123648, 147712, 0,      493056, 897664}));
    probeShapes(graph, {1, 3, 640, 640});
    EXPECT_EQ(channelsPerLayer(graph), (std::vector<int64_t>{16,  32,  32,  64,  64, 128, 128, 256, 256, 256, 256,
                                                             384, 128, 128, 192, 64, 64,  192, 128, 128, 384, 256}));
    EXPECT_NEAR(static_cast<double>(macsOf(graph)), 4.37199e9, 5e3);
    EXPECT_EQ(graph.value(graph.output("head.0")).shape, (Shape{1, 144, 80, 80}));
    EXPECT_EQ(graph.value(graph.output("head.2")).shape, (Shape{1, 144, 20, 20}));
    EXPECT_EQ(graph.value(graph.output("decoded")).shape, (Shape{1, 84, 8400}));
    EXPECT_EQ(graph.value(graph.output("model.9")).shape, (Shape{1, 256, 20, 20}));
}

TEST(Yolov8s, LayersAreThoseOfTheTable) {
    Random random(0);
    Graph graph = buildYolov8("s", 80, random);
    EXPECT_EQ(parametersPerLayer(graph),
              (std::vector<int64_t>{928,     18560,  29056,  73984,  197632, 295424,  788480, 1180672,
                                    1838080, 656896, 0,      0,      591360, 0,       0,      148224,
                                    147712,  0,      493056, 590336, 0,      1969152, 2147008}));
    probeShapes(graph, {1, 3, 640, 640});
    EXPECT_NEAR(static_cast<double>(macsOf(graph)), 14.30131e9, 5e3);
    EXPECT_EQ(channelsPerLayer(graph), (std::vector<int64_t>{32,  64,  64,  128, 128, 256, 256, 512, 512, 512, 512,
                                                             768, 256, 256, 384, 128, 128, 384, 256, 256, 768, 512}));
}

TEST(Yolov8n, HeadBiasesStartAtThePrior) {
    Random random(0);
    const Graph graph = buildYolov8("n", 80, random);
    const float classBias[] = {-11.5366f, -10.1503f, -8.7641f};
    for (int level = 0; level < 3; ++level) {
        const auto bias = [&](const char* branch) {
            return *graph.value(*graph.findValue(str("model.22.", branch, ".", level, ".2.bias"))).data;
        };
        EXPECT_TRUE(bias("cv2").eq(1).all().item<bool>());
        EXPECT_NEAR(bias("cv3").min().item<float>(), classBias[level], 5e-5);
        EXPECT_EQ(bias("cv3").min().item<float>(), bias("cv3").max().item<float>());
    }
}

TEST(Yolov8n, WeightsStartWithinTheFanInAndFollowTheSeed) {
    Random first(3), second(3), third(4);
    const Graph a = buildYolov8("n", 2, first), b = buildYolov8("n", 2, second), c = buildYolov8("n", 2, third);
    const auto weight = [](const Graph& graph) {
        return *graph.value(*graph.findValue("model.8.cv2.conv.weight")).data;
    };
    EXPECT_TRUE(at::equal(weight(a), weight(b)));
    EXPECT_FALSE(at::equal(weight(a), weight(c)));
    const double bound = 1 / std::sqrt(384.0);
    EXPECT_LE(weight(a).abs().max().item<double>(), bound);
    EXPECT_NEAR(weight(a).var(false).item<double>(), bound * bound / 3, bound * bound / 100);
}

TEST(Yolov8n, WithoutRandomNumbersOnlyTheTensorsAreMissing) {
    Random random(3);
    Graph drawn = buildYolov8("n", 2, random), empty = buildYolov8("n", 2);
    EXPECT_EQ(dumpGraph(empty), dumpGraph(drawn));
    for (const ValueId id : empty.storedValues()) {
        const Value& value = empty.value(id);
        const bool fixed = value.kind == ValueKind::Constant || value.name == "model.22.dfl.conv.weight";
        EXPECT_EQ(value.data != nullptr, fixed) << value.name;
    }
    EXPECT_EQ(foldBatchNorm(empty), foldBatchNorm(drawn));
    EXPECT_EQ(dumpGraph(empty), dumpGraph(drawn)) << "folded like a network with tensors";
    EXPECT_TRUE(loadWeights(empty, stateDict(drawn), "drawn").empty());
}

TEST(Yolov8n, AnyClassCountAndInputSizeRuns) {
    for (const int64_t classes : {1, 3, 200}) {
        Random random(0);
        Graph graph = buildYolov8("n", classes, random);
        probeShapes(graph, {2, 3, 64, 96});
        EXPECT_EQ(graph.value(graph.output("decoded")).shape, (Shape{2, 4 + classes, 8 * 12 + 4 * 6 + 2 * 3}));
        EXPECT_EQ(graph.info.classNames.size(), static_cast<size_t>(classes));
    }
}

TEST(Yolov8, UnknownVariantsAndClassCountsAreRefused) {
    Random random(0);
    for (const char* variant : {"", "b", "nn", "N"}) EXPECT_THROW(buildYolov8(variant, 80, random), Error) << variant;
    for (const int64_t classes : {int64_t{0}, int64_t{-1}, int64_t{1} << 40})
        EXPECT_THROW(buildYolov8("n", classes, random), Error);
}

}  // namespace
}  // namespace qat
