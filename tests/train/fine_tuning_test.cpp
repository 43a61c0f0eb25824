// Epochs after quantization-aware training: weights move at the last rate, quantizers and statistics do not.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "import/safetensors.h"
#include "support/assets.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

using Stored = std::map<std::string, std::string>;

Stored storedOf(const Graph& graph) {
    const auto bytes = storedBytes(graph);
    return {bytes.begin(), bytes.end()};
}

bool isQuantizer(const std::string& name) {
    return name.ends_with(".scale") || name.ends_with(".zero_point");
}

class FineTuning : public testing::TestWithParam<Quantize> {
protected:
    const ScratchFolder scratch;

    static Config config(int tuningEpochs) {
        Config config = tinyConfig(GetParam());
        config.qat.postQatFineTuning = tuningEpochs > 0;
        config.qat.fineTuningEpochs = std::max(tuningEpochs, 1);
        config.train.optimizer = OptimizerKind::AdamW;
        return config;
    }
};

TEST_P(FineTuning, MovesWeightsButNeitherScalesNorStatistics) {
    TinyRun trained{config(0), scratch.path() / "trained"}, tuned{config(2), scratch.path() / "tuned"};
    EXPECT_EQ(trained.train().epochs.size(), 3u);
    EXPECT_EQ(tuned.train().epochs.size(), 5u);
    const Stored before = storedOf(*trained.graph);
    size_t frozen = 0, moved = 0;
    for (const auto& [name, bytes] : storedOf(*tuned.graph)) {
        if (isQuantizer(name) || name.find("running_") != std::string::npos) {
            EXPECT_EQ(bytes, before.at(name)) << name;
            ++frozen;
        } else {
            moved += bytes != before.at(name);
        }
    }
    EXPECT_GT(frozen, 20u);
    EXPECT_GT(moved, 20u);
}

TEST_P(FineTuning, RunsAtTheRateTheScheduleEndsWith) {
    TinyRun run{config(2), scratch.path()};
    std::map<double, double> rates, losses;
    run.sink.onScalar = [&](std::string_view series, double x, double value) {
        if (series == "lr/pg1") rates[x] = value;
        if (series == "train/box_loss") losses[x] = value;
    };
    std::vector<int64_t> progress;
    run.sink.onProgress = [&](std::string_view, int64_t done) { progress.push_back(done); };
    const TrainOutcome outcome = run.train();
    EXPECT_EQ(rates.size(), 20u);
    EXPECT_EQ(losses.size(), 20u);
    EXPECT_EQ(progress.back(), 20);
    const double last = run.config.train.lr * run.config.train.lrf;
    EXPECT_GT(rates[12], 2 * last);
    for (double step = 13; step <= 20; ++step) EXPECT_NEAR(rates[step], last, 1e-15);
    EXPECT_EQ(outcome.epochs[4].epoch, 5);
    EXPECT_NEAR(outcome.epochs[4].lrWeight, last, 1e-15);
}

TEST_P(FineTuning, FollowsEarlyStoppingToo) {
    TinyRun run{config(2), scratch.path()};
    run.config.train.epochs = 9;
    run.config.train.patience = 2;
    run.fitness = [](int validation) { return validation == 1 ? 0.5 : 0.2; };
    const TrainOutcome outcome = run.train();
    EXPECT_EQ(outcome.epochs.size(), 5u);
    EXPECT_TRUE(outcome.exhausted);
    EXPECT_EQ(run.train(true).epochs.size(), 5u) << "a resumed run must not forget that it was over";
}

// Stops within training, within fine-tuning, and at the border of the two.
TEST_P(FineTuning, ResumesBitByBit) {
    TinyRun whole{config(2), scratch.path() / "whole"};
    whole.train();
    for (const int64_t stop : {6, 12, 14, 16, 19}) {
        const auto folder = scratch.path() / std::to_string(stop);
        TinyRun stopped{config(2), folder}, resumed{config(2), folder};
        stopped.sink.onProgress = [&](std::string_view, int64_t step) {
            if (step == stop) stopped.cancel.request(StopLevel::FinishBatch);
        };
        EXPECT_TRUE(stopped.train().stopped);
        EXPECT_EQ(resumed.train(true).epochs.size(), 5u);
        EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph)) << stop;
        for (const char* file : {"weights/last.safetensors", "checkpoint/train_state.safetensors"})
            EXPECT_EQ(readFile(folder / file), readFile(whole.folder / file)) << file << " " << stop;
    }
}

TEST_P(FineTuning, WorksWithoutAveraging) {
    TinyRun trained{config(0), scratch.path() / "trained"}, tuned{config(1), scratch.path() / "tuned"};
    trained.config.ema.enabled = tuned.config.ema.enabled = false;
    trained.train();
    tuned.train();
    const Stored before = storedOf(*trained.graph);
    for (const auto& [name, bytes] : storedOf(*tuned.graph)) {
        if (!isQuantizer(name)) continue;
        EXPECT_EQ(bytes, before.at(name)) << name;
    }
    EXPECT_NE(storedOf(*tuned.graph), before);
}

INSTANTIATE_TEST_SUITE_P(Modes, FineTuning, testing::Values(Quantize::Ste, Quantize::Lsq),
                         [](const auto& mode) { return mode.param == Quantize::Ste ? "Ste" : "Lsq"; });

TEST(FineTuningOfFloat, DoesNotHappen) {
    const ScratchFolder scratch;
    TinyRun run{tinyConfig(), scratch.path()};
    run.config.qat.postQatFineTuning = true;
    EXPECT_EQ(run.train().epochs.size(), 3u);
}

}  // namespace
}  // namespace qat::test
