// The validator's numbers on coco128 from the predictions that led to them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "eval/metrics.h"
#include "support/assets.h"

namespace qat {
namespace {

struct Size {
    int width = 0, height = 0;
};

// From the frame header of a JPEG file.
Size jpegSize(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    const std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
    for (size_t i = 2; i + 9 < bytes.size();) {
        const uint8_t marker = bytes[i + 1];
        if (marker >= 0xC0 && marker <= 0xC2)
            return {bytes[i + 7] << 8 | bytes[i + 8], bytes[i + 5] << 8 | bytes[i + 6]};
        i += 2u + (bytes[i + 2] << 8 | bytes[i + 3]);
    }
    throw std::runtime_error("no frame header in " + path.string());
}

// The validator's letterbox: the loader enlarges or shrinks the long side to 640, rounding the other up, then pads.
struct Frame {
    explicit Frame(Size original) : size(original) {
        const double ratio = 640.0 / std::max(size.width, size.height);
        width = std::min(640, static_cast<int>(std::ceil(size.width * ratio)));
        height = std::min(640, static_cast<int>(std::ceil(size.height * ratio)));
        padX = (640 - width) / 2.0;
        padY = (640 - height) / 2.0;
        gain = static_cast<double>(height) / size.height;
    }
    // From input pixels to the original image, clipped: the frame in which the validator compares.
    Box original(double x1, double y1, double x2, double y2) const {
        const auto back = [&](double v, double pad, int limit) {
            return static_cast<float>(
                std::clamp((v - std::nearbyint(pad - 0.1)) / gain, 0.0, static_cast<double>(limit)));
        };
        return {back(x1, padX, size.width), back(y1, padY, size.height), back(x2, padX, size.width),
                back(y2, padY, size.height)};
    }

    Size size;
    int width, height;
    double padX, padY, gain;
};

std::vector<LabelBox> readLabels(const std::filesystem::path& path, const Frame& frame) {
    std::vector<LabelBox> labels;
    std::ifstream in(path);
    for (double c, x, y, w, h; in >> c >> x >> y >> w >> h;)
        labels.push_back(
            {frame.original((x - w / 2) * frame.width + frame.padX, (y - h / 2) * frame.height + frame.padY,
                            (x + w / 2) * frame.width + frame.padX, (y + h / 2) * frame.height + frame.padY),
             static_cast<int32_t>(c)});
    return labels;
}

std::vector<EvaluatedImage> readImages(const std::filesystem::path& assets, const nlohmann::json& golden) {
    std::vector<EvaluatedImage> images;
    std::vector<Frame> frames;
    for (const auto& entry : golden["order"]) {
        const std::string stem = entry["image"];
        frames.emplace_back(jpegSize(assets / "coco128/images/train2017" / (stem + ".jpg")));
        images.push_back({{}, readLabels(assets / "coco128/labels/train2017" / (stem + ".txt"), frames.back())});
    }
    const auto rows = test::readNpy(assets / "goldens/yolov8n/val_square_predictions.npy");
    for (size_t i = 0; i < rows.values.size(); i += 7) {
        const float* row = rows.values.data() + i;
        const auto image = static_cast<size_t>(row[0]);
        images.at(image).detections.push_back(
            {frames[image].original(row[1], row[2], row[3], row[4]), row[5], static_cast<int32_t>(row[6])});
    }
    return images;
}

TEST(MetricsGolden, ValidationOfCoco128) {
    QAT_REQUIRE_ASSETS(assets);
    const auto golden = test::readJson(assets / "goldens/yolov8n/val_square.json");
    const DetectionMetrics metrics = ultralyticsMetrics(readImages(assets, golden), 80);
    constexpr double kTolerance = 1e-6;
    EXPECT_EQ(metrics.images, golden["images"].get<int64_t>());
    EXPECT_EQ(metrics.labels, golden["labels"].get<int64_t>());
    EXPECT_NEAR(metrics.precision, golden["overall"]["P"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics.recall, golden["overall"]["R"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics.map50, golden["overall"]["mAP50"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics.map75, golden["overall"]["mAP75"].get<double>(), kTolerance);
    EXPECT_NEAR(metrics.map, golden["overall"]["mAP50_95"].get<double>(), kTolerance);
    ASSERT_EQ(metrics.classes.size(), golden["classes"].size());
    for (size_t i = 0; i < metrics.classes.size(); ++i) {
        const ClassMetrics& found = metrics.classes[i];
        const auto& expected = golden["classes"][i];
        EXPECT_EQ(found.classIndex, expected["cls"].get<int>());
        EXPECT_EQ(found.labels, expected["labels"].get<int64_t>());
        EXPECT_NEAR(found.precision, expected["P"].get<double>(), kTolerance) << expected["name"];
        EXPECT_NEAR(found.recall, expected["R"].get<double>(), kTolerance) << expected["name"];
        for (size_t t = 0; t < kIouLevels; ++t)
            EXPECT_NEAR(found.apAtIou[t], expected["ap_at_each_iou"][t].get<double>(), kTolerance) << expected["name"];
    }
}

}  // namespace
}  // namespace qat
