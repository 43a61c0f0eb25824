// predict: an entry for every picture under its own path, and no picture lost to another.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "cli/program.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using nlohmann::json;

class Predict : public testing::Test {
protected:
    const ScratchFolder scratch;

    std::string path(const std::string& name) const { return (scratch.path() / name).string(); }
    // Of one shade, so that those written out can be told apart.
    std::string picture(const std::string& name, int shade) const {
        const std::string file = path(name);
        makeWritableFolder(std::filesystem::path(file).parent_path());
        cv::imwrite(file, cv::Mat(48, 64, CV_8UC3, cv::Scalar::all(shade)));
        return file;
    }
    Ended predict(std::vector<std::string> words) const {
        words.insert(words.begin(), {"predict", "builtin:shapes"});
        words.insert(words.end(), {"--imgsz", "64"});
        return cli(words);
    }
    json entries(const std::vector<std::string>& words) const {
        std::vector<std::string> all = words;
        all.insert(all.end(), {"--json", path("p.json")});
        const Ended ended = predict(all);
        EXPECT_EQ(ended.status, 0) << ended.err;
        return readJson(path("p.json"))["images"];
    }
    static std::vector<std::string> imagesOf(const json& entries) {
        std::vector<std::string> images;
        for (const json& entry : entries) images.push_back(entry["image"]);
        return images;
    }
    int shadeOf(const std::string& name) const {
        const cv::Mat image = cv::imread(path(name));
        return image.empty() ? -1 : image.at<cv::Vec3b>(47, 63)[0];
    }
};

TEST_F(Predict, AnswersForEveryPictureOfFoldersListsAndDataSets) {
    const std::string one = picture("data/images/val/1.png", 10), two = picture("data/images/val/2.png", 20),
                      below = picture("data/images/val/sub/1.png", 30);
    std::ofstream(path("data/labels.txt")) << "";
    std::ofstream(path("list.txt")) << two << "\n" << one << "\n";
    std::ofstream(path("data/data.yaml")) << "path: .\ntrain: images/val\nval: images/val\nnames: [disc]\n";
    makeWritableFolder(path("data/labels/val"));
    std::ofstream(path("data/labels/val/1.txt")) << "this is no label\n";
    EXPECT_EQ(imagesOf(entries({path("data/images/val")})), (std::vector{one, two, below}));
    EXPECT_EQ(imagesOf(entries({path("list.txt"), below})), (std::vector{one, two, below}))
        << "a data set is in the order of its paths";
    const json all = entries({path("data/data.yaml"), "--save", path("drawn")});
    EXPECT_EQ(all.size(), 3u) << "labels do not matter here";
    for (const json& entry : all)
        EXPECT_TRUE(entry["detections"].is_array() && std::filesystem::exists(entry["saved"].get<std::string>()));
    EXPECT_EQ(entries({"shapes:val=2,size=64"}).size(), 2u);
}

TEST_F(Predict, PicturesOfOneNameKeepFoldersOrGetNumbers) {
    const std::string one = picture("a/1.png", 10), other = picture("b/1.png", 20), bitmap = picture("a/1.bmp", 30),
                      deep = picture("a/deep/1.png", 40);
    entries({one, other, bitmap, "--save", path("flat")});
    EXPECT_EQ(shadeOf("flat/1.png"), 10);
    EXPECT_EQ(shadeOf("flat/1-2.png"), 20);
    EXPECT_EQ(shadeOf("flat/1-3.png"), 30);
    const json kept = entries({path("a"), "--save", path("kept")});
    EXPECT_EQ(kept.size(), 3u);
    EXPECT_EQ(shadeOf("kept/1.png"), 30) << "a/1.bmp comes first";
    EXPECT_EQ(shadeOf("kept/1-2.png"), 10);
    EXPECT_EQ(shadeOf("kept/deep/1.png"), 40);
}

TEST_F(Predict, ADamagedPictureAmongOthersIsAWarningAloneAnError) {
    const std::string good = picture("set/1.png", 10);
    writeFileAtomic(path("set/0.png"), "no picture");
    const Ended alone = predict({path("set/0.png")});
    EXPECT_EQ(alone.status, 2);
    const Ended among = predict({path("set")});
    EXPECT_EQ(among.status, 0) << among.err;
    EXPECT_NE(among.err.find("warning: " + path("set/0.png")), std::string::npos) << among.err;
    EXPECT_NE(among.out.find(good + ": "), std::string::npos) << among.out;
    const json both = entries({path("set")});
    ASSERT_EQ(both.size(), 2u);
    EXPECT_TRUE(both[0]["error"].is_string() && !both[0].contains("detections"));
    std::filesystem::remove(good);
    EXPECT_EQ(predict({path("set")}).status, 2) << "nothing to answer for";
}

}  // namespace
}  // namespace qat::test
