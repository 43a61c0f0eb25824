// Letterbox sizes and pads worked out by hand, boxes there and back, and pixels against the goldens.
#include "data/letterbox.h"

#include "base/sha256.h"
#include "data/image_file.h"
#include "fixtures.h"
#include "support/assets.h"

namespace qat {
namespace {

TEST(Letterbox, PredictSizes) {
    const auto fits = [](cv::Size original, cv::Size resized, int left, int top) {
        const auto geometry = letterboxGeometry(original, {640, 640}, LetterboxMode::Predict);
        EXPECT_EQ(geometry.resized, resized);
        EXPECT_EQ(geometry.padLeft, left);
        EXPECT_EQ(geometry.padTop, top);
    };
    fits({640, 480}, {640, 480}, 0, 80);
    fits({640, 427}, {640, 427}, 0, 106);  // 106.5 - 0.1 rounds down, the odd row is below
    fits({381, 500}, {488, 640}, 76, 0);
    fits({1, 100000}, {1, 640}, 319, 0);
    fits({5, 4}, {640, 512}, 0, 64);
}

TEST(Letterbox, ValidateEnlargesWithCeilAndPads) {
    const auto geometry = letterboxGeometry({500, 333}, {640, 640}, LetterboxMode::Validate);
    EXPECT_EQ(geometry.resized, cv::Size(640, 427));  // 426.24 up
    EXPECT_EQ(geometry.padTop, 106);
    EXPECT_FLOAT_EQ(geometry.shiftY, 106.5f);
    EXPECT_FLOAT_EQ(geometry.ratio, 427.0f / 333.0f);
    const auto rectangular = letterboxGeometry({640, 480}, {672, 512}, LetterboxMode::Validate, 640);
    EXPECT_EQ(rectangular.resized, cv::Size(640, 480));
    EXPECT_EQ(rectangular.padLeft, 16);
    EXPECT_EQ(rectangular.padTop, 16);
    EXPECT_THROW(letterboxGeometry({640, 640}, {640, 480}, LetterboxMode::Validate), Error);
}

TEST(Letterbox, PadsWith114AndKeepsPixels) {
    const cv::Mat3b image(3, 8, cv::Vec3b(10, 20, 30));
    for (const auto mode : {LetterboxMode::Predict, LetterboxMode::Validate}) {
        const cv::Mat3b boxed = letterbox(image, {8, 8}, mode).image;
        ASSERT_EQ(boxed.size(), cv::Size(8, 8));
        for (int y = 0; y < 8; ++y)
            EXPECT_EQ(boxed(y, 5), (y >= 2 && y < 5) ? cv::Vec3b(10, 20, 30) : cv::Vec3b(114, 114, 114)) << y;
    }
}

TEST(Letterbox, BoxesGoThereAndBack) {
    const ObjectLabel label{3, 0.5f, 0.25f, 0.5f, 0.25f};
    const auto geometry = letterboxGeometry({400, 200}, {640, 640}, LetterboxMode::Predict);
    const ObjectLabel moved = toInput(label, geometry);
    EXPECT_EQ(moved.classIndex, 3);
    EXPECT_FLOAT_EQ(moved.x, 0.5f);
    EXPECT_FLOAT_EQ(moved.y, (0.25f * 320 + 160) / 640);
    EXPECT_FLOAT_EQ(moved.h, 0.125f);
    const Box box{(moved.x - moved.w / 2) * 640, (moved.y - moved.h / 2) * 640, (moved.x + moved.w / 2) * 640,
                  (moved.y + moved.h / 2) * 640};
    const Box expected{100, 25, 300, 75};
    const Box back = toOriginal(box, geometry);
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(back[i], expected[i], 1e-3);
    EXPECT_EQ(toOriginal({-50, 0, 700, 640}, geometry), (Box{0, 0, 400, 200}));
}

std::string sha256OfRgbPlanes(const cv::Mat3b& bgr) {
    std::vector<uint8_t> planes;
    for (int channel = 2; channel >= 0; --channel)
        for (const auto& pixel : bgr) planes.push_back(pixel[channel]);
    return sha256Hex(std::as_bytes(std::span(planes)));
}

TEST(LetterboxAssets, InputsAreBitEqualToTheGoldens) {
    QAT_REQUIRE_ASSETS(assets);
    for (const char* file :
         {"yolov8n/detections.json", "yolov10n_random/detections.json", "yolov10n_random/raw/raw.json"}) {
        const auto golden = test::readJson(assets / "goldens" / file);
        for (const auto& image : golden.at("images")) {
            const int size = image.contains("size") ? image.at("size").get<int>() : golden.at("size").get<int>();
            const auto name = image.at("name").get<std::string>();
            const cv::Mat picture = readImage(assets / "coco128/images/train2017" / (name + ".jpg"));
            const Letterbox box = letterbox(picture, {size, size}, LetterboxMode::Predict);
            EXPECT_EQ(box.geometry.padLeft, image.at("pad_left").get<int>()) << name;
            EXPECT_EQ(box.geometry.padTop, image.at("pad_top").get<int>()) << name;
            EXPECT_NEAR(box.geometry.ratio, image.at("ratio").get<double>(), 1e-6) << name;
            EXPECT_EQ(sha256OfRgbPlanes(box.image), image.at("input_sha256_u8_chw_rgb").get<std::string>()) << name;
        }
    }
}

}  // namespace
}  // namespace qat
