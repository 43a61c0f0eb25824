// Detectors that make masks, key points or angles beside boxes: published sizes, results against libtorch's own
// operations, two heads, and tables that ask for what cannot be.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <numbers>

#include "base/error.h"
#include "models/detector.h"
#include "models/family.h"
#include "models/weights.h"
#include "passes/pipeline.h"
#include "run/executor.h"
#include "support/tensors.h"

namespace qat {
namespace {

using OutputNames = std::vector<std::string>;

Graph memberOf(const std::string& name, int64_t classes, Random* random = nullptr) {
    FamilyMember member = *memberNamed(name);
    member.spec.numClasses = classes > 0 ? classes : usualClasses(member);
    return buildMember(member, random);
}

// Parameters, batch norms unfused, of sizes n, s, m, l, x with as many classes as they are published with.
struct PublishedTask {
    std::string family, task;
    int64_t classes;
    std::array<int64_t, 5> parameters;
};

class TaskMembers : public testing::TestWithParam<PublishedTask> {};

TEST_P(TaskMembers, HaveThePublishedParameters) {
    const std::string sizes = "nsmlx";
    for (size_t i = 0; i < sizes.size(); ++i) {
        const std::string name = GetParam().family + sizes[i] + GetParam().task;
        const Graph graph = memberOf(name, 0);
        EXPECT_EQ(graph.info.numClasses, GetParam().classes) << name;
        EXPECT_EQ(parameterCount(graph), GetParam().parameters[i]) << name;
        EXPECT_EQ(graph.info.architecture + graph.info.variant, name);
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, TaskMembers,
    testing::Values(PublishedTask{"yolo26", "-seg", 80, {3126280, 11505800, 27112072, 31515528, 70693800}},
                    PublishedTask{"yolo26", "-pose", 80, {3747554, 11870498, 24344482, 28747938, 62914350}},
                    PublishedTask{"yolo26", "-obb", 80, {2715614, 10582142, 23593918, 27997374, 62811678}},
                    PublishedTask{"yolo11", "-seg", 80, {2876848, 10113248, 22420896, 27678368, 62142656}},
                    PublishedTask{"yolo11", "-pose", 80, {2908507, 9948811, 20973273, 26230745, 58889881}},
                    PublishedTask{"yolo11", "-obb", 80, {2695747, 9744931, 20963523, 26220995, 58875331}},
                    PublishedTask{"yolov8", "-seg", 80, {3409968, 11821056, 27285968, 45997728, 71827888}},
                    PublishedTask{"yolov8", "-pose", 1, {3295470, 11626046, 26464462, 44489196, 69491724}},
                    PublishedTask{"yolov8", "-obb", 15, {3085440, 11427584, 26425600, 44490240, 69493056}}),
    [](const auto& info) { return info.param.family + info.param.task.substr(1); });

// Without batch norms, the other head and what only training reads: published of YOLO26 for people.
TEST(DeployedTaskMembers, HaveThePublishedParametersAndMultiplyAdds) {
    constexpr std::array kRows{std::pair{"yolo26n-pose", 2926494}, std::pair{"yolo26s-pose", 10359750},
                               std::pair{"yolo26m-pose", 21538166}};
    for (const auto& [name, parameters] : kRows) {
        Graph graph = memberOf(name, 1);
        runPasses(graph, PassId::DropOtherHead | PassId::FoldBatchNorms);
        EXPECT_EQ(parameterCount(graph), parameters) << name;
    }
    Random random(1);
    Graph graph = memberOf("yolo26n-seg", 80, &random);
    dropOtherHead(graph);
    probeShapes(graph, {1, 3, 64, 64});
    EXPECT_NEAR(2e-9 * 100 * static_cast<double>(macsOf(graph)), 9.13, 0.1);
}

// Outputs of a small network for a random image.
struct Outputs {
    std::map<std::string, at::Tensor> of;
    ModelInfo info;

    Outputs(const Graph& graph, const OutputNames& names) : info(graph.info) {
        const at::NoGradGuard noGrad;
        const auto values = Executor(graph, {.outputs = names}).run(test::randomTensor({2, 3, 64, 96}, 5, 0, 1));
        for (size_t i = 0; i < names.size(); ++i) of[names[i]] = values[i].contiguous();
    }
    // [N, channels, A] of the raw maps from channel `first` on.
    at::Tensor raw(int64_t first, int64_t channels) const {
        std::vector<at::Tensor> levels;
        for (const char* name : {"head.0", "head.1", "head.2"})
            levels.push_back(of.at(name).narrow(1, first, channels).flatten(2));
        return at::cat(levels, 2);
    }
    // Places [2, A] of the anchor points, and strides [A].
    std::pair<at::Tensor, at::Tensor> anchors() const {
        std::vector<at::Tensor> points, strides;
        for (size_t i = 0; i < 3; ++i) {
            const int64_t height = 64 / info.strides[i], width = 96 / info.strides[i];
            const at::Tensor y = (at::arange(height) + 0.5).reshape({-1, 1}).expand({height, width}),
                             x = (at::arange(width) + 0.5).expand({height, width});
            points.push_back(at::stack({x.flatten(), y.flatten()}));
            strides.push_back(at::full({height * width}, static_cast<double>(info.strides[i])));
        }
        return {at::cat(points, 1), at::cat(strides)};
    }
    // [N, 4, A] in places.
    at::Tensor distances() const {
        const int64_t bins = info.regMax;
        const at::Tensor logits = raw(0, 4 * bins);
        if (bins == 1) return logits;
        const at::Tensor weights = at::arange(bins, at::kFloat).reshape({1, 1, bins, 1});
        return (logits.reshape({logits.size(0), 4, bins, -1}).softmax(2) * weights).sum(2);
    }
};

const OutputNames kRaw{"decoded", "head.0", "head.1", "head.2"};

Outputs outputsOf(const std::string& member, int64_t classes, const OutputNames& others) {
    Random random(3);
    const Graph graph = memberOf(member, classes, &random);
    OutputNames names = kRaw;
    names.insert(names.end(), others.begin(), others.end());
    return Outputs(graph, names);
}

constexpr int64_t kAnchors = 8 * 12 + 4 * 6 + 2 * 3;

TEST(MaskHead, CoefficientsAndPrototypesHaveTheirShapes) {
    for (const char* member : {"yolov8n-seg", "yolo26n-seg"}) {
        const bool second = member == std::string_view("yolo26n-seg");
        const Outputs outputs = outputsOf(member, 2, {"masks", "protos", second ? "raw.one2one_cv4" : "raw.cv4"});
        EXPECT_EQ(outputs.of.at("decoded").sizes(), (at::IntArrayRef{2, 4 + 2, kAnchors}));
        EXPECT_EQ(outputs.of.at("masks").sizes(), (at::IntArrayRef{2, 32, kAnchors}));
        EXPECT_EQ(outputs.of.at("protos").sizes(), (at::IntArrayRef{2, 32, 16, 24}));
        EXPECT_TRUE(at::equal(outputs.of.at("masks"), outputs.of.at(second ? "raw.one2one_cv4" : "raw.cv4")));
        EXPECT_GT(outputs.of.at("protos").std().item<double>(), 0);
    }
}

TEST(KeyPointHead, PlacesAndVisibilityAreThoseOfTheFormula) {
    for (const char* member : {"yolov8n-pose", "yolo26n-pose"}) {
        const bool second = member == std::string_view("yolo26n-pose");
        const Outputs outputs = outputsOf(member, 1, {"keypoints", second ? "raw.one2one_cv4_kpts" : "raw.cv4"});
        const at::Tensor raw = outputs.of.at(second ? "raw.one2one_cv4_kpts" : "raw.cv4").reshape({2, 17, 3, kAnchors});
        const auto [points, strides] = outputs.anchors();
        const at::Tensor v = raw.narrow(2, 0, 2);
        const at::Tensor xy = (second ? v + points : 2 * v + (points - 0.5)) * strides;
        const at::Tensor wanted = at::cat({xy, raw.narrow(2, 2, 1).sigmoid()}, 2).reshape({2, 51, kAnchors});
        EXPECT_LT(test::maxDifference(outputs.of.at("keypoints"), wanted), 1e-3) << member;
        EXPECT_GT(wanted.max().item<double>(), 60) << "they are all over the picture";
    }
}

TEST(AngleHead, BoxesAreTheHullsOfTheTurnedOnes) {
    for (const char* member : {"yolo11n-obb", "yolo26n-obb"}) {
        const bool second = member == std::string_view("yolo26n-obb");
        const Outputs outputs = outputsOf(member, 3, {"angles", "rotated", second ? "raw.one2one_cv4" : "raw.cv4"});
        const at::Tensor raw = outputs.of.at(second ? "raw.one2one_cv4" : "raw.cv4");
        const at::Tensor angle = second ? raw : (raw.sigmoid() - 0.25) * std::numbers::pi;
        EXPECT_LT(test::maxDifference(outputs.of.at("angles"), angle), 1e-6);
        const auto [points, strides] = outputs.anchors();
        const at::Tensor sides = outputs.distances(), low = sides.narrow(1, 0, 2), high = sides.narrow(1, 2, 2);
        const at::Tensor reach = (high - low) / 2, f = reach.narrow(1, 0, 1), g = reach.narrow(1, 1, 1);
        const at::Tensor turned = at::cat({f * angle.cos() - g * angle.sin(), f * angle.sin() + g * angle.cos()}, 1);
        const at::Tensor centre = (turned + points) * strides, size = (low + high) * strides;
        EXPECT_LT(test::maxDifference(outputs.of.at("rotated"), at::cat({centre, size}, 1)), 1e-3) << member;
        // The hull from the four turned corners.
        std::vector<at::Tensor> xs, ys;
        for (const int i : {-1, 1})
            for (const int j : {-1, 1}) {
                const at::Tensor x = size.narrow(1, 0, 1) * (0.5 * i), y = size.narrow(1, 1, 1) * (0.5 * j);
                xs.push_back(x * angle.cos() - y * angle.sin());
                ys.push_back(x * angle.sin() + y * angle.cos());
            }
        const at::Tensor x = at::cat(xs, 1), y = at::cat(ys, 1);
        const at::Tensor hull = at::stack({x.amax(1) - x.amin(1), y.amax(1) - y.amin(1)}, 1);
        const at::Tensor decoded = outputs.of.at("decoded");
        const at::Tensor usual = size.gt(0).all(1, true).expand_as(hull);  // what is trained has sizes above 0
        EXPECT_GT(usual.sum().item<int64_t>(), second ? 2 : kAnchors) << member;
        EXPECT_LT((decoded.narrow(1, 2, 2) - hull).masked_select(usual).abs().max().item<double>(), 1e-3) << member;
        EXPECT_LT(test::maxDifference(decoded.narrow(1, 0, 2), centre), 1e-3);
        EXPECT_LT(test::maxDifference(decoded.narrow(1, 4, 3), outputs.raw(4 * outputs.info.regMax, 3).sigmoid()),
                  1e-6);
    }
}

std::map<std::string, OutputRole> rolesOf(const Graph& graph) {
    std::map<std::string, OutputRole> roles;
    for (const GraphOutput& output : graph.outputs()) roles[output.name] = output.role;
    return roles;
}

TEST(TwoTaskHeads, ChangePlacesWithAllTheyMake) {
    const std::pair<const char*, OutputNames> members[] = {
        {"yolo26n-seg", {"masks"}}, {"yolo26n-pose", {"keypoints"}}, {"yolo26n-obb", {"angles", "rotated"}}};
    for (const auto& [member, made] : members) {
        Graph graph = memberOf(member, 2);
        const Graph before = graph.clone(false);
        deployHead(graph, kOneToMany);
        EXPECT_EQ(rolesOf(graph), rolesOf(before)) << "roles stay with the names";
        for (const std::string& name : made) {
            EXPECT_EQ(graph.output(name), before.output("other." + name)) << member;
            EXPECT_EQ(graph.output("other." + name), before.output(name)) << member;
        }
        EXPECT_EQ(graph.output("head.1"), before.output("other.head.1"));
        deployHead(graph, kOneToOne);
        EXPECT_EQ(dumpGraph(graph), dumpGraph(before)) << "and back";
    }
}

TEST(TwoTaskHeads, OnlyTheDeployedOneIsLeftInFiles) {
    Graph graph = memberOf("yolo26n-seg", 2);
    const Graph whole = graph.clone(false);
    EXPECT_EQ(trainedOutputs(whole).size(), 3u + 3 + 4) << "both heads, two branches, prototypes, places' classes";
    EXPECT_GT(dropOtherHead(graph), 0);
    EXPECT_EQ(graph.outputNames(OutputRole::Extra), (OutputNames{"masks", "protos"}));
    EXPECT_TRUE(graph.outputNames(OutputRole::OtherExtra).empty());
    for (const char* gone : {"model.23.cv4.0.2.weight", "model.23.proto.semseg.2.weight", "model.23.cv2.0.2.weight"}) {
        const auto had = [&](const Graph& g) {
            const auto stored = g.storedValues();
            return std::ranges::any_of(stored, [&](ValueId id) { return g.value(id).name == gone; });
        };
        EXPECT_TRUE(had(whole)) << gone;
        EXPECT_FALSE(had(graph)) << gone;
    }
    Graph people = memberOf("yolo26n-pose", 1);
    EXPECT_TRUE(people.findValue("model.23.flow_model.t.5.4.bias"));
    dropOtherHead(people);
    EXPECT_EQ(people.outputNames(OutputRole::Extra), OutputNames{"keypoints"});
    for (const ValueId id : people.storedValues())
        EXPECT_EQ(people.value(id).name.find("flow_model"), std::string::npos);
}

// Tables.

std::string taskTable(const std::string& keys, const std::string& head) {
    return "nc: 3\n" + keys + "backbone:\n  - [-1, 1, Conv, [16, 3, 2]]\n  - [-1, 1, Conv, [32, 3, 2]]\nhead:\n" +
           "  - [[0, 1], 1, " + head + "]\n";
}

std::string taskRefusal(const std::string& yaml) {
    try {
        buildDetector(layoutFromYaml(yaml), nullptr);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput) << error.what();
        return error.what();
    }
    return "it was built";
}

TEST(TaskTables, WhatCannotBeIsRefusedByRowAndModule) {
    const std::pair<std::string, const char*> hostile[] = {
        {taskTable("", "Pose, [nc, kpt_shape]"), "row 2: Pose: kpt_shape is not"},
        {taskTable("kpt_shape: [17]\n", "Pose, [nc, kpt_shape]"), "row 2: Pose: kpt_shape"},
        {taskTable("kpt_shape: [0, 3]\n", "Pose, [nc, kpt_shape]"), "row 2: Pose: kpt_shape"},
        {taskTable("kpt_shape: [17, 4]\n", "Pose26, [nc, kpt_shape]"), "row 2: Pose26: kpt_shape"},
        {taskTable("kpt_shape: [1.5, 2]\n", "Pose, [nc, kpt_shape]"), "row 2: Pose: kpt_shape"},
        {taskTable("kpt_shape: [100000, 2]\n", "Pose, [nc, kpt_shape]"), "row 2: Pose: kpt_shape"},
        {taskTable("", "Segment, [nc, 0, 256]"), "row 2: Segment: it mixes masks of 0"},
        {taskTable("", "Segment26, [nc, 5000, 256]"), "row 2: Segment26: it mixes masks of 5000"},
        {taskTable("", "Segment, [nc, 32, -8]"), "row 2: Segment: its prototypes have -8"},
        {taskTable("", "Segment, [nc, 32, 65536]"), "model.2.proto.upsample.weight would have"},
        {taskTable("", "Segment, [nc, many]"), "row 2: Segment: argument 2"},
        {taskTable("", "OBB, [nc, 2]"), "row 2: OBB: it makes 2 angles"},
        {taskTable("anchors: [[1, 2], [3, 4]]\n", "Segment, [nc, 32, 256]"),
         "row 2: Segment: of heads with anchors only Detect is known"},
        {taskTable("", "SemanticSegment, [nc]"), "row 2: SemanticSegment cannot be built: it makes classes of places"},
    };
    for (const auto& [yaml, says] : hostile)
        EXPECT_NE(taskRefusal(yaml).find(says), std::string::npos) << taskRefusal(yaml) << "\ninstead of " << says;
}

TEST(TaskTables, KeyPointsAndPrototypesAreAsTheTableSays) {
    Random random(1);
    Graph pose = buildDetector(layoutFromYaml(taskTable("kpt_shape: [4, 2]\n", "Pose, [nc, kpt_shape]")), &random);
    probeShapes(pose, {1, 3, 32, 32});
    EXPECT_EQ(pose.value(pose.output("keypoints")).shape, (Shape{1, 8, 16 * 16 + 8 * 8}));
    Graph masks =
        buildDetector(layoutFromYaml(taskTable("scales: {n: [1, 0.5, 64]}\n", "Segment, [nc, 5, 128]")), &random);
    probeShapes(masks, {1, 3, 32, 32});
    EXPECT_EQ(masks.value(masks.output("protos")).shape, (Shape{1, 5, 32, 32})) << "twice as fine as the first level";
    EXPECT_EQ(masks.value(*masks.findValue("model.2.proto.cv1.conv.weight")).shape, (Shape{32, 8, 3, 3}));
}

// Bare state dicts.

NamedTensors emptyTensors(const Graph& graph) {
    NamedTensors tensors;
    for (const auto& [name, tensor] : stateDict(graph))
        tensors.emplace_back(name, std::make_shared<at::Tensor>(at::empty(graph.value(*graph.findValue(name)).shape)));
    return tensors;
}

Layout tableOf(const std::string& member, std::vector<double> keypoints) {
    Random random(1);
    NamedTensors tensors = emptyTensors(memberOf(member, 2));
    Layout layout = recognise(tensors, "");
    layout.keypoints = std::move(keypoints);
    return layout;
}

TEST(RecognisedTasks, KeyPointsAreCounted) {
    const std::pair<const char*, std::vector<double>> members[] = {
        {"yolov8n-pose", {4, 3}}, {"yolov8n-pose", {5, 2}}, {"yolo26n-pose", {9, 2}}, {"yolo26n-pose", {6, 3}}};
    for (const auto& [member, shape] : members) {
        const Graph graph = buildDetector(tableOf(member, shape), nullptr);
        NamedTensors tensors = emptyTensors(graph);
        const Layout found = recognise(tensors, "");
        EXPECT_EQ(found.keypoints, shape) << member;
        EXPECT_EQ(found.family + found.variant, member);
    }
}

TEST(RecognisedTasks, ATableIsNamedByItsMemberWhateverItsKeyPoints) {
    Graph graph = memberOf("yolov8n-pose", 3);
    NamedTensors tensors = emptyTensors(graph);
    const std::string table = R"({"nc": 3, "scale": "n", "kpt_shape": [17, 3],
        "scales": {"n": [0.33, 0.25, 1024]}, "yaml_file": "mine.yaml",
        "backbone": [[-1, 1, "Conv", [64, 3, 2]], [-1, 1, "Conv", [128, 3, 2]], [-1, 3, "C2f", [128, true]],
            [-1, 1, "Conv", [256, 3, 2]], [-1, 6, "C2f", [256, true]], [-1, 1, "Conv", [512, 3, 2]],
            [-1, 6, "C2f", [512, true]], [-1, 1, "Conv", [1024, 3, 2]], [-1, 3, "C2f", [1024, true]],
            [-1, 1, "SPPF", [1024, 5]]],
        "head": [[-1, 1, "nn.Upsample", ["None", 2, "nearest"]], [[-1, 6], 1, "Concat", [1]], [-1, 3, "C2f", [512]],
            [-1, 1, "nn.Upsample", ["None", 2, "nearest"]], [[-1, 4], 1, "Concat", [1]], [-1, 3, "C2f", [256]],
            [-1, 1, "Conv", [256, 3, 2]], [[-1, 12], 1, "Concat", [1]], [-1, 3, "C2f", [512]],
            [-1, 1, "Conv", [512, 3, 2]], [[-1, 9], 1, "Concat", [1]], [-1, 3, "C2f", [1024]],
            [[15, 18, 21], 1, "Pose", ["nc", "kpt_shape"]]]})";
    const Layout found = recognise(tensors, "ultralytics.nn.tasks.PoseModel", table);
    EXPECT_EQ(found.family + found.variant, "yolov8n-pose");
    EXPECT_EQ(found.classes, 3);
    Graph read = buildDetector(found, nullptr);
    EXPECT_EQ(dumpGraph(read), dumpGraph(graph));
}

TEST(RecognisedTasks, MasksWithAnchorsAreRefusedByName) {
    Graph graph = memberOf("yolov5n", 2);
    NamedTensors tensors = emptyTensors(graph);
    tensors.emplace_back("model.24.proto.cv1.conv.weight", std::make_shared<at::Tensor>(at::empty({64, 64, 3, 3})));
    try {
        recognise(tensors, "models.yolo.SegmentationModel");
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("it holds a YOLOv5 network for masks"), std::string::npos);
    }
}

}  // namespace
}  // namespace qat
