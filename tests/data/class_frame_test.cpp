// Where the pixels of a picture go in the network's square.
#include "data/class_frame.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "data/dataset.h"
#include "data/loader.h"

namespace qat {
namespace {

// Every pixel tells its place.
cv::Mat numbered(int rows, int cols) {
    cv::Mat image(rows, cols, CV_8UC3);
    for (int y = 0; y < rows; ++y)
        for (int x = 0; x < cols; ++x)
            image.at<cv::Vec3b>(y, x) = {static_cast<uint8_t>(x + 1), static_cast<uint8_t>(y + 1), 200};
    return image;
}

TEST(ClassFrame, SmallPicturesStandInTheMiddleOfBlack) {
    const cv::Mat frame = classFrame(numbered(28, 28), 32);
    EXPECT_EQ(frame.size(), cv::Size(32, 32));
    EXPECT_EQ(frame.at<cv::Vec3b>(0, 0), cv::Vec3b(0, 0, 0));
    EXPECT_EQ(frame.at<cv::Vec3b>(2, 2), cv::Vec3b(1, 1, 200));
    EXPECT_EQ(frame.at<cv::Vec3b>(29, 29), cv::Vec3b(28, 28, 200));
    EXPECT_EQ(frame.at<cv::Vec3b>(30, 30), cv::Vec3b(0, 0, 0));
}

TEST(ClassFrame, PicturesThatFitStayAsTheyAre) {
    const cv::Mat image = numbered(32, 32);
    EXPECT_EQ(cv::norm(classFrame(image, 32), image, cv::NORM_INF), 0);
}

TEST(ClassFrame, LargePicturesLoseTheirLongEnds) {
    cv::Mat wide(64, 128, CV_8UC3, cv::Scalar(0, 0, 255));
    wide(cv::Rect(32, 0, 64, 64)).setTo(cv::Scalar(255, 0, 0));
    const cv::Mat frame = classFrame(wide, 32);
    EXPECT_EQ(frame.size(), cv::Size(32, 32));
    EXPECT_EQ(frame.at<cv::Vec3b>(16, 1), cv::Vec3b(255, 0, 0)) << "what lay at both ends is gone";
    EXPECT_EQ(frame.at<cv::Vec3b>(16, 30), cv::Vec3b(255, 0, 0));
    EXPECT_EQ(classFrame(numbered(20, 40), 32).size(), cv::Size(32, 32)) << "long in one direction only";
}

TEST(ClassCrop, MovesAtMostByThePadding) {
    AugmentConfig config;
    config.fliplr = 0;
    const cv::Mat image = numbered(32, 32);
    bool moved = false;
    for (uint64_t seed = 0; seed < 50; ++seed) {
        const cv::Mat crop = classCrop(image, 32, config, Random(seed));
        const cv::Vec3b middle = crop.at<cv::Vec3b>(16, 16);
        EXPECT_LE(std::abs(middle[0] - 17), 4);
        EXPECT_LE(std::abs(middle[1] - 17), 4);
        moved |= middle[0] != 17;
    }
    EXPECT_TRUE(moved);
    config.cropPadding = 0;
    EXPECT_EQ(cv::norm(classCrop(image, 32, config, Random(3)), image, cv::NORM_INF), 0);
    config.fliplr = 1;
    EXPECT_EQ(classCrop(image, 32, config, Random(3)).at<cv::Vec3b>(0, 0), image.at<cv::Vec3b>(0, 31));
}

// The same batches from any number of workers, and other crops in another epoch.
TEST(ClassCrop, FollowsFromSeedAndEpoch) {
    const auto data =
        openDataset("shapes:train=12,val=4,size=64", DataSplit::Train, DataCheck::Strict, LabelKind::Class);
    const auto first = [&](int workers, int64_t epoch) {
        LoaderOptions options;
        options.imgsz = 32, options.batch = 12, options.workers = workers, options.shuffle = true, options.seed = 5;
        options.augment = AugmentConfig{};
        Loader loader(data, options);
        loader.startEpoch(epoch);
        return *loader.next();
    };
    const Batch one = first(0, 0), two = first(2, 0), later = first(0, 1);
    EXPECT_TRUE(one.images.equal(two.images));
    EXPECT_TRUE(one.targets.equal(two.targets));
    EXPECT_FALSE(one.images.equal(later.images));
}

// Rectangles would be smaller than the squares that pictures are cut to.
TEST(ClassCrop, KnowsNoRectangles) {
    const auto data = openDataset("shapes:train=4,val=4,size=64", DataSplit::Val, DataCheck::Strict, LabelKind::Class);
    LoaderOptions options;
    options.imgsz = 32, options.rect = true;
    EXPECT_THROW(Loader(data, options), Error);
}

}  // namespace
}  // namespace qat
