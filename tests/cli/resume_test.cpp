// Interrupted programs: what they leave can be resumed, and ends in the same bits. Killed ones are in kill_test.cpp.
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "cli/program.h"
#include "cli/small_config.h"
#include "support/assets.h"

namespace qat::test {
namespace {

class Interrupted : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::string config = writeSmallConfig(scratch.path());
    const std::filesystem::path out = scratch.path() / "run";

    std::vector<std::string> arguments(const std::filesystem::path& folder, bool resume = false) const {
        std::vector<std::string> words{QATELIER_CLI, "run", config, "--out", folder.string()};
        if (resume) words.push_back("--resume");
        return words;
    }
    // Steps of training in the event log, by sitting; a half-written last line is skipped.
    std::vector<std::vector<int>> steps() const {
        std::vector<std::vector<int>> sittings;
        std::istringstream text(std::filesystem::exists(out / "events.jsonl") ? readFile(out / "events.jsonl") : "");
        for (std::string line; std::getline(text, line);) {
            const auto event = nlohmann::json::parse(line, nullptr, false);
            if (!event.is_object()) continue;
            if (event["type"] == "run") sittings.emplace_back();
            if (event["type"] == "scalar" && event["series"] == "train/box_loss") sittings.back().push_back(event["x"]);
        }
        return sittings;
    }
    // Runs until some steps of the first epoch are after a checkpoint.
    bool runIntoTraining(Program& program) const {
        return program.runUntil([&] {
            const auto done = steps();
            return !done.empty() && done.back().size() >= 3 &&
                   std::filesystem::exists(out / "checkpoint/train_state.safetensors");
        });
    }
    std::string finalWeights(const std::filesystem::path& folder) const {
        return readFile(folder / "weights/final.safetensors");
    }
    std::string uninterrupted() const {
        EXPECT_EQ(runProgram(arguments(scratch.path() / "whole")).status, 0);
        return finalWeights(scratch.path() / "whole");
    }
};

TEST_F(Interrupted, ControlCEndsWith130AndResumes) {
    {
        Program program(arguments(out));
        ASSERT_TRUE(runIntoTraining(program)) << program.wait().err;
        program.signal(SIGINT);
        const Ended ended = program.wait();
        EXPECT_EQ(ended.status, 130) << ended.err;
        EXPECT_NE(ended.out.find("--resume"), std::string::npos) << ended.out;
    }
    EXPECT_EQ(readJson(out / "run_summary.json")["status"], "incomplete");
    const Ended resumed = runProgram(arguments(out, true));
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    EXPECT_EQ(finalWeights(out), uninterrupted());
}

TEST_F(Interrupted, OneProcessAFolder) {
    Program first(arguments(out));
    ASSERT_TRUE(runIntoTraining(first)) << first.wait().err;
    const std::string pid = std::to_string(readJson(out / "run.lock")["pid"].get<int>());
    const Ended second = runProgram(arguments(out, true));
    EXPECT_EQ(second.status, 2);
    EXPECT_NE(second.err.find(out.string() + " is in use: process " + pid + " works in it"), std::string::npos)
        << second.err;
    first.signal(SIGKILL);
    first.wait();
    EXPECT_TRUE(std::filesystem::exists(out / "run.lock"));
    Program third(arguments(out, true));
    const auto atWork = [&] { return steps().size() == 2 && steps().back().size() >= 2; };
    ASSERT_TRUE(third.runUntil(atWork)) << "a killed job's folder can be resumed: " << third.wait().err;
    writeFileAtomic(out / "stop.request", "");
    EXPECT_EQ(third.wait().status, 130);
    EXPECT_FALSE(std::filesystem::exists(out / "run.lock"));
    const Ended last = runProgram(arguments(out, true));
    ASSERT_EQ(last.status, 0) << last.err;
    EXPECT_EQ(finalWeights(out), uninterrupted());
}

// Files may not grow beyond a limit, as if the disk were full.
TEST_F(Interrupted, AFullDiskIsOneSentence) {
    const Ended ended = runProgram({"/bin/bash", "-c", "trap '' XFSZ; ulimit -f 4096; exec \"$@\"", "bash",
                                    QATELIER_CLI, "run", config, "--out", out.string()});
    EXPECT_EQ(ended.status, 2) << ended.err;
    EXPECT_NE(ended.err.find("qatelier-cli: cannot write " + out.string()), std::string::npos) << ended.err;
    EXPECT_NE(ended.err.find("File too large"), std::string::npos) << ended.err;
    EXPECT_EQ(readJson(out / "run_summary.json")["status"], "completed-failed");
    EXPECT_FALSE(std::filesystem::exists(out / "weights/last.safetensors")) << "half a file must not stay behind";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out))
        EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
}

TEST_F(Interrupted, AnEventLogThatCannotGrowEndsTheRun) {
    std::filesystem::create_directories(out);
    writeFileAtomic(out / "events.jsonl", std::string(4096 * 1024, '\n'));
    const Ended ended = runProgram({"/bin/bash", "-c", "trap '' XFSZ; ulimit -f 4096; exec \"$@\"", "bash",
                                    QATELIER_CLI, "run", config, "--out", out.string()});
    EXPECT_EQ(ended.status, 2) << ended.err;
    EXPECT_NE(ended.err.find("events.jsonl: File too large"), std::string::npos) << ended.err;
}

}  // namespace
}  // namespace qat::test
