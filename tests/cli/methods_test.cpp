// methods and report as commands: exit statuses and what they print.
#include <gtest/gtest.h>

#include "base/files.h"
#include "program.h"
#include "support/assets.h"

namespace qat::test {
namespace {

TEST(MethodsCommand, ClosedGateIsAStatusOfItsOwn) {
    const ScratchFolder scratch;
    writeFileAtomic(scratch.path() / "config.yaml", "model:\n  variant: \"m\"\ndata:\n  path: \"shapes\"\n");
    const Ended ended = cli({"methods", scratch.path() / "config.yaml", "--output", scratch.path() / "group"});
    EXPECT_EQ(ended.status, 3) << ended.err;
    EXPECT_TRUE(ended.out.starts_with("gate closed: model.variant is m, which needs 2 stable runs of ema+qc"))
        << ended.out;
    EXPECT_FALSE(std::filesystem::exists(scratch.path() / "group"));
}

TEST(RunCommand, ClosedGateStartsNothing) {
    const ScratchFolder scratch;
    writeFileAtomic(scratch.path() / "config.yaml",
                    "model:\n  variant: \"m\"\ndata:\n  path: \"shapes\"\ngate:\n  evidence: \".\"\n");
    const Ended ended = cli({"run", scratch.path() / "config.yaml", "--out", scratch.path() / "run"});
    EXPECT_EQ(ended.status, 3) << ended.err;
    EXPECT_TRUE(ended.out.starts_with("gate closed: model.variant is m, which needs 2 stable runs of ema+qc"))
        << ended.out;
    EXPECT_NE(ended.out.find("--override-gate"), std::string::npos);
    EXPECT_FALSE(std::filesystem::exists(scratch.path() / "run"));
}

TEST(MethodsCommand, NamesWhatIsWrong) {
    const ScratchFolder scratch;
    writeFileAtomic(scratch.path() / "config.yaml", "data:\n  path: \"shapes\"\n");
    const Ended ended = cli({"methods", scratch.path() / "config.yaml", "--methods", "baseline,emma", "--output",
                             scratch.path() / "group"});
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(ended.err, "qatelier-cli: method emma: there is no part emma (did you mean ema?)\n");
}

TEST(ReportCommand, NeedsARunOrAGroup) {
    const ScratchFolder scratch;
    const Ended ended = cli({"report", scratch.path()});
    EXPECT_EQ(ended.status, 2);
    EXPECT_EQ(ended.err,
              "qatelier-cli: " + scratch.path().string() + " is neither a run folder nor a folder of runs\n");
}

}  // namespace
}  // namespace qat::test
