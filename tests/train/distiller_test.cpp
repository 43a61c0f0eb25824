// Which layers are compared, which teachers are refused, and how maps of other widths are adapted.
#include "train/distiller.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "passes/fold_batch_norm.h"
#include "support/bad_input.h"
#include "support/tensors.h"
#include "task/trained_heads.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

Config withFeatures(std::vector<std::string> layers) {
    Config config = tinyConfig();
    config.distillation.enabled = true;
    config.distillation.featureDistillation = true;
    config.distillation.featureLayers = std::move(layers);
    return config;
}

std::vector<std::string> matched(const Graph& student, const std::vector<std::string>& entries) {
    std::vector<std::string> names;
    for (const FeaturePair& pair : matchFeatures(student, tinyDetector(2), withFeatures(entries)))
        names.push_back(pair.layer);
    return names;
}

TEST(MatchFeatures, EntriesNameModulesLayersAndPatterns) {
    const Graph student = tinyDetector();
    EXPECT_EQ(matched(student, {"model.2"}), std::vector<std::string>{"model.2"});
    EXPECT_EQ(matched(student, {"model.3.conv"}), std::vector<std::string>{"model.3.conv"});
    EXPECT_EQ(matched(student, {"model\\.[34]", "model.2"}),
              (std::vector<std::string>{"model.3", "model.4", "model.2"}));
    EXPECT_EQ(matched(student, {"model.5.detect.cv2.0.0"}), std::vector<std::string>{"model.5.cv2.0.0"}) << "an alias";
    EXPECT_EQ(matched(student, {"model.2", "model.2.act"}), std::vector<std::string>{"model.2"})
        << "one value, one pair";
}

TEST(MatchFeatures, AModuleEndsWithItsActivation) {
    const Graph student = tinyDetector();
    const auto pairs = matchFeatures(student, tinyDetector(2), withFeatures({"model.3"}));
    ASSERT_EQ(pairs.size(), 1u);
    EXPECT_EQ(student.node(*student.producer(pairs[0].student)).name, "model.3.act");
    EXPECT_EQ(pairs[0].studentChannels, 16);
}

TEST(MatchFeatures, QuantizersBelongToTheModule) {
    Graph student = tinyDetector();
    const Config config = tinyConfig(Quantize::Ste);
    const QuantizerSet quantizers = insertCalibrated(student, config);
    const auto pairs = matchFeatures(student, tinyDetector(2), withFeatures({"model.3", "model\\.1\\.conv.*"}));
    ASSERT_EQ(pairs.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<FakeQuantize>(student.node(*student.producer(pairs[0].student)).op));
    EXPECT_TRUE(std::holds_alternative<Conv2d>(student.node(*student.producer(pairs[1].student)).op))
        << "not its weight";
}

TEST(MatchFeatures, SaysWhatDoesNotFit) {
    const Graph student = tinyDetector();
    EXPECT_EQ(badInput([&] { matched(student, {"model.77"}); }),
              "distillation.feature_layers holds model.77, which is no layer of the model");
    EXPECT_NE(badInput([&] { matched(student, {"model.["}); }).find("no regular expression"), std::string::npos);
    EXPECT_NE(badInput([&] { matched(student, {}); }).find("names no layer"), std::string::npos);
    Graph smaller = tinyDetector(2);
    for (const NodeId id : smaller.order())
        if (smaller.node(id).name == "model.0.conv") std::get<Conv2d>(smaller.node(id).op).stride = {1, 1};
    EXPECT_EQ(badInput([&] { static_cast<void>(matchFeatures(student, smaller, withFeatures({"model.2"}))); }),
              "distillation.feature_layers: model.2 is a map of 8 x 8 in the model but not in the teacher");
}

TEST(CheckTeacher, ClassesStridesAndBinsMustAgree) {
    const Graph student = tinyDetector();
    Graph teacher = tinyDetector(2, 24);
    EXPECT_NO_THROW(checkTeacher(student, teacher, tinyConfig()));
    teacher.info.numClasses = 80;
    EXPECT_EQ(badInput([&] { checkTeacher(student, teacher, tinyConfig()); }),
              "distillation.teacher_model has a number of classes of 80 but the model has 6");
    teacher.info = student.info;
    teacher.info.strides = {8, 16};
    EXPECT_EQ(badInput([&] { checkTeacher(student, teacher, tinyConfig()); }),
              "distillation.teacher_model has the strides 8, 16 but the model has 8, 16, 32");
    teacher.info = student.info;
    teacher.info.regMax = 16;
    EXPECT_NE(badInput([&] { checkTeacher(student, teacher, tinyConfig()); }).find("distillation.teacher_model"),
              std::string::npos);
}

