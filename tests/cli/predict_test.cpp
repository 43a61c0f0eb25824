// predict: an entry for every picture under its own path, and no picture lost to another.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
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

TEST_F(Predict, ADamagedPictureAmongNamedOnesCostsNoAnswerOfTheOthers) {
    const std::string one = picture("1.png", 10), two = picture("2.png", 20), bad = path("bad.png");
    writeFileAtomic(bad, "no picture");
    const Ended ended = predict({one, bad, two, "--json", path("p.json")});
    EXPECT_EQ(ended.status, 2) << "one that was named has no answer";
    EXPECT_NE(ended.err.find("warning: " + bad), std::string::npos) << ended.err;
    const json entries = readJson(path("p.json"))["images"];
    EXPECT_EQ(imagesOf(entries), (std::vector{one, bad, two}));
    EXPECT_TRUE(entries[0].contains("detections") && entries[1].contains("error") && entries[2].contains("detections"));
}

TEST_F(Predict, SavingNeverTakesThePlaceOfAPicture) {
    const std::string one = picture("set/1.png", 10), deep = picture("set/deep/2.png", 20);
    std::filesystem::create_directory_symlink(path("set"), path("other"));
    for (const std::string& save :
         {path("set"), path("set/deep"), path("set/drawn"), path("other"), path("set/../set")}) {
        const Ended ended = predict({path("set"), "--save", save});
        EXPECT_EQ(ended.status, 2) << save;
        EXPECT_EQ(ended.err, "qatelier-cli: --save " + save + " lies in " + path("set") + ", where the pictures are\n");
    }
    const Ended named = predict({deep, one, "--save", path("set")});
    EXPECT_EQ(named.err, "qatelier-cli: --save " + path("set") + " would write over the picture " + one + "\n");
    EXPECT_EQ(shadeOf("set/1.png"), 10);
    EXPECT_EQ(shadeOf("set/deep/2.png"), 20);
    EXPECT_FALSE(std::filesystem::exists(path("set/drawn")));
    EXPECT_EQ(predict({path("set"), "--save", path("setting")}).status, 0) << "a name that only begins alike";
    EXPECT_EQ(predict({deep, "--save", path("set")}).status, 0);
}

// After the first answer there is always another to come.
TEST_F(Predict, WhatWasAnsweredBeforeAStopIsKept) {
    const std::string one = picture("1.png", 10);
    std::vector<std::string> words{QATELIER_CLI, "predict", "builtin:shapes", "--imgsz",
                                   "640",        "--json",  path("p.json")};
    for (int i = 0; i < 2000; ++i) words.push_back(one);
    words.insert(words.end(), {"--save", path("drawn")});
    Program program(words);
    EXPECT_TRUE(program.runUntil([&] { return std::filesystem::exists(path("drawn/1.png")); }));
    program.signal(SIGINT);
    const Ended ended = program.wait();
    EXPECT_EQ(ended.status, 130) << ended.err;
    const size_t answers = readJson(path("p.json"))["images"].size();
    EXPECT_GE(answers, 1u);
    EXPECT_LT(answers, 2000u);
    EXPECT_NE(ended.err.find("stopped after " + std::to_string(answers) + " of 2000 pictures"), std::string::npos)
        << ended.err;
}

}  // namespace
}  // namespace qat::test
