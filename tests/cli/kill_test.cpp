// A job with every stage, killed again and again without warning: what it leaves is readable, and what it ends with is
// bit for bit what it would have been. Every sitting has another number of threads, on which no bit
// depends. QATELIER_KILLS (3) and QATELIER_KILL_SEED (1) make longer or other courses.
//
// What may differ between the runs: times (events, summary, page, TensorBoard), the number of sittings, and with it
// which checkpoint was the last but one; nothing else.
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "base/random.h"
#include "cli/program.h"
#include "cli/readable_folder.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr const char* kEverything = R"(model:
  variant: n
  pretrained_path: "builtin:shapes"
data:
  path: "shapes:train=12,val=4,size=128"
  imgsz: 128
run:
  workers: 1
quantization:
  weight: {bit_width: 4}
  layer_configs:
    - pattern: '^model\.([4-9]|1[0-9]|2[0-9])\.'
      skip: true
calibration: {method: minmax, num_batches: 2}
repair: {adaround: true, bias_correction: true, adaround_iterations: 2, samples: 4}
qat_params: {use_lsq: true, fuse_modules: false}
train_params:
  epochs: 2
  warmup_epochs: 1
  batch_size: 4
  nominal_batch: 8
  checkpoint_every: 1
ema: {decay: 0.9, tau: 2}
oscillation:
  momentum: 0.5
  bn_reestimation: 2
  dampen: {weight: 0.001}
  freeze: {threshold: 0.3, start_threshold: 0.5, begin: 0.2}
qc: {enabled: true, lr: 0.01}
gate: {reaction: retry}
sensitivity: {bits: [3, 4], samples: 1}
analysis: {preview_images: 1, test_samples: 1}
export: {formats: [onnx], validate: false}
)";

// The same without training, so that the correction follows the calibration.
constexpr const char* kCorrectionOnly = R"(
train_params: {epochs: 0, batch_size: 4, checkpoint_every: 1}
)";

int64_t numberFrom(const char* variable, int64_t otherwise) {
    const char* text = std::getenv(variable);
    return text ? std::stoll(text) : otherwise;
}

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

std::vector<json> eventsOf(const std::filesystem::path& run) {
    std::vector<json> events;
    std::istringstream text(std::filesystem::exists(run / "events.jsonl") ? readFile(run / "events.jsonl") : "");
    for (std::string line; std::getline(text, line);)
        if (json event = json::parse(line, nullptr, false); event.is_object()) events.push_back(std::move(event));
    return events;
}

// "train begin", in the order of the events of the last sitting.
std::vector<std::string> stagesOf(const std::filesystem::path& run) {
    std::vector<std::string> stages;
    for (const json& event : eventsOf(run)) {
        if (event["type"] == "run") stages.clear();
        if (event["type"] == "stage")
            stages.push_back(event["stage"].get<std::string>() + " " + event["state"].get<std::string>());
    }
    return stages;
}

bool isWriting(const std::filesystem::path& run) {
    std::error_code vanished;  // files come and go meanwhile
    for (auto entry = std::filesystem::recursive_directory_iterator(run, vanished);
         !vanished && entry != std::filesystem::recursive_directory_iterator(); entry.increment(vanished))
        if (isHalfWritten(entry->path())) return true;
    return false;
}

constexpr const char* kTimedTable = "layer-sensitivity-report.md";  // says how long the sweep took

// Bytes of what a run makes, by name; the summary without its times.
std::map<std::string, std::string> artefactsOf(const std::filesystem::path& run) {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(run)) {
        const std::string name = entry.path().lexically_relative(run).string();
        const bool timed =
            name == "events.jsonl" || name == "report.html" || name == kTimedTable || name.starts_with("tensorboard");
        const bool ofSittings = name.find(".previous.") != std::string::npos;
        if (!entry.is_regular_file() || timed || ofSittings) continue;
        files[name] = readFile(entry.path());
        if (name != "run_summary.json") continue;
        json summary = json::parse(files[name]);
        summary.erase("run_id");
        summary.erase("created_at");
        std::erase_if(summary["artifacts"]["files"].get_ref<json::array_t&>(),
                      [](const json& file) { return file["path"] == kTimedTable; });
        files[name] = summary.dump(1);
    }
    return files;
}

