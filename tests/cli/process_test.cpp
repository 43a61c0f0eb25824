// The program as a process: pipes in place of files, folders that may not be read, few threads, little memory, signals,
// closed outputs, and code that is not ours to run.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>

#include "base/files.h"
#include "cli/program.h"
#include "cli/small_config.h"
#include "export/child_process.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

class Process : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::string config = writeSmallConfig(scratch.path());

    std::string path(const std::string& name) const { return (scratch.path() / name).string(); }
    // Ends by itself within the seconds, which are generous; else it is killed and the status says so.
    static Ended within(double seconds, std::vector<std::string> arguments, int signal = 0, double after = 0) {
        Program program(std::move(arguments));
        const auto start = std::chrono::steady_clock::now();
        const auto passed = [&] {
            return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        };
        if (signal != 0 && program.runUntil([&] { return passed() > after; })) program.signal(signal);
        if (program.runUntil([&] { return passed() > seconds; })) program.signal(SIGKILL);
        return program.wait();
    }
    // One sentence that holds the part, and status 2.
    static void expectSentence(const Ended& ended, const std::string& part) {
        EXPECT_EQ(ended.status, 2) << ended.err;
        EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
        EXPECT_EQ(ended.err.find("internal error"), std::string::npos) << ended.err;
        EXPECT_EQ(ended.err.find("terminate"), std::string::npos) << ended.err;
    }
    // The words before a command that make it another user's, where the superuser runs the test.
    static std::vector<std::string> asNobody() {
        return ::geteuid() == 0
                   ? std::vector<std::string>{"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
                   : std::vector<std::string>{"/usr/bin/env"};
    }
    static std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& more) {
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }
    void openToAll(const fs::path& folder) const { fs::permissions(folder, fs::perms::all); }
};

TEST_F(Process, APipeInPlaceOfAFileIsASentence) {
    const std::string pipe = path("pipe.yaml"), run = path("run");
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    for (const auto& arguments : {std::vector<std::string>{"check", pipe},
                                  {"run", pipe, "--out", run},
                                  {"diff", config, pipe},
                                  {"inspect", pipe},
                                  {"val", "yolov8n", "--data", pipe}})
        expectSentence(within(60, joined({QATELIER_CLI}, arguments)), pipe);
    ASSERT_EQ(cli({"run", config, "--out", run, "--set", "train_params.epochs=0"}).status, 0);
    for (const char* name :
         {"events.jsonl", "run_summary.json", "config.yaml", "checkpoint/stages.json", "weights/final.safetensors"}) {
        const fs::path file = fs::path(run) / name, kept = fs::path(run) / "kept";
        fs::rename(file, kept);
        ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
        const std::string word = fs::path(name).filename().string();
        if (word != "final.safetensors" && word != "stages.json" && word != "run_summary.json")
            expectSentence(
                within(60, {QATELIER_CLI, "run", config, "--out", run, "--set", "train_params.epochs=0", "--resume"}),
                word);
        if (word == "events.jsonl" || word == "run_summary.json")
            expectSentence(within(60, {QATELIER_CLI, "report", run}), word);
        if (word == "final.safetensors") expectSentence(within(60, {QATELIER_CLI, "inspect", run}), word);
        fs::rename(kept, file);
    }
    expectSentence(within(60, {QATELIER_CLI, "inspect", "yolov8n", "--imgsz", "64", "--json", pipe}),
                   pipe + ": it is not a regular file");
}

