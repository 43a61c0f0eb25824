// Jobs that cannot start or go on: one clear sentence, and nothing of anybody's is overwritten.
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/files.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

class Refusal : public testing::Test {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};

    void expectFailure(ErrorKind kind, const std::string& part) {
        const std::string message = job.failure(kind);
        EXPECT_NE(message.find(part), std::string::npos) << message;
    }
    // The run ended in failure, and its files say so.
    void expectRecorded(const std::string& part) const {
        const auto summary = readJson(job.folder() / "run_summary.json");
        EXPECT_EQ(summary["status"], "completed-failed");
        EXPECT_NE(summary["error"].get<std::string>().find(part), std::string::npos) << summary["error"];
        const auto events = readEvents(job.folder());
        EXPECT_EQ(events.back()["type"], "end");
        EXPECT_EQ(events.back()["status"], "completed-failed");
        EXPECT_EQ(events.back()["error"], summary["error"]);
    }
};

TEST_F(Refusal, ClassCountsThatDiffer) {
    writeFileAtomic(scratch.path() / "data.yaml", "train: pictures\nval: pictures\nnames: [a, b]\n");
    std::filesystem::create_directories(scratch.path() / "pictures");
    SmallJob shapes(scratch.path());
    shapes.request.out = scratch.path() / "shapes";
    shapes.set("train_params.epochs", "0").set("analysis.enabled", "false").run();
    std::filesystem::copy_file(shapes.folder() / "previews/000000.png", scratch.path() / "pictures/a.png");
    job.request.data = (scratch.path() / "data.yaml").string();
    expectFailure(ErrorKind::BadInput, "has 6 classes but");
    expectRecorded("has 6 classes but");
}

TEST_F(Refusal, AFolderThatHoldsARun) {
    job.set("train_params.epochs", "0").set("analysis.enabled", "false").run();
    const auto before = snapshot(job.folder());
    expectFailure(ErrorKind::BadInput, "already holds a run");
    EXPECT_EQ(snapshot(job.folder()), before);
}

TEST_F(Refusal, ResumingWhatIsNoRun) {
    std::filesystem::create_directories(job.folder());
    writeFileAtomic(job.folder() / "diary.txt", "private");
    job.request.resume = true;
    const auto before = snapshot(job.folder());
    expectFailure(ErrorKind::BadInput, "is not a run folder");
    EXPECT_EQ(snapshot(job.folder()), before);
}

TEST_F(Refusal, ResumingWithAnotherConfiguration) {
    job.set("train_params.epochs", "0").set("analysis.enabled", "false").run();
    const auto before = snapshot(job.folder());
    job.request.resume = true;
    job.set("train_params.lr", "0.5");
    expectFailure(ErrorKind::BadInput, "with another configuration: train_params.lr was 0.001 and is 0.5");
    EXPECT_EQ(snapshot(job.folder()), before);
}

TEST_F(Refusal, FoldersThatCannotBeMade) {
    writeFileAtomic(scratch.path() / "file", "x");
    job.request.out = scratch.path() / "file" / "run";
    expectFailure(ErrorKind::Io, job.request.out.string());
    job.request.out = "/proc/run";
    expectFailure(ErrorKind::Io, "/proc/run");
}

TEST_F(Refusal, EmptyDataSets) {
    std::filesystem::create_directories(scratch.path() / "empty");
    job.request.data = (scratch.path() / "empty").string();
    expectFailure(ErrorKind::BadInput, "empty");
    expectRecorded("empty");
}

TEST_F(Refusal, MissingData) {
    job.request.data = (scratch.path() / "nowhere.yaml").string();
    expectFailure(ErrorKind::BadInput, "nowhere.yaml");
    expectRecorded("nowhere.yaml");
}

TEST_F(Refusal, UnknownKeys) {
    job.set("train_params.learning_rat", "1");
    expectFailure(ErrorKind::BadInput, "learning_rat");
    EXPECT_FALSE(std::filesystem::exists(job.folder()));
    job.request.overrides.clear();
    writeFileAtomic(job.request.config, "model:\n  variant: n\n  colour: red\n");
    job.request.data = "shapes";
    const std::string message = job.failure(ErrorKind::BadInput);
    EXPECT_NE(message.find("config.yaml:3"), std::string::npos) << message;
    EXPECT_NE(message.find("colour"), std::string::npos) << message;
}

TEST_F(Refusal, ModelsThatAreNone) {
    writeFileAtomic(scratch.path() / "start.safetensors", "nonsense");
    expectFailure(ErrorKind::BadInput, "start.safetensors");
    expectRecorded("start.safetensors");
}

TEST_F(Refusal, AnotherVariant) {
    job.set("model.variant", "s");
    expectFailure(ErrorKind::BadInput, "model.variant is s but");
}

TEST_F(Refusal, AnalysesWithoutQuantizers) {
    job.request.kind = JobKind::LayerError;
    job.set("train_params.quantize", "false");
    expectFailure(ErrorKind::BadInput, "train_params.quantize");
}

// The first failure is the one to tell, even if the summary cannot be written either.
TEST_F(Refusal, AFolderThatVanishes) {
    job.sink.onStage = [&](std::string_view stage) {
        if (stage == "analyze") std::filesystem::remove_all(job.folder());
    };
    const std::string message = job.failure(ErrorKind::Io);
    EXPECT_NE(message.find("cannot write " + job.folder().string()), std::string::npos) << message;
}

// Of a run that was stopped in training: whatever stands in these files, the sentence names the one that is wrong.
TEST_F(Refusal, ResumingOnDamagedProgress) {
    job.set("analysis.enabled", "false").set("export.formats", "[]");
    job.sink.onStage = [&](std::string_view stage) {
        if (stage == "train") job.cancel.request(StopLevel::FinishBatch);
    };
    ASSERT_EQ(job.run().status, JobStatus::Cancelled);
    const auto stages = job.folder() / "checkpoint/stages.json";
    for (const char* text : {R"({"fp32":5,"ptq":null})", R"({"fp32":"x","ptq":null})", R"({"fp32":true,"ptq":null})",
                             R"({"fp32":[0.5],"ptq":null})", R"({"fp32":[0.5,"0.5"],"ptq":null})",
                             R"({"fp32":[0.5,7],"ptq":null})", "[]", "{", ""}) {
        writeFileAtomic(stages, text);
        SmallJob again(scratch.path());
        again.request.overrides = job.request.overrides;
        again.request.resume = true;
        EXPECT_EQ(again.failure(ErrorKind::BadInput), stages.string() + " is damaged") << text;
    }
}

// Folders of a run may lie elsewhere by the user's own links, not by those of others.
TEST_F(Refusal, LinksOfOthers) {
    if (::geteuid() != 0) GTEST_SKIP() << "left out: only the superuser can give a link away";
    std::filesystem::create_directories(job.folder());
    std::filesystem::create_directories(scratch.path() / "disk");
    std::filesystem::create_directory_symlink(scratch.path() / "disk", job.folder() / "weights");
    ASSERT_EQ(::lchown((job.folder() / "weights").c_str(), 65534, 65534), 0);
    job.set("train_params.epochs", "0").set("analysis.enabled", "false");
    expectFailure(ErrorKind::BadInput, "weights is a link that belongs to another user");
    ASSERT_EQ(::lchown((job.folder() / "weights").c_str(), 0, 0), 0);
    EXPECT_EQ(job.run().status, JobStatus::Completed);
    EXPECT_TRUE(std::filesystem::exists(scratch.path() / "disk/final.safetensors"));
}

}  // namespace
}  // namespace qat::test
