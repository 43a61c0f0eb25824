// Digests of data: the same pictures and labels wherever they lie, and nothing else.
#include "session/provenance.h"

#include <gtest/gtest.h>

#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "support/assets.h"

namespace qat::test {
namespace {

class Provenance : public testing::Test {
protected:
    const ScratchFolder scratch;

    std::filesystem::path writeData(const std::string& name, int shade, const std::string& label) const {
        const auto folder = scratch.path() / name;
        std::filesystem::create_directories(folder / "images");
        std::filesystem::create_directories(folder / "labels");
        for (int i = 0; i < 3; ++i) {
            cv::imwrite((folder / "images" / (std::to_string(i) + ".png")).string(),
                        cv::Mat(8, 8, CV_8UC3, cv::Scalar(shade + i, 7, 9)));
            writeFileAtomic(folder / "labels" / (std::to_string(i) + ".txt"), label);
        }
        return folder / "images";
    }
    static DataDigest digest(const std::filesystem::path& images) {
        return digestOf(*openDataset(images.string(), DataSplit::Val), images.string(), "val");
    }
};

TEST_F(Provenance, ContentsDecideAndFoldersDoNot) {
    const DataDigest first = digest(writeData("here", 1, "0 0.5 0.5 0.2 0.2\n"));
    EXPECT_EQ(first.covers, "contents");
    EXPECT_EQ(first.sha256.size(), 64u);
    EXPECT_EQ(digest(writeData("there", 1, "0 0.5 0.5 0.2 0.2\n")).sha256, first.sha256);
    EXPECT_NE(digest(writeData("darker", 0, "0 0.5 0.5 0.2 0.2\n")).sha256, first.sha256);
    EXPECT_NE(digest(writeData("moved", 1, "0 0.5 0.5 0.2 0.3\n")).sha256, first.sha256);
}

TEST_F(Provenance, APictureLessIsOtherData) {
    const auto images = writeData("here", 1, "0 0.5 0.5 0.2 0.2\n");
    const DataDigest all = digest(images);
    std::filesystem::remove(images / "2.png");
    EXPECT_NE(digest(images).sha256, all.sha256);
}

TEST_F(Provenance, DrawnShapesFollowFromTheirSpecification) {
    const auto drawn = [](const char* spec, DataSplit split) {
        return digestOf(*openDataset(spec, split), spec, split == DataSplit::Train ? "train" : "val");
    };
    const DataDigest train = drawn("shapes:train=4,val=4", DataSplit::Train);
    EXPECT_EQ(train.covers, "drawing");
    EXPECT_EQ(drawn("shapes:train=4,val=4", DataSplit::Train).sha256, train.sha256);
    EXPECT_NE(drawn("shapes:train=4,val=4", DataSplit::Val).sha256, train.sha256);
    EXPECT_NE(drawn("shapes:train=5,val=4", DataSplit::Train).sha256, train.sha256);
}

}  // namespace
}  // namespace qat::test
