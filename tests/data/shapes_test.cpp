// The drawn data set: names, repeatability, and that its labels are what they claim.
#include "data/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <set>

#include "base/sha256.h"
#include "config/data_name.h"
#include "fixtures.h"

namespace qat {
namespace {

std::string digest(const Sample& sample) {
    const size_t bytes = sample.image.total() * sample.image.elemSize();
    return sha256Hex(std::as_bytes(std::span(sample.image.data, bytes)));
}

TEST(Shapes, Specification) {
    EXPECT_TRUE(isDrawn("shapes"));
    EXPECT_TRUE(isDrawn("shapes:val=3"));
    EXPECT_FALSE(isDrawn("shapes.yaml"));
    EXPECT_FALSE(isDrawn("./shapes"));
    const ShapesOptions plain = parseShapesSpec("shapes");
    EXPECT_EQ(plain.train, 2000);
    EXPECT_EQ(plain.val, 200);
    EXPECT_EQ(plain.size, 160);
    const ShapesOptions given = parseShapesSpec("shapes:train=7,val=5,size=96,seed=18446744073709551615");
    EXPECT_EQ(given.train, 7);
    EXPECT_EQ(given.val, 5);
    EXPECT_EQ(given.size, 96);
    EXPECT_EQ(given.seed, UINT64_MAX);
    for (const char* bad : {"shapes:train", "shapes:train=", "shapes:train=0", "shapes:train=-1", "shapes:val=1x",
                            "shapes:size=8", "shapes:size=99999", "shapes:colour=red", "shapes:val=3,,size=160"})
        test::expectError(ErrorKind::BadInput, {bad}, [&] { parseShapesSpec(bad); });
}

TEST(Shapes, DatasetView) {
    const auto dataset = openDataset("shapes:train=30,val=20,size=128", DataSplit::Val);
    ASSERT_EQ(dataset->size(), 20);
    EXPECT_EQ(dataset->path(12), "shapes/val/000012.png");
    EXPECT_EQ(dataset->imageSize(3), cv::Size(128, 128));
    EXPECT_EQ(dataset->read(3).image.size(), cv::Size(128, 128));
    EXPECT_EQ(dataset->read(3).path, dataset->path(3));
    EXPECT_EQ(dataset->classNames(), (std::vector<std::string>{"disc", "ring", "square", "triangle", "cross", "star"}));
    EXPECT_EQ(openDataset("shapes:train=30", DataSplit::Train)->size(), 30);
    EXPECT_THROW(dataset->read(20), Error);
}

TEST(Shapes, DependsOnSeedSplitAndIndexAlone) {
    const Sample first = drawShapes(5, DataSplit::Val, 3, 160);
    drawShapes(5, DataSplit::Val, 4, 160);
    const Sample again = drawShapes(5, DataSplit::Val, 3, 160);
    EXPECT_EQ(digest(first), digest(again));
    EXPECT_EQ(first.labels, again.labels);
    const std::set<std::string> digests{
        digest(first), digest(drawShapes(6, DataSplit::Val, 3, 160)), digest(drawShapes(5, DataSplit::Train, 3, 160)),
        digest(drawShapes(5, DataSplit::Test, 3, 160)), digest(drawShapes(5, DataSplit::Val, 4, 160))};
    EXPECT_EQ(digests.size(), 5u);
}

TEST(Shapes, LabelsAreSoundAndVaried) {
    for (const int size : {64, 160, 320}) {
        std::array<int, kShapeClasses> perClass{};
        int objects = 0, small = 0, large = 0;
        for (int i = 0; i < 150; ++i) {
            const auto labels = drawShapes(1, DataSplit::Train, i, size).labels;
            EXPECT_LE(labels.size(), 6u);
            for (const ObjectLabel& label : labels) {
                ++perClass.at(static_cast<size_t>(label.classIndex));
                ++objects;
                EXPECT_GE(label.x - label.w / 2, -1e-5f);
                EXPECT_GE(label.y - label.h / 2, -1e-5f);
                EXPECT_LE(label.x + label.w / 2, 1 + 1e-5f);
                EXPECT_LE(label.y + label.h / 2, 1 + 1e-5f);
                const float longer = std::max(label.w, label.h), shorter = std::min(label.w, label.h);
                EXPECT_GE(longer * static_cast<float>(size), 8);
                EXPECT_GE(shorter * static_cast<float>(size), 5);
                EXPECT_LE(longer, 0.605f);
                small += longer < 0.2f;
                large += longer > 0.4f;
            }
        }
        EXPECT_GT(objects, 300);
        EXPECT_GT(small, objects / 6);
        EXPECT_GT(large, objects / 10);
        EXPECT_GT(*std::min_element(perClass.begin(), perClass.end()), objects / 12);
    }
}

// The middle of an object differs from both of two opposite margins outside its box, and these differ less from each
// other: on average over the objects that stand alone, and without the rings, whose middle is empty.
TEST(Shapes, BoxesSurroundTheirObjects) {
    double inside = 0, outside = 0;
    int count = 0;
    for (int i = 0; i < 400; ++i) {
        const Sample sample = drawShapes(2, DataSplit::Val, i, 160);
        if (sample.labels.size() != 1 || sample.labels[0].classIndex == 1) continue;
        const ObjectLabel& label = sample.labels[0];
        const auto pixels = [](float share) { return static_cast<int>(std::lround(share * 160)); };
        const cv::Rect box(cv::Point(pixels(label.x - label.w / 2), pixels(label.y - label.h / 2)),
                           cv::Point(pixels(label.x + label.w / 2), pixels(label.y + label.h / 2)));
        const cv::Rect wide(box.x - 6, box.y - 6, box.width + 12, box.height + 12);
        if ((wide & cv::Rect(0, 0, 160, 160)) != wide) continue;
        const auto meanOf = [&](const cv::Rect& area) { return cv::mean(sample.image(area)); };
        const cv::Scalar above = meanOf({wide.x, wide.y, wide.width, 4});
        const cv::Scalar below = meanOf({wide.x, wide.br().y - 4, wide.width, 4});
        const int middleX = pixels(label.x), middleY = pixels(label.y);
        inside += cv::norm(meanOf({middleX - 1, middleY - 1, 3, 3}) - above);
        outside += cv::norm(below - above);
        ++count;
    }
    ASSERT_GT(count, 20);
    EXPECT_GT(inside, 2 * outside);
}

}  // namespace
}  // namespace qat