TEST(CheckTeacher, HeadsMustBeOfOneKindAndWithoutAnchors) {
    const auto unsupported = [](const Graph& student, const Graph& teacher) {
        try {
            checkTeacher(student, teacher, tinyConfig());
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
            return std::string(error.what());
        }
        return std::string();
    };
    EXPECT_EQ(unsupported(tinyAnchors(), tinyAnchors()),
              "distillation is for heads without anchors, and the model has some");
    EXPECT_EQ(unsupported(tinyDetector(), tinyAnchors()),
              "distillation is for heads without anchors, and the teacher has some");
    Graph deployed = tinyTwoHeads(4);
    for (const std::string& name : deployed.outputNames(OutputRole::OtherRawHead)) deployed.dropOutput(name);
    EXPECT_EQ(badInput([&] { checkTeacher(tinyDetector(), deployed, tinyConfig()); }),
              "distillation.teacher_model has a one2one head but the model has a one2many one");
    EXPECT_NO_THROW(checkTeacher(tinyTwoHeads(4), deployed, tinyConfig()));
    EXPECT_NO_THROW(checkTeacher(tinyTwoHeads(4), tinyDetector(), tinyConfig()));
}

// All raw maps in the order of the loss.
std::vector<at::Tensor> mapsOf(const Graph& graph, const at::Tensor& images) {
    return Executor(graph, {.outputs = trainedHeads(graph).all()}).run(images);
}

TEST(Distiller, TwoHeadsLearnFromTheirLike) {
    for (const int64_t regMax : {int64_t{1}, int64_t{4}}) {
        const Graph student = tinyTwoHeads(regMax), both = tinyTwoHeads(regMax, 7);
        Graph single = tinyTwoHeads(regMax, 7);
        deployHead(single, kOneToMany);
        for (const std::string& name : single.outputNames(OutputRole::OtherRawHead)) single.dropOutput(name);
        const at::Tensor images = randomTensor({2, 3, 64, 64}, 1, 0, 1);
        const auto maps = mapsOf(student, images), wanted = mapsOf(both, images);
        const LogitDistillationOptions options{.numClasses = 6, .regMax = regMax};
        const auto alone = [&](size_t first) {
            const auto from = static_cast<std::ptrdiff_t>(first);
            const LogitDistillation head = distillLogits({maps.begin() + from, maps.begin() + from + 3},
                                                         {wanted.begin() + from, wanted.begin() + from + 3}, options);
            return head.cls + head.box;
        };
        Distiller pair(student, both, tinyConfig()), one(student, single, tinyConfig());
        const Distiller::Loss loss = pair.against(images, maps, {});
        EXPECT_NEAR(loss.value, (alone(0) + alone(3)) / 2, 1e-9) << "the mean of both";
        EXPECT_NEAR(loss.total.item<double>(), 2 * loss.value, 1e-5 * std::max(loss.value, 1e-3)) << "of two images";
        EXPECT_NEAR(one.against(images, maps, {}).value, alone(3), 1e-9) << "the teacher has one of them";
        EXPECT_LT(Distiller(student, student, tinyConfig()).against(images, maps, {}).value, 1e-6);
    }
}

struct Outputs {
    std::vector<at::Tensor> maps, features;
};

Outputs run(const Graph& graph, const at::Tensor& images, const std::vector<ValueId>& values, bool grad = false) {
    Outputs outputs;
    outputs.maps = Executor(graph, {.outputs = headOutputs(graph), .values = values, .grad = grad}).run(images);
    outputs.features.assign(outputs.maps.begin() + 3, outputs.maps.end());
    outputs.maps.resize(3);
    return outputs;
}