TEST_F(Process, WhatMayNotBeReadIsASentence) {
    openToAll(scratch.path());
    fs::create_directories(path("closed"));
    fs::permissions(path("closed"), fs::perms::none);
    const auto run = [&](const std::vector<std::string>& arguments) {
        return within(60, joined(joined(asNobody(), {QATELIER_CLI}), arguments));
    };
    expectSentence(run({"inspect", path("closed/x.pt")}), "closed/x.pt: Permission denied");
    expectSentence(run({"report", path("closed")}), "closed: Permission denied");
    expectSentence(run({"run", config, "--out", path("closed/r")}), "closed/r: Permission denied");
    expectSentence(run({"run", config, "--out", path("closed"), "--resume"}), "closed");
    expectSentence(run({"export", path("closed"), "--out", path("o")}), "closed");
    fs::permissions(path("closed"), fs::perms::owner_all);
    const std::string longName(5000, 'a');
    for (const auto& arguments : {std::vector<std::string>{"inspect", longName},
                                  {"report", longName},
                                  {"export", longName, "--out", path("o")},
                                  {"run", config, "--out", path(longName)},
                                  {"check", longName}})
        expectSentence(cli(arguments), "File name too long");
    std::ofstream(path("large.yaml")) << "model: {variant: n}\n";
    fs::resize_file(path("large.yaml"), uintmax_t{20} << 30);
    expectSentence(within(60, {QATELIER_CLI, "check", path("large.yaml")}), "large.yaml");
}

// Limits on the number of threads: of the process, and for a job's loaders.
TEST_F(Process, ThreadsThatCannotBeStartedAreASentenceOrLeftOut) {
    openToAll(scratch.path());
    if (::geteuid() != 0) GTEST_SKIP() << "left out: the limit counts all processes of the user";
    const auto run = [&](const char* threads, const std::vector<std::string>& arguments) {
        return within(120,
                      joined(joined(asNobody(), {"/usr/bin/prlimit", std::string("--nproc=") + threads, QATELIER_CLI}),
                             arguments));
    };
    const auto job = [&](const char* threads, const std::string& workers) {
        return run(threads,
                   {"run", config, "--out", path(std::string("r") + threads), "--set", "run.workers=" + workers});
    };
    expectSentence(job("60", "256"), "cannot start 256 loader threads");
    expectSentence(job("4", "4"), "cannot start 4 loader threads");
    const Ended alone = run("1", {"inspect", "yolov8n", "--imgsz", "64"});
    EXPECT_EQ(alone.status, 0) << alone.err;
    EXPECT_NE(alone.err.find("more threads can be started"), std::string::npos) << alone.err;
    const Ended val =
        run("1", {"val", "builtin:shapes", "--data", "shapes:val=2,size=64", "--imgsz", "64", "--workers", "0"});
    EXPECT_EQ(val.status, 0) << val.err;
    expectSentence(job("1", "0"), "cannot start a thread");
}

TEST_F(Process, LittleMemoryIsASentence) {
    for (const char* bytes : {"700000000", "850000000", "1000000000"}) {
        const Ended ended = within(
            120, {"/usr/bin/prlimit", std::string("--as=") + bytes, QATELIER_CLI, "run", config, "--out", path(bytes)});
        expectSentence(ended, "not enough memory");
        EXPECT_FALSE(fs::exists(path(bytes))) << "nothing is begun";
    }
}

TEST_F(Process, SignalsEndCommandsWith130) {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        EXPECT_EQ(
            within(60, {QATELIER_CLI, "val", "builtin:shapes", "--data", "shapes:val=500,size=320", "--imgsz", "640"},
                   signal, 3)
                .status,
            130)
            << signal;
    EXPECT_EQ(
        within(60, {QATELIER_CLI, "predict", "builtin:shapes", "shapes:val=500,size=320", "--json", path("p.json")},
               SIGTERM, 3)
            .status,
        130);
    EXPECT_TRUE(nlohmann::json::accept(readFile(path("p.json")))) << "what was answered before is kept, whole";
    EXPECT_EQ(within(60, {QATELIER_CLI, "inspect", "yolov8x", "--imgsz", "4096"}, SIGINT, 1).status, 130);
}