// Every value that a sitting told of, by series and position.
std::map<std::pair<std::string, double>, std::vector<json>> valuesOf(const std::filesystem::path& run) {
    std::map<std::pair<std::string, double>, std::vector<json>> values;
    for (const json& event : eventsOf(run))
        if (event["type"] == "scalar") values[{event["series"], event["x"]}].push_back(event["value"]);
    return values;
}

class Killed : public testing::Test {
protected:
    const ScratchFolder scratch;
    const std::filesystem::path config = scratch.path() / "config.yaml", whole = scratch.path() / "whole";
    Random random{static_cast<uint64_t>(numberFrom("QATELIER_KILL_SEED", 1))};
    double wholeSeconds = 0;
    std::vector<std::string> moments;  // of the uninterrupted run
    int sitting = 0;                   // of all runs; the uninterrupted one has two threads

    std::vector<std::string> arguments(const std::filesystem::path& run, bool resume) {
        constexpr std::array kThreads{"OMP_NUM_THREADS=2", "OMP_NUM_THREADS=1", "OMP_NUM_THREADS=3"};
        const char* const threads = kThreads[static_cast<size_t>(sitting++) % kThreads.size()];
        std::vector<std::string> words{"/usr/bin/env",  threads, QATELIER_CLI, "run",
                                       config.string(), "--out", run.string()};
        if (resume) words.push_back("--resume");
        return words;
    }
    void runWhole(const std::string& text) {
        writeFileAtomic(config, text);
        const auto start = Clock::now();
        const Ended ended = runProgram(arguments(whole, false));
        ASSERT_EQ(ended.status, 0) << ended.err;
        wholeSeconds = secondsSince(start);
        moments = stagesOf(whole);
        EXPECT_EQ(unreadableFiles(whole), std::vector<std::string>{});
    }

    // Waits for a moment that is drawn: any time, the border of a stage, or in the middle of a file. False: it ended
    // first.
    bool waitForMoment(Program& program, const std::filesystem::path& run, std::string& what) {
        const int64_t kind = random.below(4);
        if (kind < 2) {
            const auto start = Clock::now();
            const double seconds = random.uniform(0, wholeSeconds);
            what = "after " + std::to_string(seconds) + " s";
            return program.runUntil([&] { return secondsSince(start) >= seconds; });
        }
        const std::string moment = moments[static_cast<size_t>(random.below(static_cast<int64_t>(moments.size())))];
        const size_t sitting = sittings(run) + 1;
        what = (kind == 2 ? "at " : "while writing after ") + moment;
        const bool reached = program.runUntil([&] {
            const auto seen = stagesOf(run);
            return sittings(run) == sitting && std::ranges::find(seen, moment) != seen.end();
        });
        return reached && (kind == 2 || program.runUntil([&] { return isWriting(run); }));
    }
    static size_t sittings(const std::filesystem::path& run) {
        return static_cast<size_t>(
            std::ranges::count_if(eventsOf(run), [](const json& event) { return event["type"] == "run"; }));
    }

    // One life of a run, until it ends by itself; at most so many kills. Returns how many there were.
    int64_t live(const std::filesystem::path& run, int64_t most) {
        int64_t kills = 0;
        for (;;) {
            const bool resume = std::filesystem::exists(run / "config.yaml");
            if (!resume) std::filesystem::remove_all(run);  // it never became a run
            Program program(arguments(run, resume));
            std::string moment;
            if (kills == most || !waitForMoment(program, run, moment)) {
                const Ended ended = program.wait();
                EXPECT_EQ(ended.status, 0) << ended.err;
                return kills;
            }
            program.signal(SIGKILL);
            const Ended ended = program.wait();
            if (ended.status == 0) return kills;  // it was over before the signal came
            EXPECT_EQ(ended.status, 128 + SIGKILL) << ended.err;
            ++kills;
            const auto seen = stagesOf(run);
            std::cout << run.filename().string() << ", kill " << kills << ' ' << moment << "; it was "
                      << (seen.empty() ? "starting" : "after " + seen.back()) << (isWriting(run) ? ", writing" : "")
                      << std::endl;
            const auto unreadable = std::filesystem::exists(run) ? unreadableFiles(run) : std::vector<std::string>{};
            EXPECT_EQ(unreadable, std::vector<std::string>{}) << moment;
        }
    }

