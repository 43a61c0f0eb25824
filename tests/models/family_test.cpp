// Finding families by name and by the tensors of a file.
#include "models/family.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "models/detector.h"
#include "models/yolov8.h"

namespace qat {
namespace {

NamedTensors detector(const std::string& prefix, const std::string& variant, int64_t classes) {
    Random random(1);
    NamedTensors tensors = stateDict(buildYolov8(variant, classes, random));
    for (auto& [name, tensor] : tensors) name = prefix + name.substr(std::string("model.").size());
    return tensors;
}

std::string refusal(NamedTensors tensors, const char* moduleClass = "") {
    try {
        recognise(tensors, moduleClass);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        return error.what();
    }
    return "";
}

NamedTensors named(const std::string& name, const Shape& shape) {
    return {{name, std::make_shared<at::Tensor>(at::zeros(shape))}};
}

TEST(Families, EveryRowBuildsWhatItRecognises) {
    for (const Family& family : families())
        for (const std::string_view variant : family.names.variants) {
            NamedTensors tensors;
            const Graph graph = buildMember({&family, {std::string(variant), 7}}, nullptr);
            for (const auto& [name, tensor] : stateDict(graph))
                tensors.emplace_back(
                    name, std::make_shared<at::Tensor>(at::empty(graph.value(*graph.findValue(name)).shape)));
            const Layout found = recognise(tensors, "");
            if (variantTask(variant) == "cls" && family.names.name == kYolo26.name) {  // they are YOLO11's
                EXPECT_EQ(found.family, kYolo11.name);
                EXPECT_TRUE(isSameNetwork(buildDetector(found, nullptr).info, family, variant));
                continue;
            }
            EXPECT_EQ(found.family, family.names.name);
            EXPECT_EQ(found.variant, variant);
            EXPECT_EQ(found.classes, 7);
            EXPECT_EQ(dumpGraph(buildDetector(found, nullptr)), dumpGraph(graph)) << family.names.name << variant;
            EXPECT_EQ(graph.info.architecture, family.names.name);
            EXPECT_EQ(graph.info.variant, variant);
            EXPECT_EQ(graph.info.task, taskOfMember(family.names.name, variant).name);
        }
}

// As its checkpoints carry it: without a cap on channels.
std::string yolov5Table(double width, int64_t widest) {
    return str(R"({"nc": 7, "depth_multiple": 0.33, "width_multiple": )", width,
               R"(, "anchors": [[10, 13, 16, 30, 33, 23], [30, 61, 62, 45, 59, 119], [116, 90, 156, 198, 373, 326]],
        "backbone": [[-1, 1, "Conv", [64, 6, 2, 2]], [-1, 1, "Conv", [128, 3, 2]], [-1, 3, "C3", [128]],
            [-1, 1, "Conv", [256, 3, 2]], [-1, 6, "C3", [256]], [-1, 1, "Conv", [512, 3, 2]], [-1, 9, "C3", [512]],
            [-1, 1, "Conv", [)",
               widest, R"(, 3, 2]], [-1, 3, "C3", [1024]], [-1, 1, "SPPF", [1024, 5]]],
        "head": [[-1, 1, "Conv", [512, 1, 1]], [-1, 1, "nn.Upsample", ["None", 2, "nearest"]],
            [[-1, 6], 1, "Concat", [1]], [-1, 3, "C3", [512, false]], [-1, 1, "Conv", [256, 1, 1]],
            [-1, 1, "nn.Upsample", ["None", 2, "nearest"]], [[-1, 4], 1, "Concat", [1]], [-1, 3, "C3", [256, false]],
            [-1, 1, "Conv", [256, 3, 2]], [[-1, 14], 1, "Concat", [1]], [-1, 3, "C3", [512, false]],
            [-1, 1, "Conv", [512, 3, 2]], [[-1, 10], 1, "Concat", [1]], [-1, 3, "C3", [1024, false]],
            [[17, 20, 23], 1, "Detect", ["nc", "anchors"]]]})");
}

TEST(Families, ATableWithoutACapIsTheMemberWhoseCapNeverBites) {
    NamedTensors tensors;
    FamilyMember member = *memberNamed("yolov5n");
    member.spec.numClasses = 7;
    const Graph graph = buildMember(member, nullptr);
    for (const auto& [name, tensor] : stateDict(graph))
        tensors.emplace_back(name, std::make_shared<at::Tensor>(at::empty(graph.value(*graph.findValue(name)).shape)));
    const Layout found = recognise(tensors, "", yolov5Table(0.25, 1024));
    EXPECT_EQ(found.family + found.variant, "yolov5n");
    EXPECT_EQ(recognise(tensors, "", yolov5Table(0.5, 1024)).variant, "s");
    EXPECT_EQ(recognise(tensors, "", yolov5Table(0.25, 2048)).family, "custom") << "here it would bite";
}

TEST(Families, NamesOfMembers) {
    const auto member = memberNamed("yolov8m");
    ASSERT_TRUE(member);
    EXPECT_EQ(member->spec.variant, "m");
    EXPECT_EQ(titleOf(buildMember({member->family, {"m", 1}}, nullptr).info), "YOLOv8m");
    EXPECT_EQ(titleOf({"net", "1", 0, {}, {}, 1}), "net-1");
    EXPECT_EQ(titleOf({"net", "", 0, {}, {}, 1}), "net");
    EXPECT_EQ(memberNamed("yolov8q")->spec.variant, "q") << "building it says that there is none";
    for (const char* other : {"yolov8", "yolov8n.pt", "yolov8nano", "yolov3-tiny", "resnet", "resnet21", "cnvx", ""})
        EXPECT_FALSE(memberNamed(other));
    EXPECT_EQ(&familyNamed("yolov8"), member->family);
    try {
        familyNamed("yolov7");
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(),
                     "model.architecture is yolov7, expected yolov8 or yolo11 or yolo26 or yolo12 or yolov10 or yolov9 "
                     "or yolov5 or yolov3 or resnet or vgg or mobilenetv1 or cnv");
    }
}

TEST(Families, FilesGiveTheirTensorsTheNamesOfTheGraph) {
    NamedTensors tensors = detector("detector.net.model.", "s", 4);
    const Layout found = recognise(tensors, "");
    EXPECT_EQ(found.variant, "s");
    EXPECT_EQ(found.classes, 4);
    Graph graph = buildDetector(found, nullptr);
    EXPECT_TRUE(loadWeights(graph, tensors, "file").empty());
}

TEST(Families, WhatIsNoneSaysWhatItIsAndWhatCanBeRead) {
    const std::string readable =
        "; of the detectors YOLOv8 (n, s, m, l, x, also -seg, -pose, -obb, -cls), YOLO11 (n, s, m, l, x, also -seg, "
        "-pose, -obb, -cls), YOLO26 (n, s, m, l, x, also -seg, -pose, -obb, -cls), YOLO12 (n, s, m, l, x), YOLOv10 (n, "
        "s, m, b, l, x), YOLOv9 (t, s, m, c, e), YOLOv5 (n, s, m, l, x, nu, su, mu, lu, xu), YOLOv3 (u, -tinyu, -sppu) "
        "and the classifiers ResNet (20, 32, 44, 56, 110, 18, 34, 50, 101, 152), VGG (11, 13, 16, 19, 11_bn, 13_bn, "
        "16_bn, 19_bn), MobileNetV1, CNV can be read";
    EXPECT_EQ(refusal(named("model.77.m.0.weight", {1, 1, 1, 1})), "it holds a YOLOv7 detector" + readable);
    EXPECT_EQ(refusal(detector("model.", "n", 2), "ultralytics.nn.tasks.WorldModel"),
              "it holds a YOLO-World detector" + readable);
    EXPECT_EQ(
        refusal(named("weights", {2, 2})),
        "it holds no network that is known, since its 1 tensors (weights, ...) have no model.0.conv.weight" + readable);
    EXPECT_EQ(refusal(named("model.0.conv.weight", {16, 3, 3, 3})),
              "it holds no network that is known, since its 1 tensors (model.0.conv.weight, ...) have no "
              "model.22.cv3.0.2.weight, with which the head of a detector ends" +
                  readable);
    EXPECT_EQ(refusal({}), "it holds no tensors");
    NamedTensors odd = named("model.0.conv.weight", {17, 3, 3, 3});
    odd.push_back(named("model.22.cv3.0.2.weight", {3, 8, 1, 1}).front());
    EXPECT_EQ(refusal(odd),
              "no known detector whose head is row 22 starts with 17 channels; a whole checkpoint, which "
              "carries its table of layers, can be read");
}

TEST(Families, AnchorsOfAStateDictAreThoseOfItsData) {
    Graph graph = buildMember({&familyNamed("yolov5"), {"n", 7}}, nullptr);
    NamedTensors tensors;
    for (const auto& [name, tensor] : stateDict(graph))
        tensors.emplace_back(name, std::make_shared<at::Tensor>(at::zeros(graph.value(*graph.findValue(name)).shape)));
    EXPECT_EQ(recognise(tensors, "").anchors[1][2], 62) << "the table's, where the file says nothing";
    tensors.emplace_back("model.24.anchors", std::make_shared<at::Tensor>(at::full({3, 3, 2}, 2.0f)));
    const Layout found = recognise(tensors, "");
    EXPECT_EQ(found.anchors[0][0], 16) << "places of stride 8";
    EXPECT_EQ(found.anchors[2][5], 64);
    for (const at::Tensor& broken :
         {at::full({3, 3, 2}, std::nan("")), at::full({3, 3, 2}, 0.0f), at::ones({2, 3, 2})}) {
        *tensors.back().second = broken;
        EXPECT_NE(refusal(tensors).find("model.24.anchors has "), std::string::npos);
    }
}

}  // namespace
}  // namespace qat