TEST(Distiller, AStudentThatIsItsTeacherLosesNothing) {
    const Graph student = tinyDetector();
    Graph teacher = tinyDetector();
    foldBatchNorm(teacher);
    const Config config = withFeatures({"model.2", "model.4"});
    Distiller distiller(student, teacher, config);
    EXPECT_TRUE(distiller.adapters().empty());
    const at::Tensor images = randomTensor({2, 3, 64, 64}, 1, 0, 1);
    const Outputs same = run(student, images, distiller.studentFeatures());
    EXPECT_LT(distiller.against(images, same.maps, same.features).value, 1e-6);
    const Outputs other = run(tinyDetector(9), images, distiller.studentFeatures());
    EXPECT_GT(distiller.against(images, other.maps, other.features).value, 0.01);
}

// A head that computes the same classes in another order, and says so.
void reorderClasses(Graph& graph, const std::vector<int64_t>& order) {
    for (const char* part : {"weight", "bias"})
        for (int level = 0; level < 3; ++level) {
            at::Tensor& values = *graph.value(*graph.findValue(str("model.5.cv3.", level, ".2.", part))).data;
            values = values.index_select(0, at::tensor(order)).contiguous();
        }
    const auto names = graph.info.classNames;
    for (size_t i = 0; i < order.size(); ++i) graph.info.classNames[i] = names[static_cast<size_t>(order[i])];
}

TEST(Distiller, ATeachersClassesAreMatchedByName) {
    Graph student = tinyDetector(), teacher = tinyDetector();
    for (Graph* graph : {&student, &teacher})
        graph->info.classNames = {"disc", "ring", "square", "triangle", "cross", "star"};
    reorderClasses(teacher, {5, 4, 3, 1, 2, 0});
    EXPECT_EQ(teacher.info.classNames.front(), "star");
    foldBatchNorm(teacher);
    Distiller distiller(student, teacher, tinyConfig());
    const at::Tensor images = randomTensor({2, 3, 64, 64}, 1, 0, 1);
    EXPECT_LT(distiller.against(images, run(student, images, {}).maps, {}).value, 1e-6);
    teacher.info.classNames[2] = "hexagon";
    EXPECT_EQ(
        badInput([&] { checkTeacher(student, teacher, tinyConfig()); }),
        "distillation.teacher_model has no class \"triangle\", which is class 3 of the model; its class 3 is \"ring\"");
}

TEST(Distiller, AdaptersTakeTheStudentToTheTeachersWidth) {
    Graph student = tinyDetector();
    for (const ValueId id : student.storedValues())
        if (student.value(id).kind == ValueKind::Parameter) student.value(id).data->requires_grad_(true);
    const Graph teacher = tinyDetector(2, 24);
    const Config config = withFeatures({"model.1", "model.2", "model.4"});
    Distiller distiller(student, teacher, config);
    ASSERT_EQ(distiller.adapters().size(), 2u) << "model.1 is 8 wide in both";
    EXPECT_EQ(distiller.adapters()[0].first, "adapter.model.2");
    EXPECT_EQ(distiller.adapters()[0].second->sizes().vec(), (Shape{24, 16, 1, 1}));
    const at::Tensor images = randomTensor({2, 3, 64, 64}, 1, 0, 1);
    const at::AutoGradMode gradMode(true);
    const Outputs outputs = run(student, images, distiller.studentFeatures(), true);
    distiller.against(images, outputs.maps, outputs.features).total.backward();
    for (const auto& [name, weight] : distiller.adapters())
        EXPECT_GT(weight->grad().abs().max().item<float>(), 0) << name;
    EXPECT_GT(student.value(*student.findValue("model.0.conv.weight")).data->grad().abs().max().item<float>(), 0);
    const Distiller again(student, teacher, config);
    EXPECT_TRUE(at::equal(*again.adapters()[1].second, *distiller.adapters()[1].second)) << "same seed, same start";
}

TEST(Distiller, MixesByAlpha) {
    Config config = tinyConfig();
    config.distillation.alpha = 0.25;
    const Graph student = tinyDetector();
    const Distiller distiller(student, student, config);
    const at::Tensor mixed = distiller.mixed(at::scalar_tensor(8.0f), {at::scalar_tensor(4.0f), 0});
    EXPECT_EQ(mixed.item<float>(), 7);
}

}  // namespace
}  // namespace qat::test