    void expectSameAsWhole(const std::filesystem::path& run) const {
        const auto expected = artefactsOf(whole), got = artefactsOf(run);
        for (const auto& [name, bytes] : expected) {
            ASSERT_TRUE(got.contains(name)) << name;
            EXPECT_TRUE(got.at(name) == bytes)
                << name << (name.ends_with(".json") ? "\n" + got.at(name) + "\n" + bytes : "");
        }
        for (const auto& [name, bytes] : got) EXPECT_TRUE(expected.contains(name)) << name << " is left over";
        const auto told = valuesOf(whole), toldAgain = valuesOf(run);
        for (const auto& [place, values] : toldAgain)
            for (const json& value : values)
                EXPECT_EQ(value, told.at(place).back()) << place.first << " at " << place.second;
        EXPECT_EQ(toldAgain.size(), told.size());
        EXPECT_EQ(unreadableFiles(run), std::vector<std::string>{});
    }

    void killAllTheTime(int64_t kills) {
        int64_t life = 0, done = 0;
        while (done < kills && !HasFailure()) {
            const auto run = scratch.path() / ("life" + std::to_string(++life));
            done += live(run, std::min<int64_t>(kills - done, 6));
            expectSameAsWhole(run);
        }
        std::cout << done << " kills in " << life << " lives; the uninterrupted run took " << wholeSeconds << " s"
                  << std::endl;
    }
};

TEST_F(Killed, AnywhereAndOftenEndsInTheSameBits) {
    runWhole(kEverything);
    killAllTheTime(numberFrom("QATELIER_KILLS", 3));
}

// Before training only the rest is done: no stage that was finished begins a second time, and a sweep goes on
// within itself.
TEST_F(Killed, ASweepGoesOnFromTheLayersItHas) {
    std::string text = kEverything;
    const size_t train = text.find("train_params:"), next = text.find("ema:");
    text.replace(train, next - train, kCorrectionOnly + 1);
    text.replace(text.find("bits: [3, 4], samples: 1"), 24, "bits: [2, 3, 4, 5, 6, 7, 8], samples: 12");
    text.replace(text.find("val=4"), 5, "val=12");
    runWhole(text);
    const auto run = scratch.path() / "life";
    {
        Program program(arguments(run, false));
        ASSERT_TRUE(program.runUntil([&] { return std::filesystem::exists(run / "checkpoint/sensitivity.json"); }));
        program.signal(SIGKILL);
        program.wait();
    }
    const Ended ended = runProgram(arguments(run, true));
    ASSERT_EQ(ended.status, 0) << ended.err;
    EXPECT_NE(ended.err.find("passes of the sweep were done"), std::string::npos) << ended.err;
    const auto stages = stagesOf(run);
    for (const char* stage : {"calibrate begin", "repair begin", "evaluate_ptq begin"})
        EXPECT_EQ(std::ranges::count(stages, stage), 0) << stage;
    expectSameAsWhole(run);
}

TEST_F(Killed, ACorrectionDoesNotCalibrateAgain) {
    std::string text = kEverything;
    const size_t train = text.find("train_params:"), next = text.find("ema:");
    runWhole(text.replace(train, next - train, kCorrectionOnly + 1));
    const auto run = scratch.path() / "life";
    {
        Program program(arguments(run, false));
        ASSERT_TRUE(
            program.runUntil([&] { return std::filesystem::exists(run / "checkpoint/correction_state.safetensors"); }));
        program.signal(SIGKILL);
        program.wait();
    }
    const Ended ended = runProgram(arguments(run, true));
    ASSERT_EQ(ended.status, 0) << ended.err;
    const auto stages = stagesOf(run);
    EXPECT_EQ(std::ranges::count(stages, "evaluate_ptq begin"), 0);
    expectSameAsWhole(run);
}

}  // namespace
}  // namespace qat::test
