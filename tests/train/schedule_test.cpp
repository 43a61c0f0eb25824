// Schedules against the published factors and ramps.
#include "train/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace qat {
namespace {

TrainConfig hundredEpochs(ScheduleKind kind) {
    TrainConfig config;
    config.epochs = 100;
    config.lr = 0.01;
    config.lrf = 0.01;
    config.lrScheduler = kind;
    return config;
}

TEST(Schedule, CosineFactors) {
    const TrainConfig config = hundredEpochs(ScheduleKind::Cosine);
    EXPECT_NEAR(epochFactor(config, 0), 1.0, 1e-12);
    EXPECT_NEAR(epochFactor(config, 50), 0.505, 1e-12);
    EXPECT_NEAR(epochFactor(config, 99), 0.0102443, 5e-8);
}

TEST(Schedule, LinearFactors) {
    const TrainConfig config = hundredEpochs(ScheduleKind::Linear);
    EXPECT_NEAR(epochFactor(config, 0), 1.0, 1e-12);
    EXPECT_NEAR(epochFactor(config, 25), 0.7525, 1e-12);
    EXPECT_NEAR(epochFactor(config, 100), 0.01, 1e-12);
}

TEST(Schedule, StepFactorsFallAt60And85Percent) {
    const TrainConfig config = hundredEpochs(ScheduleKind::Step);
    EXPECT_EQ(epochFactor(config, 59), 1.0);
    EXPECT_EQ(epochFactor(config, 60), 0.1);
    EXPECT_EQ(epochFactor(config, 84), 0.1);
    EXPECT_EQ(epochFactor(config, 85), 0.01);
}

// A schedule shorter than the training stays at its end; a longer one never gets there.
TEST(Schedule, MayHaveALengthOfItsOwn) {
    TrainConfig config = hundredEpochs(ScheduleKind::Cosine);
    config.lrPeriod = 50;
    EXPECT_NEAR(epochFactor(config, 25), 0.505, 1e-12);
    EXPECT_NEAR(epochFactor(config, 50), 0.01, 1e-12);
    EXPECT_NEAR(epochFactor(config, 99), 0.01, 1e-12);
    config.lrPeriod = 200;
    EXPECT_NEAR(epochFactor(config, 100), 0.505, 1e-12);
}

TEST(Schedule, ScalesLearnSlowerWithAdamUnlessTold) {
    TrainConfig config = hundredEpochs(ScheduleKind::Linear);
    config.warmupEpochs = 0;
    for (const auto& [optimizer, share] :
         {std::pair{OptimizerKind::Sgd, 1.0}, {OptimizerKind::Adam, 0.1}, {OptimizerKind::AdamW, 0.1}}) {
        config.optimizer = optimizer;
        config.quantLrFactor.reset();
        const StepSettings settings = settingsAt(config, 500, 100);
        EXPECT_DOUBLE_EQ(settings.lrQuant, share * settings.lrWeight);
        config.quantLrFactor = 0.5;
        EXPECT_DOUBLE_EQ(settingsAt(config, 500, 100).lrQuant, 0.5 * settings.lrWeight);
    }
}

// 3 epochs of 100 batches: 300 steps of warm-up.
TEST(Schedule, WarmupRampsOverThreeEpochs) {
    TrainConfig config = hundredEpochs(ScheduleKind::Linear);
    config.warmupEpochs = 3;
    config.batchSize = 16;
    config.nominalBatch = 64;
    config.quantLrFactor = 0.5;
    const StepSettings start = settingsAt(config, 0, 100);
    EXPECT_NEAR(start.lrBias, 0.1, 1e-12);
    EXPECT_EQ(start.lrWeight, 0);
    EXPECT_EQ(start.lrNorm, 0);
    EXPECT_EQ(start.lrQuant, 0);
    EXPECT_NEAR(start.momentum, 0.8, 1e-12);
    EXPECT_EQ(start.accumulate, 1);
    // Step 150 lies in epoch 1, whose factor is 0.99 * 0.99 + 0.01 = 0.9901.
    const StepSettings middle = settingsAt(config, 150, 100);
    EXPECT_NEAR(middle.lrBias, (0.1 + 0.009901) / 2, 1e-12);
    EXPECT_NEAR(middle.lrWeight, 0.009901 / 2, 1e-12);
    EXPECT_NEAR(middle.lrNorm, 0.009901 / 2, 1e-12);
    EXPECT_NEAR(middle.lrQuant, 0.009901 / 4, 1e-12);
    EXPECT_NEAR(middle.momentum, 0.8685, 1e-12);
    EXPECT_EQ(settingsAt(config, 100, 100).accumulate, 2);
    EXPECT_EQ(settingsAt(config, 225, 100).accumulate, 3);
    const StepSettings after = settingsAt(config, 300, 100);
    EXPECT_NEAR(after.lrBias, 0.01 * 0.9703, 1e-12);
    EXPECT_EQ(after.lrBias, after.lrWeight);
    EXPECT_NEAR(after.lrQuant, after.lrWeight / 2, 1e-15);
    EXPECT_NEAR(after.momentum, 0.937, 1e-12);
    EXPECT_EQ(after.accumulate, 4);
}

TEST(Schedule, WarmupLastsAtLeast100Steps) {
    TrainConfig config = hundredEpochs(ScheduleKind::Linear);
    config.warmupEpochs = 1;
    EXPECT_NEAR(settingsAt(config, 50, 20).lrWeight, 0.5 * config.lr * epochFactor(config, 2), 1e-12);
    EXPECT_NEAR(settingsAt(config, 100, 20).lrWeight, config.lr * epochFactor(config, 5), 1e-12);
}

TEST(Schedule, WarmupNeverTakesMoreThanHalfTheRun) {
    TrainConfig config = hundredEpochs(ScheduleKind::Linear);
    config.epochs = 2;
    config.warmupEpochs = 1;
    EXPECT_LT(settingsAt(config, 3, 4).lrWeight, config.lr);
    EXPECT_EQ(settingsAt(config, 4, 4).lrWeight, config.lr * epochFactor(config, 1));
}

TEST(Schedule, NoWarmupMeansFullRateAtOnce) {
    TrainConfig config = hundredEpochs(ScheduleKind::Cosine);
    config.warmupEpochs = 0;
    const StepSettings first = settingsAt(config, 0, 10);
    EXPECT_EQ(first.lrBias, config.lr);
    EXPECT_EQ(first.lrWeight, config.lr);
    EXPECT_EQ(first.momentum, config.momentum);
}

TEST(Schedule, BiasesOfAdamRiseFromZero) {
    TrainConfig config = hundredEpochs(ScheduleKind::Linear);
    config.optimizer = OptimizerKind::AdamW;
    EXPECT_EQ(settingsAt(config, 0, 100).lrBias, 0);
}

TEST(Schedule, BiasesOfSmallRatesStartAtTenTimesTheRate) {
    TrainConfig config = hundredEpochs(ScheduleKind::Linear);
    config.lr = 0.0005;
    EXPECT_NEAR(settingsAt(config, 0, 100).lrBias, 0.005, 1e-15);
}

TEST(Schedule, NominalBatchZeroStepsEveryBatch) {
    TrainConfig config = hundredEpochs(ScheduleKind::Linear);
    config.nominalBatch = 0;
    EXPECT_EQ(settingsAt(config, 5000, 100).accumulate, 1);
}

TEST(Schedule, AnnealsAlongACosine) {
    EXPECT_EQ(annealed(0.1, 0.01, 0.25, 1, 0), 0.1);
    EXPECT_EQ(annealed(0.1, 0.01, 0.25, 1, 0.25), 0.1);
    EXPECT_NEAR(annealed(0.1, 0.01, 0.25, 1, 0.625), 0.055, 1e-12);
    EXPECT_NEAR(annealed(0, 0.1, 0, 0.5, 0.125), 0.1 * (1 - std::cos(M_PI / 4)) / 2, 1e-12);
    EXPECT_EQ(annealed(0.1, 0.01, 0.25, 0.75, 0.8), 0.01);
    EXPECT_EQ(annealed(0.1, 0.01, 0.5, 0.5, 0.5), 0.01);
}

}  // namespace
}  // namespace qat
