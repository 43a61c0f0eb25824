// The log alone: odd values, throttling, half-written lines, full disks.
#include "session/event_log.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/files.h"
#include "session/small_job.h"

namespace qat::test {
namespace {

TEST(EventLog, NumbersThatAreNoneAreNull) {
    const ScratchFolder scratch;
    NullSink next;
    EventLog(scratch.path(), next).scalar("train/box_loss", 1, std::nan(""));
    EventLog(scratch.path(), next)
        .layer({"error", "model.0.conv", 4, 0, "ptq", {{"mse", std::numeric_limits<double>::infinity()}}});
    const auto events = readEvents(scratch.path());
    ASSERT_EQ(events.size(), 2u);
    EXPECT_TRUE(events[0]["value"].is_null());
    EXPECT_TRUE(events[1]["metrics"]["mse"].is_null());
}

TEST(EventLog, TextThatIsNotUtf8StaysALine) {
    const ScratchFolder scratch;
    NullSink next;
    EventLog(scratch.path(), next).log(LogLevel::Warning, "data", "bad \xff name\nwith a break");
    const auto events = readEvents(scratch.path());
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0]["level"], "warning");
}

TEST(EventLog, WritesThroughNoLinkAndIntoNoPipe) {
    const ScratchFolder scratch, elsewhere;
    NullSink next;
    writeFileAtomic(elsewhere.path() / "victim", "half a line");
    std::filesystem::create_symlink(elsewhere.path() / "victim", scratch.path() / "events.jsonl");
    EXPECT_THROW(EventLog(scratch.path(), next), Error);
    EXPECT_EQ(readFile(elsewhere.path() / "victim"), "half a line");
    std::filesystem::remove(scratch.path() / "events.jsonl");
    ASSERT_EQ(::mkfifo((scratch.path() / "events.jsonl").c_str(), 0600), 0);
    EXPECT_THROW(EventLog(scratch.path(), next), Error);
}

TEST(EventLog, AHalfWrittenLineIsCutOff) {
    const ScratchFolder scratch;
    NullSink next;
    writeFileAtomic(scratch.path() / "events.jsonl", "{\"t\":0,\"type\":\"log\"}\n{\"t\":1,\"ty");
    EventLog(scratch.path(), next).stageBegun("load");
    const auto events = readEvents(scratch.path());
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[1]["stage"], "load");
}

TEST(EventLog, ProgressIsThinnedButTheLastOneStays) {
    const ScratchFolder scratch;
    NullSink next;
    EventLog log(scratch.path(), next);
    for (int64_t i = 1; i <= 1000; ++i) log.progress("train", i, 1000);
    const auto events = readEvents(scratch.path());
    EXPECT_LT(events.size(), 20u);
    EXPECT_EQ(events.back()["done"], 1000);
}

TEST(EventLog, AFullDiskShowsInCheck) {
    const ScratchFolder scratch;
    NullSink next;
    EventLog log(scratch.path(), next);
    log.check();
    std::filesystem::remove(scratch.path() / "events.jsonl");
    std::filesystem::create_symlink("/dev/full", scratch.path() / "events.jsonl");
    // A device is no file that could be read back: refused, rather than read for ever.
    EXPECT_THROW(EventLog(scratch.path(), next), Error);
}

}  // namespace
}  // namespace qat::test
