// Detectors inside other modules, and other networks told by their names.
#include "models/known_models.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "models/weights.h"
#include "models/yolov8.h"

namespace qat {
namespace {

using Names = std::vector<std::string_view>;

Names detectorUnder(const std::vector<std::string>& prefixes, std::vector<std::string>& kept) {
    kept.clear();
    for (const auto& prefix : prefixes)
        for (const char* name : {"0.conv.weight", "2.m.0.cv1.conv.weight", "22.cv3.0.2.weight"})
            kept.push_back(prefix + name);
    return {kept.begin(), kept.end()};
}

TEST(DetectorPrefix, WhereverTheDetectorStands) {
    std::vector<std::string> kept;
    EXPECT_EQ(detectorPrefix(detectorUnder({"model."}, kept)), "model.");
    EXPECT_EQ(detectorPrefix(detectorUnder({""}, kept)), "") << "the inner sequence";
    EXPECT_EQ(detectorPrefix(detectorUnder({"detector.net.model."}, kept)), "detector.net.model.");
    EXPECT_EQ(detectorPrefix(detectorUnder({"online_model.model.", "ema_model.model."}, kept)), "ema_model.model.");
    EXPECT_EQ(detectorPrefix(detectorUnder({"teacher.", "model."}, kept)), "model.");
    EXPECT_EQ(detectorPrefix({"layer1.0.conv.weight", "fc.weight"}), "model.") << "no detector";
    try {
        detectorPrefix(detectorUnder({"teacher.", "student."}, kept));
        FAIL() << "one of two was taken";
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "it holds 2 detectors, teacher. and student., and nothing says which is meant");
    }
}

TEST(OtherModel, IsNamedAndOursIsNone) {
    EXPECT_EQ(otherModel({"model.0.conv.weight", "model.105.m.0.weight"}, ""), "a YOLOv7 detector");
    EXPECT_EQ(otherModel({"module.model.0.conv.weight", "module.model.77.m.0.weight"}, ""), "a YOLOv7 detector");
    EXPECT_EQ(otherModel({"model.22.cv4.0.logit_scale"}, ""), "a YOLO-World detector");
    EXPECT_EQ(otherModel({"a"}, "ultralytics.nn.tasks.RTDETRDetectionModel"), "an RT-DETR detector");
    EXPECT_EQ(otherModel({"features.0.weight", "classifier.1.weight"}, ""), "a torchvision classifier");
    EXPECT_EQ(otherModel({"weights"}, ""), "");
    for (const char* variant : {"n", "x"}) {
        const auto state = stateDict(buildYolov8(variant, 3));
        Names names;
        for (const auto& [name, tensor] : state) names.push_back(name);
        EXPECT_EQ(otherModel(names, "ultralytics.nn.tasks.DetectionModel"), "") << variant;
        EXPECT_EQ(detectorPrefix(names), "model.") << variant;
    }
}

}  // namespace
}  // namespace qat
