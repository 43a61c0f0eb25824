// Between two sittings somebody changes what the run began with: the resumed run says what, and does not go on.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "session/drawn_data.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

class ChangedData : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::filesystem::path data = writeDrawnData(scratch.path() / "data", 4, 2), folder = data.parent_path();

    void setUp(SmallJob& job) const {
        job.set("data.path", data.string()).set("train_params.epochs", "0").set("analysis.enabled", "false");
        job.set("analysis.generate_visualization", "false").set("export.formats", "[]");
    }
    void stopBeforePtq() const {
        SmallJob job(scratch.path());
        setUp(job);
        job.sink.onStage = [&](std::string_view stage) {
            if (stage == "evaluate_ptq") job.cancel.request(StopLevel::FinishBatch);
        };
        ASSERT_EQ(job.run().status, JobStatus::Cancelled);
    }
    std::string refusal() const {
        SmallJob job(scratch.path());
        setUp(job);
        job.request.resume = true;
        return job.failure(ErrorKind::BadInput);
    }
    std::string sentence(const std::string& what) const {
        return str("cannot resume ", (scratch.path() / "run").string(), ": ", what, " it began with");
    }
    // The refusal while `file` holds `text` instead.
    std::string refusalWith(const std::filesystem::path& file, const std::string& text) const {
        const std::string before = readFile(file);
        writeFileAtomic(file, text);
        const std::string said = refusal();
        writeFileAtomic(file, before);
        return said;
    }
};

TEST_F(ChangedData, ASplitThatChangedIsNamed) {
    stopBeforePtq();
    EXPECT_EQ(refusalWith(folder / "labels/val/0.txt", "0 0.5 0.5 0.25 0.25\n"),
              sentence(str("the pictures or labels of the val split of ", data.string(), " are not those")));
    EXPECT_EQ(refusalWith(folder / "images/train/1.png", readFile(folder / "images/train/2.png")),
              sentence(str("the pictures or labels of the train split of ", data.string(), " are not those")));
    EXPECT_EQ(refusal(), "") << "the same again";
}

TEST_F(ChangedData, ClassNamesAndWeightsAreHeldToo) {
    stopBeforePtq();
    EXPECT_EQ(refusalWith(data,
                          "train: images/train\nval: images/val\nnames: [disc, ring, square, triangle, cross, "
                          "moon]\n"),
              sentence(str("the class names of ", data.string(), " are not those")));
    const auto start = scratch.path() / "start.safetensors";
    const std::string kept = readFile(start);
    std::filesystem::remove(start);
    std::string other = kept;
    other.back() = static_cast<char>(other.back() ^ 1);  // the last bit of a mantissa
    writeFileAtomic(start, other);
    EXPECT_EQ(refusal(), sentence(str("the weights in ", start.string(), " are not those")));
}

// What the folder says of the finished run is still true.
TEST_F(ChangedData, ARefusalLeavesTheFinishedRunAsItIs) {
    SmallJob job(scratch.path());
    setUp(job);
    job.run();
    const std::string summary = readFile(job.folder() / "run_summary.json");
    EXPECT_NE(refusalWith(folder / "labels/val/0.txt", "0 0.5 0.5 0.25 0.25\n"), "");
    EXPECT_EQ(readFile(job.folder() / "run_summary.json"), summary);
    EXPECT_EQ(readEvents(job.folder()).back()["status"], "completed-failed") << "of that sitting";
}

TEST_F(ChangedData, AResumeThatFindsNoDataLeavesTheFinishedRunAsItIs) {
    SmallJob job(scratch.path());
    setUp(job);
    job.run();
    const std::string summary = readFile(job.folder() / "run_summary.json");
    std::filesystem::rename(folder / "images", folder / "elsewhere");
    EXPECT_NE(refusal(), "");
    EXPECT_EQ(readFile(job.folder() / "run_summary.json"), summary);
    std::filesystem::rename(folder / "elsewhere", folder / "images");
    EXPECT_EQ(refusal(), "") << "nothing was lost";
}

// Of a version that kept no digests, or of a file somebody wrote into.
TEST_F(ChangedData, FoldersThatDoNotKnowGoOnWithANote) {
    stopBeforePtq();
    const auto file = scratch.path() / "run/checkpoint/data.json";
    const std::string kept = readFile(file);
    for (const char* text : {"", "[]", R"({"train":1})"})
        EXPECT_EQ(refusalWith(file, text), file.string() + " is damaged");
    std::filesystem::remove(file);
    SmallJob job(scratch.path());
    setUp(job);
    job.request.resume = true;
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    EXPECT_EQ(std::ranges::count_if(job.sink.logs,
                                    [](const std::string& text) { return text.find("taken on trust") != text.npos; }),
              1);
    EXPECT_EQ(readFile(file), kept) << "from now on it knows";
}

}  // namespace
}  // namespace qat::test
