// What a run says about its calibration images and its learned scales.
#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/imgcodecs.hpp>

#include "base/files.h"
#include "data/shapes.h"
#include "small_job.h"

namespace qat {
namespace {

using nlohmann::json;

struct CalibrationRun : testing::Test {
    test::ScratchFolder scratch;
    test::SmallJob job{scratch.path()};

    CalibrationRun() {
        job.set("train_params.epochs", "0")
            .set("sensitivity.bits", "[]")
            .set("export.formats", "[]")
            .set("analysis.enabled", "false");
    }
    json calibration() const { return json::parse(readFile(job.folder() / "calibration.json")); }
    std::vector<std::string> said(const std::string& text) const {
        std::vector<std::string> lines;
        std::ranges::copy_if(job.sink.logs, std::back_inserter(lines),
                             [&](const std::string& line) { return line.find(text) != std::string::npos; });
        return lines;
    }
    void writePicture(const std::string& name, int64_t index, int compression = 3) const {
        const auto image = scratch.path() / "pictures" / name;
        std::filesystem::create_directories(image.parent_path());
        const Sample sample = drawShapes(0, DataSplit::Train, index, 64);
        ASSERT_TRUE(cv::imwrite(image.string(), sample.image, {cv::IMWRITE_PNG_COMPRESSION, compression}));
    }
};

TEST_F(CalibrationRun, SharedPicturesOfTrainingAndValidationAreNamed) {
    for (int i = 0; i < 4; ++i) writePicture("train/" + std::to_string(i) + ".png", i);
    writePicture("val/other.png", 9);
    writePicture("val/renamed.png", 1);
    writePicture("val/packed.png", 2, 9);
    writeFileAtomic(scratch.path() / "pictures/data.yaml",
                    "path: .\ntrain: train\nval: val\nnames: [disc, ring, square, triangle, cross, star]\n");
    job.set("data.path", (scratch.path() / "pictures/data.yaml").string()).run();
    const json leaks = calibration()["leaks"];
    ASSERT_EQ(leaks.size(), 2u);
    std::map<std::string, std::pair<std::string, std::string>> found;
    for (const json& leak : leaks) {
        const auto name = [&](const char* key) {
            return std::filesystem::path(leak[key].get<std::string>()).filename().string();
        };
        found[name("calibration")] = {name("validation"), leak["same"]};
    }
    EXPECT_EQ(found["1.png"], std::pair(std::string("renamed.png"), std::string("file")));
    EXPECT_EQ(found["2.png"], std::pair(std::string("packed.png"), std::string("pixels")));
    const auto lines = said("2 of 4 calibration images are validation images too");
    ASSERT_EQ(lines.size(), 1u);
    for (const char* name : {"1.png", "renamed.png", "2.png", "packed.png"})
        EXPECT_NE(lines[0].find(name), std::string::npos) << lines[0];
    EXPECT_NE(readFile(job.folder() / "events.jsonl").find("are validation images too"), std::string::npos);
}

TEST_F(CalibrationRun, OnlyImagesThatTookPartAreLookedFor) {
    job.set("data.val_split", "train").set("data.val_limit", "3").set("train_params.batch_size", "8").run();
    EXPECT_EQ(calibration()["leaks"].size(), 3u) << "of the validation's first three";
    EXPECT_EQ(said("3 of 8 calibration images are validation images too").size(), 1u);
}

TEST_F(CalibrationRun, DifferentPicturesAreNotWarnedOf) {
    job.run();
    EXPECT_TRUE(calibration()["leaks"].empty());
    EXPECT_TRUE(said("validation images too").empty());
}

TEST_F(CalibrationRun, LearnedScalesAtTheirFloorAreTold) {
    const auto atFloor = [&] {
        double most = 0;
        for (const LayerRow& row : job.sink.layers)
            if (row.table == "quantizer") most = std::max(most, row.metrics.at("at_floor"));
        return most;
    };
    job.set("train_params.epochs", "1").set("quantization.fake_quantize.eps", "0.1").run();
    EXPECT_GT(atFloor(), 0.2);
    ASSERT_EQ(said("stand at the smallest one allowed, fake_quantize.eps").size(), 1u);
}

}  // namespace
}  // namespace qat
