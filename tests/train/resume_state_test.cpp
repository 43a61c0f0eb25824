// Files of resumable state: versions, the job they belong to, and the file before the last.
#include "train/resume_state.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/sha256.h"
#include "support/assets.h"
#include "support/bad_input.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

ResumeState stateOf(int place) {
    return {{{"place", place}}, {{"model/w", std::make_shared<at::Tensor>(at::full({2}, float(place))), ""}}};
}

std::string refusalOf(const std::filesystem::path& file, const std::string& kind, const std::string& identity) {
    return badInput([&] { readResumeState(file, kind, identity); });
}

// A safetensors file by hand, as version 1 wrote it.
std::string fileWith(const std::string& numbers) {
    std::string quoted;
    for (const char c : numbers) quoted += c == '"' ? std::string("\\\"") : std::string(1, c);
    const std::string header = "{\"__metadata__\":{\"qatelier.train_state\":\"" + quoted +
                               "\"},\"model/w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
    const uint64_t size = header.size();
    const float values[2] = {1, -2};
    return std::string(reinterpret_cast<const char*>(&size), 8) + header +
           std::string(reinterpret_cast<const char*>(values), 8);
}

class ResumeFile : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::filesystem::path file = scratch.path() / "train_state.safetensors";

    std::string refusalOfNumbers(const std::string& numbers) const {
        writeFileAtomic(file, fileWith(numbers));
        return refusalOf(file, "train_state", "job");
    }
};

TEST_F(ResumeFile, ReadsFormatOneAndOverlooksWhatItDoesNotKnow) {
    writeFileAtomic(file, fileWith(R"({"version":1,"identity":"job","place":3,"added_later":[1,2]})"));
    const ResumeState state = readResumeState(file, "train_state", "job");
    EXPECT_EQ(state.numbers.at("place"), 3);
    ASSERT_EQ(state.tensors.size(), 1u);
    EXPECT_EQ((*state.tensors[0].tensor)[1].item<float>(), -2);
}

TEST_F(ResumeFile, RefusesOtherVersionsAndJobsInAPlainSentence) {
    const auto says = [](const std::string& message, const std::string& part) {
        EXPECT_NE(message.find(part), std::string::npos) << message;
        EXPECT_NE(message.find("train_state.safetensors"), std::string::npos) << message;
    };
    says(refusalOfNumbers(R"({"version":3,"identity":"job"})"),
         "written by a newer version of Qatelier: its format is 3");
    says(refusalOfNumbers(R"({"identity":"job"})"), "it has no version");
    says(refusalOfNumbers(R"({"version":"one","identity":"job"})"), "is damaged");
    says(refusalOfNumbers(R"({"version":1,"identity":"another"})"),
         "belongs to a run with another model, data or configuration");
    says(refusalOfNumbers(R"([1])"), "is damaged");
    says(refusalOf(file, "correction_state", "job"), "is not a checkpoint of this kind (correction_state)");
}

TEST_F(ResumeFile, KeepsTheOneBefore) {
    writeResumeState(file, "train_state", "job", stateOf(1));
    EXPECT_FALSE(std::filesystem::exists(predecessorOf(file)));
    const std::string first = readFile(file);
    writeResumeState(file, "train_state", "job", stateOf(2));
    EXPECT_EQ(predecessorOf(file).filename(), "train_state.previous.safetensors");
    EXPECT_EQ(readFile(predecessorOf(file)), first);
    writeResumeState(file, "train_state", "job", stateOf(3));
    EXPECT_EQ(readResumeState(predecessorOf(file), "train_state", "job").numbers.at("place"), 2);
    EXPECT_EQ(readResumeState(file, "train_state", "job").numbers.at("place"), 3);
}

TEST_F(ResumeFile, TheOneBeforeStandsInForADamagedOne) {
    for (int place = 1; place <= 2; ++place) writeResumeState(file, "train_state", "job", stateOf(place));
    int place = 0;
    std::string why;
    const auto restore = [&] {
        restoreNewest(
            file,
            [&](const std::filesystem::path& path) {
                place = readResumeState(path, "train_state", "job").numbers.at("place");
            },
            [&](const std::string& reason) { why = reason; });
    };
    restore();
    EXPECT_EQ(place, 2);
    EXPECT_TRUE(why.empty()) << why;
    writeFileAtomic(file, readFile(file).substr(0, 40));
    restore();
    EXPECT_EQ(place, 1);
    EXPECT_TRUE(why.starts_with(file.string())) << why;
    EXPECT_TRUE(why.ends_with("; going on from the checkpoint before it")) << why;
    writeFileAtomic(predecessorOf(file), "nonsense");
    try {
        restore();
        FAIL() << "nothing is left to go on from";
    } catch (const Error& error) {
        EXPECT_TRUE(std::string(error.what()).starts_with(file.string())) << error.what();
    }
}

// A later version knows more keys, with defaults: they must not change who a job is.
TEST(JobIdentity, KeysAtTheirDefaultsLeaveNoTrace) {
    const std::string more = "more";
    EXPECT_EQ(jobIdentity(Config{}, more), sha256Hex(std::as_bytes(std::span(more))));
    Config config;
    config.run.workers = 7;
    EXPECT_EQ(jobIdentity(config, more), jobIdentity(Config{}, more)) << "changes no bit of a result";
    config.train.lr *= 2;
    EXPECT_NE(jobIdentity(config, more), jobIdentity(Config{}, more));
    Config layers;
    layers.quantization.layerConfigs.emplace_back();
    layers.quantization.layerConfigs.back().pattern = "model.0";
    EXPECT_NE(jobIdentity(layers, more), jobIdentity(Config{}, more));
    EXPECT_NE(jobIdentity(Config{}, "less"), jobIdentity(Config{}, more));
}

TEST(StoredDigest, KnowsShapesAndValues) {
    EXPECT_EQ(storedShapes(tinyDetector(1)), storedShapes(tinyDetector(2)));
    EXPECT_NE(storedShapes(tinyDetector(1, 16)), storedShapes(tinyDetector(1, 24)));
    EXPECT_EQ(storedDigest(tinyDetector(1)), storedDigest(tinyDetector(1)));
    EXPECT_NE(storedDigest(tinyDetector(1)), storedDigest(tinyDetector(2)));
}

}  // namespace
}  // namespace qat::test
