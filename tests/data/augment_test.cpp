// Every augmentation alone and all together: the labels must stay on the coloured marks that they describe.
#include "data/augment.h"

#include <cmath>
#include <opencv2/core.hpp>

#include "fixtures.h"

namespace qat {
namespace {

const std::array<cv::Vec3b, 4> kColours{cv::Vec3b(255, 0, 0), cv::Vec3b(0, 255, 0), cv::Vec3b(0, 0, 255),
                                        cv::Vec3b(255, 255, 0)};

AugmentConfig nothing() {
    AugmentConfig config;
    config.mosaic = config.fliplr = config.hsvH = config.hsvS = config.hsvV = config.scale = config.translate = 0;
    return config;
}

Sample marked(int i) {
    return test::markedSample(str("picture", i), {64, 48}, {10 + 2 * i, 8, 24, 20}, kColours[static_cast<size_t>(i)],
                              i);
}

// The box around the pixels that have the colour, allowing for the blur of resampling.
cv::Rect boundsOf(const cv::Mat3b& image, cv::Vec3b colour) {
    cv::Rect bounds;
    for (int y = 0; y < image.rows; ++y)
        for (int x = 0; x < image.cols; ++x) {
            double distance = 0;
            for (int c = 0; c < 3; ++c) distance = std::max(distance, std::abs(double(image(y, x)[c]) - colour[c]));
            if (distance < 100) bounds |= cv::Rect(x, y, 1, 1);
        }
    return bounds;
}

void expectOnMark(const cv::Mat3b& image, const PixelLabel& label, float tolerance) {
    const cv::Rect bounds = boundsOf(image, kColours[static_cast<size_t>(label.classIndex)]);
    EXPECT_NEAR(label.x1, static_cast<float>(bounds.x), tolerance);
    EXPECT_NEAR(label.y1, static_cast<float>(bounds.y), tolerance);
    EXPECT_NEAR(label.x2, static_cast<float>(bounds.br().x), tolerance);
    EXPECT_NEAR(label.y2, static_cast<float>(bounds.br().y), tolerance);
}

std::array<Sample, 4> fourSamples() {
    return {marked(0), marked(1), marked(2), marked(3)};
}

TEST(Augment, MosaicCornersMeetAndLabelsFollow) {
    Random random(1);
    size_t labels = 0;
    for (int round = 0; round < 40; ++round) {
        const Canvas canvas = mosaic(fourSamples(), 64, random);
        ASSERT_EQ(canvas.image.size(), cv::Size(128, 128));
        for (const PixelLabel& label : canvas.labels) expectOnMark(canvas.image, label, 0.01f);
        labels += canvas.labels.size();
    }
    EXPECT_GT(labels, 120u);  // few marks fall off the canvas
}

TEST(Augment, MosaicDropsWhatLeavesTheCanvas) {
    // A mark in the outer corner of a picture as large as the canvas allows is cut off for every centre but one.
    Sample sample = test::markedSample("corner", {64, 64}, {0, 0, 2, 2}, kColours[0], 0);
    for (auto& label : sample.labels) label.w = label.h = 2.0f / 64;
    Random random(3);
    for (int round = 0; round < 50; ++round)
        for (const PixelLabel& label : mosaic({sample, sample, sample, sample}, 64, random).labels) {
            EXPECT_GT(label.x2, label.x1);
            EXPECT_GT(label.y2, label.y1);
            EXPECT_GE(label.x1, 0);
            EXPECT_LE(label.x2, 128);
        }
}

TEST(Augment, WarpMovesLabelsWithPixels) {
    AugmentConfig config = nothing();
    config.scale = 0.5;
    config.translate = 0.1;
    Random random(2);
    std::array<Sample, 4> samples = fourSamples();
    for (int round = 0; round < 40; ++round) {
        const Canvas big = mosaic(samples, 64, random);
        const Canvas canvas = warp(big, 64, config, random);
        ASSERT_EQ(canvas.image.size(), cv::Size(64, 64));
        for (const PixelLabel& label : canvas.labels) {
            EXPECT_GT(label.x2 - label.x1, 2);
            expectOnMark(canvas.image, label, 1.01f);
        }
    }
}

TEST(Augment, WarpWithoutChangeKeepsEveryPixel) {
    Canvas canvas{marked(0).image.clone(), {{0, 10, 8, 34, 28}}};
    cv::Mat square;
    canvas.image(cv::Rect(0, 0, 48, 48)).copyTo(square);
    canvas.image = square;
    Random random(4);
    const Canvas same = warp(canvas, 48, nothing(), random);
    EXPECT_EQ(cv::norm(same.image, square, cv::NORM_INF), 0);
    ASSERT_EQ(same.labels.size(), 1u);
    EXPECT_EQ(same.labels[0].x2, 34);
}

TEST(Augment, WarpDropsSliversAndSpecks) {
    const Canvas canvas{cv::Mat(64, 64, CV_8UC3, cv::Scalar::all(0)),
                        {{0, -90, 10, 9, 30},    // less than a tenth left
                         {1, -10, 10, 30, 30},   // most of it left
                         {2, 10, 10, 12, 30},    // two pixels wide
                         {3, 70, 70, 90, 90}}};  // outside
    Random random(5);
    const Canvas kept = warp(canvas, 64, nothing(), random);
    ASSERT_EQ(kept.labels.size(), 1u);
    EXPECT_EQ(kept.labels[0].classIndex, 1);
    EXPECT_EQ(kept.labels[0].x1, 0);
}

TEST(Augment, FlipMirrorsPixelsAndLabels) {
    Canvas canvas{marked(1).image.clone(), {{1, 12, 8, 36, 28}}};
    flipLeftRight(canvas);
    expectOnMark(canvas.image, canvas.labels[0], 0.01f);
    EXPECT_EQ(canvas.labels[0].x1, 64 - 36);
}

TEST(Augment, ColourChangesOnlyWhatItsGainsAllow) {
    AugmentConfig config = nothing();
    cv::Mat image(2, 2, CV_8UC3, cv::Scalar(40, 80, 160));
    Random random(6);
    jitterColour(image, config, random);
    EXPECT_EQ(image.at<cv::Vec3b>(0, 0), cv::Vec3b(40, 80, 160));
    config.hsvV = 0.4;
    for (int round = 0; round < 20; ++round) {
        cv::Mat changed = image.clone();
        jitterColour(changed, config, random);
        const cv::Vec3b pixel = changed.at<cv::Vec3b>(1, 1);
        EXPECT_GE(pixel[2], 160 * 0.6 - 2);
        EXPECT_LE(pixel[2], 160 * 1.4 + 2);
        EXPECT_NEAR(pixel[0] * 4, pixel[2], 8);  // hue and saturation stay
    }
}

Sample runChain(int index, const AugmentConfig& config, bool mosaicAllowed, uint64_t seed) {
    const std::vector<int64_t> partners{0, 1, 2, 3};
    const SampleSource source = [](int64_t i) { return marked(static_cast<int>(i)); };
    return augmentSample(index, partners, source, 64, config, mosaicAllowed, Random(seed));
}

TEST(Augment, NothingSwitchedOnIsALetterbox) {
    const Sample sample = runChain(2, nothing(), true, 7);
    EXPECT_EQ(sample.path, "picture2");
    ASSERT_EQ(sample.image.size(), cv::Size(64, 64));
    ASSERT_EQ(sample.labels.size(), 1u);
    const ObjectLabel& label = sample.labels[0];
    expectOnMark(sample.image,
                 {2, (label.x - label.w / 2) * 64, (label.y - label.h / 2) * 64, (label.x + label.w / 2) * 64,
                  (label.y + label.h / 2) * 64},
                 0.01f);
}

TEST(Augment, ChainRepeatsAndVaries) {
    const AugmentConfig config;
    const Sample first = runChain(1, config, true, 8), again = runChain(1, config, true, 8);
    EXPECT_EQ(cv::norm(first.image, again.image, cv::NORM_INF), 0);
    EXPECT_EQ(first.labels, again.labels);
    EXPECT_GT(cv::norm(first.image, runChain(1, config, true, 9).image, cv::NORM_INF), 0);
}

TEST(Augment, MosaicCanBeForbidden) {
    AugmentConfig config = nothing();
    config.mosaic = 1;
    for (uint64_t seed = 0; seed < 10; ++seed) EXPECT_LE(runChain(3, config, false, seed).labels.size(), 1u);
    size_t most = 0;
    for (uint64_t seed = 0; seed < 10; ++seed) most = std::max(most, runChain(3, config, true, seed).labels.size());
    EXPECT_GT(most, 1u);
}

TEST(Augment, SourcePicturesStayUntouched) {
    const Sample sample = marked(0);
    const cv::Mat before = sample.image.clone();
    const std::vector<int64_t> partners{0};
    for (uint64_t seed = 0; seed < 5; ++seed)
        augmentSample(
            0, partners, [&](int64_t) { return sample; }, 64, {}, seed % 2 == 0, Random(seed));
    EXPECT_EQ(cv::norm(sample.image, before, cv::NORM_INF), 0);
}

}  // namespace
}  // namespace qat
