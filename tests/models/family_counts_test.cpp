// Every member of every family against what its authors publish: numbers of parameters, unfused and as deployed, and
// multiply-adds of convolutions at 640 pixels.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "models/family.h"
#include "models/weights.h"
#include "passes/pipeline.h"
#include "run/executor.h"

namespace qat {
namespace {

struct Published {
    const char* name;
    int64_t unfused, deployed;
    double gigaOperations;  // two a multiply-add
};

std::ostream& operator<<(std::ostream& out, const Published& row) {
    return out << row.name;
}

class Families : public testing::TestWithParam<Published> {};

int64_t convolutionMacs(const Graph& graph) {
    int64_t total = 0;
    for (const NodeId id : graph.order())
        if (std::holds_alternative<Conv2d>(graph.node(id).op)) total += macsOf(graph, graph.node(id));
    return total;
}

// Memory that nobody wrote to is none yet.
void giveTensors(Graph& graph) {
    for (const ValueId id : graph.storedValues())
        if (Value& value = graph.value(id); !value.data)
            value.data = std::make_shared<at::Tensor>(at::zeros(value.shape));
}

// Two operations a multiply-add, at 640 pixels.
double gigaOperationsOf(Graph& graph) {
    giveTensors(graph);
    probeShapes(graph, {1, 3, 64, 64});
    return 2e-9 * 100 * static_cast<double>(convolutionMacs(graph));
}

TEST_P(Families, HaveThePublishedParametersAndMultiplyAdds) {
    const Published& row = GetParam();
    const auto member = memberNamed(row.name);
    ASSERT_TRUE(member.has_value());
    Graph graph = buildMember({member->family, {member->spec.variant, 80}}, nullptr);
    EXPECT_EQ(str(graph.info.architecture, graph.info.variant), row.name);
    EXPECT_EQ(parameterCount(graph), row.unfused);
    dropOtherHead(graph);
    int64_t deployed = 0;
    for (const ValueId id : graph.storedValues()) {
        const Value& value = graph.value(id);
        int64_t numbers = 1;
        for (const int64_t size : value.shape) numbers *= size;
        const bool norm = value.name.ends_with(".bn.weight");  // its bias is left when it is folded
        if (!norm && (value.kind == ValueKind::Parameter || value.name.ends_with(".weight"))) deployed += numbers;
    }
    EXPECT_EQ(deployed, row.deployed);
    // Two digits are published, of some cut off and of others rounded, with the expectation over bins or without.
    const double giga = gigaOperationsOf(graph);
    EXPECT_GT(giga, row.gigaOperations - 0.0051);
    EXPECT_LT(giga, row.gigaOperations + 0.0112);
}

INSTANTIATE_TEST_SUITE_P(
    All, Families,
    testing::Values(Published{"yolo26n", 2572280, 2408932, 5.36}, Published{"yolo26s", 10009784, 9496140, 20.69},
                    Published{"yolo26m", 21896248, 20411132, 68.18}, Published{"yolo26l", 26299704, 24807420, 86.43},
                    Published{"yolo26x", 58993368, 55725948, 193.87}, Published{"yolo12n", 2602288, 2590824, 6.49},
                    Published{"yolo12s", 9284096, 9261840, 21.37}, Published{"yolo12m", 20199168, 20166592, 67.45},
                    Published{"yolo12l", 26450784, 26400752, 88.88}, Published{"yolo12x", 59210784, 59135744, 199.02},
                    Published{"yolo11n", 2624080, 2616248, 6.48}, Published{"yolo11s", 9458752, 9443760, 21.47},
                    Published{"yolo11m", 20114688, 20091712, 67.98}, Published{"yolo11l", 25372160, 25340992, 86.91},
                    Published{"yolo11x", 56966176, 56919424, 194.90}, Published{"yolov10n", 2775520, 2301824, 6.69},
                    Published{"yolov10s", 8128272, 7259200, 21.58}, Published{"yolov10m", 16576768, 15359488, 59.10},
                    Published{"yolov10b", 20574384, 19065792, 91.95}, Published{"yolov10l", 25888688, 24371008, 120.34},
                    Published{"yolov10x", 31808960, 29473568, 160.38}, Published{"yolov9t", 2128720, 2120736, 8.31},
                    Published{"yolov9s", 7318368, 7302976, 27.22}, Published{"yolov9m", 20216160, 20194804, 77.32},
                    Published{"yolov9c", 25590912, 25564800, 103.33}, Published{"yolov9e", 58206592, 58155904, 191.66},
                    Published{"yolov8n", 3157200, 3151904, 8.74}, Published{"yolov8s", 11166560, 11156544, 28.60},
                    Published{"yolov8m", 25902640, 25886080, 78.94}, Published{"yolov8l", 43691520, 43668288, 165.15},
                    Published{"yolov8x", 68229648, 68200608, 257.80}, Published{"yolov5nu", 2654816, 2649200, 7.72},
                    Published{"yolov5su", 9153152, 9142496, 23.99}, Published{"yolov5mu", 25111456, 25091536, 64.20},
                    Published{"yolov5lu", 53225024, 53193088, 134.99},
                    Published{"yolov5xu", 97276448, 97229648, 246.39},
                    Published{"yolov3u", 103754144, 103725920, 282.55},
                    Published{"yolov3-tinyu", 12173248, 12168784, 19.00},
                    Published{"yolov3-sppu", 104803744, 104775008, 283.39}),
    [](const auto& info) {
        std::string name = info.param.name;
        std::erase(name, '-');
        return name;
    });

struct Merged {
    const char* name;
    int64_t deployed;                            // as above
    std::vector<std::array<int64_t, 3>> absent;  // how many smaller kernels, their channels, weights a channel
};

// Parallel convolutions are one when deployed: the smaller kernels are gone, and so are their biases.
TEST(MergedFamilies, HaveNoSmallerKernelsBesideLargerOnes) {
    const std::vector<Merged> rows{
        // RepNCSPELAN4: twice three RepConv inside, of half as many channels as it has between
        {"yolov9t", 2120736, {{2 * 2 * 3, 16, 16}, {3 * 2 * 3, 24, 24}, {2 * 2 * 3, 32, 32}}},
        {"yolov9c", 25564800, {{1 * 2, 32, 32}, {2 * 2, 64, 64}, {5 * 2, 128, 128}}},
        // RepVGGDW: a depthwise kernel of 3x3
        {"yolov10n", 2301824, {{1, 256, 9}}},
        {"yolov10s", 7259200, {{2, 512, 9}}},
        {"yolov10m", 15359488, {}}};
    for (const auto& [name, deployed, absent] : rows) {
        const auto member = memberNamed(name);
        Graph graph = buildMember({member->family, {member->spec.variant, 80}}, nullptr);
        runPasses(graph, kFilePasses);
        int64_t expected = deployed;
        for (const auto& [count, channels, each] : absent) expected -= count * channels * (each + 1);
        EXPECT_EQ(parameterCount(graph), expected) << name;
    }
}

// The version with anchors: 1.9, 7.2, 21.2, 46.5 and 86.7 million are published.
TEST(AnchoredFamily, HasThePublishedParameters) {
    constexpr std::array kRows{std::pair{"yolov5n", 1872157}, std::pair{"yolov5s", 7235389},
                               std::pair{"yolov5m", 21190557}, std::pair{"yolov5l", 46563709},
                               std::pair{"yolov5x", 86749405}};
    for (const auto& [name, parameters] : kRows) {
        const auto member = memberNamed(name);
        ASSERT_TRUE(member.has_value());
        const Graph graph = buildMember({member->family, {member->spec.variant, 80}}, nullptr);
        EXPECT_EQ(parameterCount(graph), parameters) << name;
        EXPECT_EQ(graph.info.anchors.size(), 18u);
    }
}

}  // namespace
}  // namespace qat
