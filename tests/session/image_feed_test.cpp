// Pictures that cannot be decoded among those that calibration and analysis look at.
#include "session/image_feed.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "session/drawn_data.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

// Grey of their number, some of them stand-ins.
class Numbered final : public Dataset {
public:
    Numbered(int64_t size, std::set<int64_t> damaged) : m_size(size), m_damaged(std::move(damaged)) {}
    int64_t size() const override { return m_size; }
    Sample read(int64_t index) const override {
        return {path(index),
                cv::Mat(32, 32, CV_8UC3, cv::Scalar::all(static_cast<double>(index))),
                {},
                m_damaged.contains(index)};
    }
    std::string path(int64_t index) const override { return str(index, ".png"); }
    cv::Size imageSize(int64_t) const override { return {32, 32}; }

private:
    const int64_t m_size;
    const std::set<int64_t> m_damaged;
};

struct Fed {
    std::vector<int64_t> sizes, numbers, taken;  // of batches; of pictures by their grey; as indices
};

Fed fed(std::set<int64_t> damaged, int64_t count) {
    LoaderOptions options;
    options.imgsz = 32, options.batch = 3, options.workers = 0;
    Fed result;
    const auto next = feedImages(std::make_shared<Numbered>(10, std::move(damaged)), options, count, &result.taken);
    for (at::Tensor images = next(); images.defined(); images = next()) {
        EXPECT_TRUE(images.is_contiguous(at::MemoryFormat::ChannelsLast));
        result.sizes.push_back(images.size(0));
        for (int64_t i = 0; i < images.size(0); ++i)
            result.numbers.push_back(std::lround(images[i].max().item<float>() * 255));
    }
    return result;
}

TEST(ImageFeed, OthersTakeThePlaceOfDamagedPictures) {
    for (const Fed& some : {fed({}, 7), fed({0, 4}, 7)}) {
        EXPECT_EQ(some.sizes, (std::vector<int64_t>{3, 3, 1}));
        EXPECT_EQ(some.numbers, some.taken);
    }
    EXPECT_EQ(fed({}, 7).numbers, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(fed({0, 4}, 7).numbers, (std::vector<int64_t>{1, 2, 3, 5, 6, 7, 8}));
    EXPECT_EQ(fed({0, 1, 2, 3, 4, 5}, 7).numbers, (std::vector<int64_t>{6, 7, 8, 9})) << "there are no more";
}

TEST(ImageFeed, WithoutAnyPictureThereIsNothingToLookAt) {
    try {
        fed({0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 4);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_STREQ(error.what(), "there is nothing to look at: not one picture can be decoded, the first is 0.png");
    }
}

class DamagedRun : public testing::Test {
protected:
    const ScratchFolder scratch;

    static std::filesystem::path addDamaged(const std::filesystem::path& data, const char* split) {
        const auto images = data.parent_path() / "images" / split;
        std::filesystem::copy_file(images / "0.png", images / "-.png");  // before the others
        spoilPixels(images / "-.png");
        return images;
    }
    std::unique_ptr<SmallJob> job(const std::string& name, const std::filesystem::path& data) const {
        auto job = std::make_unique<SmallJob>(scratch.path());
        job->request.out = scratch.path() / (name + "-run");
        job->set("data.path", data.string()).set("train_params.epochs", "0").set("export.formats", "[]");
        job->set("analysis.generate_visualization", "false").set("analysis.test_samples", "2");
        return job;
    }
};

// The same ranges and errors as of the data without it, however many there are to choose from.
TEST_F(DamagedRun, RangesAndErrorsAreThoseOfTheOtherPictures) {
    std::array<nlohmann::json, 2> ranges;
    std::vector<std::vector<std::map<std::string, double>>> errors;
    for (const bool damaged : {false, true}) {
        const std::string name = damaged ? "damaged" : "sound";
        const auto data = writeDrawnData(scratch.path() / name, 4, 2);
        if (damaged)
            for (const char* split : {"train", "val"}) addDamaged(data, split);
        const auto made = job(name, data);
        made->run();
        const auto report = readJson(made->folder() / "calibration.json");
        for (const auto& tensor : report["tensors"]) ranges[damaged].push_back({tensor["low"], tensor["high"]});
        errors.emplace_back();
        for (const LayerRow& row : made->sink.layers)
            if (row.table == "error" || row.table == "sensitivity") errors.back().push_back(row.metrics);
    }
    ASSERT_FALSE(ranges[0].empty());
    ASSERT_FALSE(errors[0].empty());
    EXPECT_EQ(ranges[0], ranges[1]);
    EXPECT_EQ(errors[0], errors[1]);
}

// Which asks for the same images again and again, and counts them.
TEST_F(DamagedRun, RepairGoesWithoutThePicture) {
    const auto data = writeDrawnData(scratch.path() / "data", 4, 2);
    addDamaged(data, "train");
    const auto made = job("repaired", data);
    made->set("repair.bias_correction", "true").set("repair.samples", "5").set("analysis.enabled", "false");
    EXPECT_EQ(made->run().status, JobStatus::Completed);
    EXPECT_TRUE(std::ranges::any_of(made->sink.logs, [](const std::string& text) {
        return text.find(" layers repaired on 4 images") != text.npos;
    }));
}

// The grey picture in its place is far from all others.
TEST_F(DamagedRun, ACoresetIsChosenFromTheOtherPictures) {
    const auto data = writeDrawnData(scratch.path() / "data", 4, 2);
    addDamaged(data, "train");
    for (const char* method : {"k-center", "herding", "random"}) {
        const auto made = job(method, data);
        made->set("calibration.use_coreset", "true").set("calibration.coreset_size", "4");
        made->set("calibration.coreset_method", method).set("analysis.enabled", "false").run();
        std::set<std::string> chosen;
        const auto report = readJson(made->folder() / "calibration.json");
        for (const std::string path : report["coreset"]["images"])
            chosen.insert(std::filesystem::path(path).filename().string());
        EXPECT_EQ(chosen, (std::set<std::string>{"0.png", "1.png", "2.png", "3.png"})) << method;
    }
}

TEST_F(DamagedRun, NotOnePictureIsSaid) {
    const auto data = writeDrawnData(scratch.path() / "data", 2, 2);
    for (const char* name : {"0.png", "1.png"}) spoilPixels(scratch.path() / "data/images/train" / name);
    const std::string said = job("none", data)->failure(ErrorKind::BadInput);
    EXPECT_NE(said.find("not one picture can be decoded, the first is "), std::string::npos) << said;
}

}  // namespace
}  // namespace qat::test
