// Pictures that are the same under other names, as files and as pixels.
#include "data/shared_images.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "data/chosen_images.h"
#include "support/assets.h"

namespace qat {
namespace {

struct SharedImages : testing::Test {
    test::ScratchFolder scratch;

    cv::Mat noise(int seed, cv::Size size = {40, 30}) const {
        cv::Mat image(size, CV_8UC3);
        cv::RNG random(static_cast<uint64_t>(seed) + 1);
        random.fill(image, cv::RNG::UNIFORM, 0, 256);
        return image;
    }
    void write(const std::string& name, const cv::Mat& image, int compression = 3) const {
        const auto path = scratch.path() / name;
        std::filesystem::create_directories(path.parent_path());
        ASSERT_TRUE(cv::imwrite(path.string(), image, {cv::IMWRITE_PNG_COMPRESSION, compression}));
    }
    std::shared_ptr<const Dataset> open(const char* folder) const {
        return openDataset((scratch.path() / folder).string(), DataSplit::Train);
    }
    static std::vector<int64_t> all(const Dataset& data) {
        std::vector<int64_t> indices;
        for (int64_t i = 0; i < data.size(); ++i) indices.push_back(i);
        return indices;
    }
};

TEST_F(SharedImages, AreFoundByBytesAndByPixelsWhateverTheirNames) {
    for (int i = 0; i < 4; ++i) write("train/" + std::to_string(i) + ".png", noise(i));
    write("val/a.png", noise(100));
    write("val/b.png", noise(2));     // the same file
    write("val/c.png", noise(1), 9);  // the same pixels
    cv::Mat almost = noise(3);
    almost.at<cv::Vec3b>(7, 9)[1] ^= 1;
    write("val/d.png", almost);
    write("val/e.png", noise(0, {30, 40}));
    const auto train = open("train"), val = open("val");
    const auto shared = sharedImages(*train, all(*train), *val, 0);
    ASSERT_EQ(shared.size(), 2u);
    EXPECT_EQ(train->path(shared[0].first).substr(train->path(shared[0].first).size() - 5), "1.png");
    EXPECT_EQ(shared[0].second, 2);
    EXPECT_FALSE(shared[0].sameFile);
    EXPECT_EQ(shared[1].first, 2);
    EXPECT_EQ(shared[1].second, 1);
    EXPECT_TRUE(shared[1].sameFile);
    EXPECT_EQ(sharedImages(*train, all(*train), *val, 2).size(), 1u) << "of the first two only";
    EXPECT_EQ(sharedImages(*train, {1}, *val, 0).size(), 1u) << "of the chosen one only";
}

TEST_F(SharedImages, ASetSharesAllOfItselfAndTheLowestIndexOfCopies) {
    for (const char* name : {"train/a.png", "train/b.png", "train/c.png"}) write(name, noise(5));
    const auto train = open("train");
    const auto shared = sharedImages(*train, all(*train), *train, 0);
    ASSERT_EQ(shared.size(), 3u);
    for (const SharedImage& image : shared) EXPECT_EQ(image.second, 0);
}

TEST_F(SharedImages, DrawnPicturesAreComparedByTheirPixels) {
    const auto train = openDataset("shapes:train=6,val=4,size=64", DataSplit::Train),
               val = openDataset("shapes:train=6,val=4,size=64", DataSplit::Val);
    EXPECT_TRUE(sharedImages(*train, all(*train), *val, 0).empty());
    const ChosenImages some(train, {4, 2});
    const auto shared = sharedImages(*train, all(*train), some, 0);
    ASSERT_EQ(shared.size(), 2u);
    EXPECT_EQ(shared[0].first, 2);
    EXPECT_EQ(shared[0].second, 1);
    EXPECT_FALSE(shared[0].sameFile);
}

}  // namespace
}  // namespace qat
