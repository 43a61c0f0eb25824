// Data at the door: every command says the same about the same bad input, at once, in one sentence and no library's
// words.
#include <gtest/gtest.h>

#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "cli/program.h"
#include "cli/small_config.h"
#include "support/assets.h"

namespace qat::test {
namespace {

class DataDoor : public testing::Test {
protected:
    const ScratchFolder scratch;

    std::string path(const std::string& name) const { return (scratch.path() / name).string(); }
    std::string file(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((scratch.path() / name).parent_path());
        writeFileAtomic(scratch.path() / name, text);
        return path(name);
    }
    std::string jpeg() const {
        cv::Mat3b image(120, 160);
        for (int y = 0; y < image.rows; ++y)
            for (int x = 0; x < image.cols; ++x) image(y, x) = cv::Vec3b(uint8_t(x * y), uint8_t(y * 9), uint8_t(x));
        std::vector<uchar> bytes;
        EXPECT_TRUE(cv::imencode(".jpg", image, bytes));
        return {bytes.begin(), bytes.end()};
    }
    static size_t lines(const std::string& text) { return static_cast<size_t>(std::ranges::count(text, '\n')); }
};

TEST_F(DataDoor, BadDescriptionsAreRefusedAtOnceByEveryCommand) {
    file("images/a.jpg", jpeg());
    file("labels/a.txt", "0 .5 .5 .2 .2\n");
    const std::string variant = "variant: n";
    std::string small = readFile(writeSmallConfig(scratch.path()));
    file("small.yaml",
         small.replace(small.find(variant), variant.size(), variant + "\n  pretrained_path: builtin:shapes"));
    auto expectAll = [&, runs = 0](const std::string& data, const std::string& piece) mutable {
        SCOPED_TRACE(piece);
        std::string config = readFile(scratch.path() / "small.yaml");
        const std::string drawn = "shapes:train=16,val=4,size=64";
        const std::string own = file("own.yaml", config.replace(config.find(drawn), drawn.size(), data));
        const Ended val = cli({"val", "builtin:shapes", "--data", data, "--imgsz", "64"}),
                    checked = cli({"check", own}),
                    run =
                        cli({"run", path("small.yaml"), "--data", data, "--out", path("run" + std::to_string(++runs))});
        for (const Ended* ended : {&val, &run, &checked}) EXPECT_EQ(ended->status, 2) << ended->err;
        EXPECT_EQ(lines(val.err), 1u) << val.err;
        for (const std::string& said : {val.err, run.err, checked.out})
            EXPECT_NE(said.find(piece), std::string::npos) << said;
        EXPECT_EQ(run.err.find("[calibrate]"), std::string::npos) << "nothing is computed";
    };
    expectAll(file("data.yaml", "train: images\nval: images\nnames:\n  - disc\n  - caf\xE9\n"),
              "data.yaml:5: this line is not UTF-8 text");
    expectAll(file("data.yaml", "train: images\nval: ../valid/images\nnc: 6\n"), "data.yaml:2: val names ");
    std::filesystem::create_directories(path("void"));
    expectAll(file("data.yaml", "train: images\nval: void\nnc: 6\n"), "there are no pictures in " + path("data.yaml"));
    expectAll(file("data.yaml", "train: images\nval: images\nnames: [disc, ring, square, triangle, cross, cow]\n"),
              "builtin:shapes has no class \"cow\", which is class 5 of " + path("data.yaml"));
    const Ended missing = cli({"check", file("own.yaml", "data: {path: elsewhere.yaml}\n")});
    EXPECT_EQ(missing.status, 0) << "may be there on another machine: " << missing.out;
    EXPECT_NE(missing.out.find("own.yaml:1:1: warning: there is no file or folder"), std::string::npos) << missing.out;
    const Ended config = cli({"check", file("latin.yaml", "model:\n  variant: n # caf\xE9\n")});
    EXPECT_EQ(config.status, 2);
    EXPECT_NE(config.err.find("latin.yaml:2: this line is not UTF-8 text"), std::string::npos) << config.err;
    std::string utf16 = "\xFF\xFE";
    for (const char c : std::string("model:\n  variant: n\n")) utf16 += c, utf16 += '\0';
    EXPECT_EQ(cli({"check", file("utf16.yaml", utf16)}).status, 0);
}

TEST_F(DataDoor, DamagedPicturesAreNamedOnceAndWithoutALibrarysWords) {
    const std::string whole = jpeg();
    file("images/a.jpg", whole);
    file("images/b.jpg", whole.substr(0, whole.size() * 6 / 10));
    file("images/c.jpg", whole.substr(0, whole.size() - 2));
    std::string inside = whole;
    inside.replace(inside.size() / 2, 30, std::string(30, '\xA7'));
    file("images/d.jpg", inside.substr(0, inside.size() * 8 / 10) + "\xFF\xD9");
    const std::string folder = path("images");
    const Ended val = cli({"val", "builtin:shapes", "--data", folder, "--imgsz", "64", "--workers", "4"});
    EXPECT_EQ(val.status, 0) << val.err;
    EXPECT_NE(val.out.find("images 3, labels 0"), std::string::npos) << val.out;
    EXPECT_EQ(lines(val.err), 3u) << val.err;
    EXPECT_NE(val.err.find("warning: not one of the 3 pictures of " + folder + " has a label"), std::string::npos)
        << val.err;
    EXPECT_NE(val.err.find("warning: " + folder + "/b.jpg is cut short, so it is left out\n"), std::string::npos)
        << val.err;
    EXPECT_NE(val.err.find("warning: " + folder + "/d.jpg is damaged"), std::string::npos) << val.err;
    const Ended strict = cli({"val", "builtin:shapes", "--data", folder, "--imgsz", "64", "--strict"});
    EXPECT_EQ(strict.status, 2);
    EXPECT_EQ(strict.err, "qatelier-cli: " + folder + "/b.jpg is cut short\n");
    const Ended predicted = cli({"predict", "builtin:shapes", folder + "/b.jpg", "--imgsz", "64"});
    EXPECT_EQ(predicted.status, 2);
    EXPECT_EQ(predicted.err, "qatelier-cli: " + folder + "/b.jpg is cut short\n");
}

// Right at both ends, so that only decoding tells; 0 would be a figure of nothing.
TEST_F(DataDoor, WhatCannotBeDecodedAtAllIsNoFigure) {
    cv::Mat3b image(64, 64);
    cv::randu(image, cv::Scalar::all(0), cv::Scalar::all(255));
    std::vector<uchar> bytes;
    ASSERT_TRUE(cv::imencode(".png", image, bytes));
    std::fill(bytes.begin() + 50, bytes.begin() + 100, uchar{7});
    file("images/a.png", {bytes.begin(), bytes.end()});
    const Ended val = cli({"val", "builtin:shapes", "--data",
                           file("data.yaml", "train: images\nval: images\nnames: [disc]\n"), "--imgsz", "64"});
    EXPECT_EQ(val.status, 2) << val.out;
    EXPECT_NE(val.err.find("not one picture can be decoded, the first is " + path("images/a.png")), std::string::npos)
        << val.err;
}

}  // namespace
}  // namespace qat::test
