// Jobs and the lock of their folder: what they refuse while somebody works in it, and how they are stopped through it.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/files.h"
#include "session/export_run.h"
#include "session/run_lock.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

TEST(LockedRun, NothingIsExportedIntoIt) {
    const ScratchFolder scratch;
    CancelToken cancel;
    NullSink sink;
    const ExportRequest request{"builtin:shapes", scratch.path() / "exports", {"safetensors"}};
    {
        const RunLock lock(scratch.path(), cancel);
        EXPECT_THROW(exportModel(request, sink, cancel), Error);
        EXPECT_FALSE(std::filesystem::exists(scratch.path() / "exports"));
    }
    exportModel(request, sink, cancel);
    EXPECT_TRUE(std::filesystem::exists(scratch.path() / "exports")) << "the lock alone was in the way";
}

TEST(LockedRun, AJobStoppedThroughItsFolderIsIncompleteAndHasNoLock) {
    const ScratchFolder scratch;
    SmallJob job(scratch.path());
    job.sink.onStage = [&](std::string_view stage) {
        if (stage != "train") return;
        EXPECT_EQ(runHolder(job.folder()).state, RunHolder::State::Here);
        SmallJob second(scratch.path());
        second.request.resume = true;
        EXPECT_NE(second.failure(ErrorKind::BadInput).find("is in use: process"), std::string::npos);
        requestStop(job.folder());
        for (int i = 0; i < 500 && !job.cancel.requested(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
    };
    EXPECT_EQ(job.run().status, JobStatus::Cancelled);
    EXPECT_EQ(readJson(job.folder() / "run_summary.json")["status"], "incomplete");
    int sittings = 0;
    for (const auto& event : readEvents(job.folder())) sittings += event["type"] == "run";
    EXPECT_EQ(sittings, 1) << "the refused job wrote nothing";
    const auto summary = readJson(job.folder() / "run_summary.json");
    ASSERT_FALSE(summary["artifacts"]["files"].empty());
    for (const auto& file : summary["artifacts"]["files"])
        EXPECT_EQ(file["path"].get<std::string>().find("run.lock"), std::string::npos);
    EXPECT_EQ(runHolder(job.folder()).state, RunHolder::State::Nobody);
}

}  // namespace
}  // namespace qat::test
