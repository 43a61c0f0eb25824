// Dampening, freezing and both evaluations in a whole training, and across a stop.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "base/files.h"
#include "support/assets.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

using Series = std::map<std::string, std::map<double, double>, std::less<>>;

Series series(TinyRun& run) {
    Series seen;
    run.sink.onScalar = [&](std::string_view name, double x, double value) { seen[std::string(name)][x] = value; };
    run.train();
    return seen;
}

// Everything at once, strong enough to show within twelve steps.
Config everything(Quantize quantize) {
    Config config = tinyConfig(quantize);
    config.train.lr = 0.05;
    config.train.warmupEpochs = 0;
    config.oscillation.momentum = 0.5;
    config.oscillation.dampen = {.weight = 0.01, .startWeight = 0.001, .begin = 0.1};
    config.oscillation.freeze = {.threshold = 0.2, .startThreshold = 0.4, .begin = 0.1};
    config.ema.evaluateRaw = true;
    return config;
}

class Stability : public testing::TestWithParam<Quantize> {
protected:
    const ScratchFolder scratch;
};

TEST_P(Stability, FreezesAndSaysSo) {
    TinyRun run{everything(GetParam()), scratch.path()};
    const Series seen = series(run);
    const auto& frozen = seen.at("oscillation/frozen");
    EXPECT_EQ(frozen.size(), 3u);
    EXPECT_GT(frozen.at(3), 0);
    EXPECT_LT(frozen.at(3), 1);
    EXPECT_GE(frozen.at(3), frozen.at(2)) << "what is frozen stays frozen";
    EXPECT_EQ(seen.at("train/dampen_loss").size(), 12u);
    EXPECT_GT(seen.at("train/dampen_loss").at(12), 0);
}

TEST_P(Stability, ResumesBitByBit) {
    TinyRun whole{everything(GetParam()), scratch.path() / "whole"};
    whole.train();
    for (const int64_t stop : {3, 10}) {
        const auto folder = scratch.path() / std::to_string(stop);
        TinyRun stopped{everything(GetParam()), folder};
        stopped.sink.onProgress = [&](std::string_view, int64_t step) {
            if (step == stop) stopped.cancel.request(StopLevel::FinishBatch);
        };
        EXPECT_TRUE(stopped.train().stopped);
        TinyRun resumed{everything(GetParam()), folder};
        resumed.train(true);
        EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph)) << stop;
        EXPECT_EQ(readFile(folder / "checkpoint/train_state.safetensors"),
                  readFile(whole.folder / "checkpoint/train_state.safetensors"));
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, Stability, testing::Values(Quantize::Ste, Quantize::Lsq),
                         [](const auto& mode) { return mode.param == Quantize::Ste ? "Ste" : "Lsq"; });

class OscillationSettings : public testing::Test {
protected:
    const ScratchFolder scratch;
    TinyRun run{tinyConfig(Quantize::Lsq), scratch.path()};
};

TEST_F(OscillationSettings, TrackingCanBeLeftOut) {
    run.config.oscillation.track = false;
    const Series seen = series(run);
    EXPECT_FALSE(seen.contains("oscillation/share"));
    EXPECT_FALSE(seen.contains("oscillation/frozen"));
    EXPECT_FALSE(seen.contains("train/dampen_loss"));
}

TEST_F(OscillationSettings, TrackingChangesNoBit) {
    run.train();
    TinyRun without{run.config, scratch.path() / "without"};
    without.config.oscillation.track = false;
    without.train();
    EXPECT_EQ(storedBytes(*run.graph), storedBytes(*without.graph));
}

TEST_F(OscillationSettings, TheModelBehindTheAverageIsEvaluatedToo) {
    run.config.ema.evaluateRaw = true;
    run.fitness = [](int validation) { return validation % 2 ? 0.4 : 0.3; };  // averaged first, then raw
    Series seen = series(run);
    for (double epoch = 1; epoch <= 3; ++epoch) {
        EXPECT_EQ(seen["metrics/mAP50-95(B)"][epoch], 0.4);
        EXPECT_EQ(seen["metrics/raw/mAP50-95(B)"][epoch], 0.3);
        EXPECT_EQ(seen["metrics/raw/mAP50(B)"][epoch], 0.3);
    }
    run.config.ema.enabled = false;
    run.fitness = {};
    EXPECT_FALSE(series(run).contains("metrics/raw/mAP50-95(B)")) << "without an average there is one model";
}

}  // namespace
}  // namespace qat::test
