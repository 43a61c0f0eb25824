// Running other programs: status, words, limits.
#include <gtest/gtest.h>

#include <chrono>

#include "base/error.h"
#include "export/child_process.h"

namespace qat {
namespace {

TEST(ChildProcess, KeepsStatusAndBothStreams) {
    const ProcessResult result = runProcess({"sh", "-c", "echo out; echo err >&2; exit 3"}, 20, nullptr);
    EXPECT_EQ(result.exitCode, 3);
    EXPECT_FALSE(result.timedOut);
    EXPECT_EQ(result.output, "out\nerr\n");
}

TEST(ChildProcess, ArgumentsReachTheProgramUntouched) {
    EXPECT_EQ(runProcess({"printf", "%s", "a b; $HOME 'c'"}, 20, nullptr).output, "a b; $HOME 'c'");
}

TEST(ChildProcess, OutputIsBounded) {
    const ProcessResult result = runProcess({"sh", "-c", "head -c 1000000 /dev/zero"}, 20, nullptr);
    EXPECT_EQ(result.exitCode, 0);
    EXPECT_EQ(result.output.size(), 64u * 1024);
}

TEST(ChildProcess, AHangingProgramIsEndedAtTheLimit) {
    const auto begin = std::chrono::steady_clock::now();
    const ProcessResult result = runProcess({"sh", "-c", "sleep 60 & sleep 60"}, 0.2, nullptr);
    EXPECT_TRUE(result.timedOut);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

TEST(ChildProcess, AStopRequestEndsTheProgram) {
    CancelToken cancel;
    cancel.request(StopLevel::Abandon);
    try {
        runProcess({"sleep", "60"}, 60, &cancel);
        FAIL() << "went on";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Cancelled);
    }
}

TEST(ChildProcess, AMissingProgramIsNamed) {
    EXPECT_TRUE(findProgram("no-such-program-here").empty());
    EXPECT_TRUE(findProgram("sh").is_absolute());
    try {
        runProcess({"no-such-program-here"}, 5, nullptr);
        FAIL() << "started";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Io);
        EXPECT_NE(std::string(error.what()).find("no-such-program-here"), std::string::npos);
    }
}

}  // namespace
}  // namespace qat
