// Folders that are not what a command takes them for, and summaries that this version does not understand.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "report/summary_version.h"
#include "session/export_run.h"
#include "session/run_group.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

class FinishedRun : public testing::Test {
protected:
    const ScratchFolder scratch;
    SmallJob job{scratch.path()};
    const std::filesystem::path summary = scratch.path() / "run/run_summary.json";

    FinishedRun() { set(job).run(); }
    static SmallJob& set(SmallJob& made) {
        return made.set("train_params.epochs", "0")
            .set("analysis.enabled", "false")
            .set("analysis.generate_visualization", "false")
            .set("export.formats", "[]");
    }
    std::string resumed() const {
        SmallJob again(scratch.path());
        again.request.resume = true;
        return set(again).failure(ErrorKind::BadInput);
    }
    void setVersion(const std::string& version) const {
        auto text = readJson(summary);
        text["schema_version"] = version;
        writeFileAtomic(summary, text.dump());
    }
};

TEST_F(FinishedRun, IsNoFolderForAGroup) {
    GroupRequest group;
    group.config = job.request.config;
    group.out = job.folder();
    group.methods = {"baseline"};
    group.seeds = {0};
    try {
        runGroup(group, job.sink, job.cancel);
        FAIL() << "nothing was thrown";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_EQ(error.what(), job.folder().string() + " is the folder of a single run, not one for a group of them");
    }
}

TEST_F(FinishedRun, ASummaryOfANewerVersionIsSaid) {
    EXPECT_EQ(summaryTrouble(job.folder()).sentence, "");
    for (const char* known : {"1.9", "0.1", ""}) {
        setVersion(known);
        EXPECT_EQ(summaryTrouble(job.folder()).sentence, "") << known;
    }
    setVersion("2.0");
    const std::string sentence = summary.string() + " was written by a newer version of Qatelier (it has version 2.0, ";
    EXPECT_TRUE(summaryTrouble(job.folder()).sentence.starts_with(sentence));
    EXPECT_TRUE(resumed().starts_with("cannot resume " + job.folder().string() + ": " + sentence));
    EXPECT_EQ(readJson(summary)["schema_version"], "2.0") << "nothing was written over it";
    RecordingSink told;
    exportModel({job.folder(), scratch.path() / "files", {"safetensors"}}, told, CancelToken());
    ASSERT_EQ(told.logs.size(), 1u);
    EXPECT_TRUE(told.logs[0].starts_with(sentence)) << told.logs[0];
}

TEST_F(FinishedRun, ADamagedSummaryIsSaidAndMadeAnew) {
    writeFileAtomic(summary, "{\"schema_version\":");
    const std::string sentence = summary.string() + " is damaged";
    EXPECT_EQ(summaryTrouble(job.folder()).sentence, sentence);
    RecordingSink told;
    exportModel({job.folder(), scratch.path() / "files", {"safetensors"}}, told, CancelToken());
    EXPECT_EQ(told.logs, std::vector{sentence});
    SmallJob again(scratch.path());
    again.request.resume = true;
    EXPECT_EQ(set(again).run().status, JobStatus::Completed);
    EXPECT_EQ(std::ranges::count(again.sink.logs, sentence + "; it is written anew"), 1);
    EXPECT_EQ(summaryTrouble(job.folder()).sentence, "");
}

}  // namespace
}  // namespace qat::test