// As after `| head -1`, and after the terminal has gone.
TEST_F(Process, AJobOutlivesItsPagerAndEndsWithItsTerminal) {
    const std::string out = path("paged");
    const Ended paged = within(120, {"/bin/bash", "-c", "\"$@\" 2>&1 | head -1; exit ${PIPESTATUS[0]}", "bash",
                                     QATELIER_CLI, "run", config, "--out", out});
    EXPECT_EQ(paged.status, 0) << paged.out;
    EXPECT_EQ(readJson(fs::path(out) / "run_summary.json")["status"], "completed-success");
    Program job({QATELIER_CLI, "run", config, "--out", path("hung")});
    ASSERT_TRUE(job.runUntil([&] { return fs::exists(path("hung/checkpoint/train_state.safetensors")); }));
    job.signal(SIGHUP);
    EXPECT_EQ(job.wait().status, 130);
    const std::string events = readFile(path("hung/events.jsonl"));
    EXPECT_NE(events.find("\"type\":\"end\",\"status\":\"incomplete\""), std::string::npos);
    expectSentence(within(60, {"/bin/bash", "-c", "\"$@\" > /dev/full", "bash", QATELIER_CLI, "schema"}),
                   "cannot write to standard output");
}

TEST_F(Process, ARunThatHasNotEndedHasAPageThatSaysSo) {
    const std::string run = path("run");
    Program job({QATELIER_CLI, "run", config, "--out", run});
    ASSERT_TRUE(job.runUntil([&] { return fs::exists(run + "/checkpoint/train_state.safetensors"); }));
    Ended report = cli({"report", run});
    EXPECT_EQ(report.status, 0) << report.err;
    EXPECT_NE(readFile(run + "/report.html").find("This run is still running, in process "), std::string::npos);
    job.signal(SIGKILL);
    job.wait();
    report = cli({"report", run});
    EXPECT_EQ(report.status, 0) << report.err;
    const std::string page = readFile(run + "/report.html");
    EXPECT_NE(page.find(" was killed; the run can be resumed."), std::string::npos);
    EXPECT_NE(page.find("Calibrated (PTQ)"), std::string::npos) << "what there is is shown";
}

TEST_F(Process, NothingIsWritableForEverybody) {
    const std::string run = path("run");
    const Ended ended = within(120, {"/bin/bash", "-c", "umask 0; exec \"$@\"", "bash", QATELIER_CLI, "run", config,
                                     "--out", run, "--set", "train_params.epochs=0"});
    ASSERT_EQ(ended.status, 0) << ended.err;
    for (const auto& entry : fs::recursive_directory_iterator(run))
        EXPECT_EQ(entry.status().permissions() & (fs::perms::others_write | fs::perms::group_write), fs::perms::none)
            << entry.path();
}

// The script of an outside runtime comes from beside the program, if nobody else can have put it there; never from
// folders above.
TEST_F(Process, OnlyTrustedScriptsAreRun) {
    if (findProgram("node").empty()) GTEST_SKIP() << "left out: Node.js is not installed";
    const fs::path program = scratch.path() / "a/b/bin/qatelier-cli";
    makeWritableFolder(program.parent_path());
    fs::copy_file(QATELIER_CLI, program);
    const auto place = [&](const fs::path& resources) {
        makeWritableFolder(resources / "runners/node_modules/onnxruntime-node");
        writeFileAtomic(resources / "runners/run_onnx.mjs",
                        "import fs from 'node:fs'; fs.writeFileSync('" + path("executed") + "', '');");
        writeFileAtomic(resources / "runners/node_modules/onnxruntime-node/package.json", "{}");
    };
    const auto executed = [&](const std::string& run) {
        fs::remove(path("executed"));
        within(120, {program.string(), "run", config, "--out", path(run), "--set", "train_params.epochs=0", "--set",
                     "export.validate=true"});
        return fs::exists(path("executed"));
    };
    place(scratch.path() / "a/resources");
    place(scratch.path() / "a/share/qatelier");
    EXPECT_FALSE(executed("above"));
    place(scratch.path() / "a/b/share/qatelier");
    EXPECT_TRUE(executed("beside"));
    fs::permissions(scratch.path() / "a/b/share", fs::perms::all);
    EXPECT_FALSE(executed("open"));
}

}  // namespace
}  // namespace qat::test
