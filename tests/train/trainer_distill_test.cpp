// Training beside a teacher: what it adds, what it leaves alone, and that it stops and goes on without a trace.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>

#include "base/error.h"
#include "base/files.h"
#include "import/safetensors.h"
#include "support/assets.h"
#include "train/distiller.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

class Distillation : public testing::Test {
protected:
    const ScratchFolder scratch;

    static Config config(double alpha = 0.5) {
        Config config = tinyConfig(Quantize::Lsq);
        config.distillation.enabled = true;
        config.distillation.alpha = alpha;
        return config;
    }
    static Config withFeatures(OptimizerKind optimizer) {
        Config config = Distillation::config();
        config.train.optimizer = optimizer;
        config.distillation.featureDistillation = true;
        config.distillation.featureLayers = {"model.2", "model.4"};
        return config;
    }
    // A run in a folder of this name, beside a teacher.
    struct Taught : TinyRun {
        Taught(const Distillation& test, const Config& config, const std::string& name, int64_t teacherWidth = 16)
            : TinyRun(config, test.scratch.path() / name) {
            teacher = tinyDetector(7, teacherWidth);
        }
    };
};

TEST_F(Distillation, AlphaZeroLeavesTheTaskAsItIs) {
    Taught taught(*this, config(0), "taught"), alone(*this, config(0), "alone");
    alone.teacher.reset();
    const TrainOutcome outcome = taught.train();
    alone.train();
    EXPECT_EQ(storedBytes(*taught.graph), storedBytes(*alone.graph));
    EXPECT_GT(outcome.epochs[0].distillLoss.value_or(0), 0) << "it is still measured";
}

TEST_F(Distillation, AlphaOneFollowsTheTeacherOnly) {
    Taught taught(*this, config(1), "taught"), alone(*this, config(0), "alone");
    taught.config.train.epochs = alone.config.train.epochs = 12;
    const TrainOutcome withTeacher = taught.train(), without = alone.train();
    EXPECT_LT(*withTeacher.epochs.back().distillLoss, 0.6 * *withTeacher.epochs.front().distillLoss);
    EXPECT_LT(*withTeacher.epochs.back().distillLoss, 0.8 * *without.epochs.back().distillLoss);
    taught.config.train.lossWeights.box = 5;  // of the labels only
    taught.folder = scratch.path() / "heavy";
    const auto before = storedBytes(*taught.graph);
    taught.train();
    EXPECT_EQ(storedBytes(*taught.graph), before);
}

TEST_F(Distillation, ReportsItsLossAtEveryStepAndEpoch) {
    Taught taught(*this, config(), "taught");
    std::map<double, double> losses;
    taught.sink.onScalar = [&](std::string_view series, double x, double value) {
        if (series == "train/distill_loss") losses[x] = value;
    };
    const TrainOutcome outcome = taught.train();
    ASSERT_EQ(losses.size(), 12u);
    EXPECT_EQ(losses.begin()->first, 1);
    double sum = 0;
    for (double step = 5; step <= 8; ++step) sum += losses[step];
    EXPECT_NEAR(*outcome.epochs[1].distillLoss, sum / 4, 1e-12);
    TinyRun alone{tinyConfig(), scratch.path() / "alone"};
    EXPECT_FALSE(alone.train().epochs[0].distillLoss);
}

TEST_F(Distillation, TemperatureMatters) {
    Taught cool(*this, config(), "cool"), hot(*this, config(), "hot");
    cool.config.distillation.temperature = 1;
    hot.config.distillation.temperature = 8;
    EXPECT_NE(*cool.train().epochs[0].distillLoss, *hot.train().epochs[0].distillLoss);
    EXPECT_NE(storedBytes(*cool.graph), storedBytes(*hot.graph));
}

TEST_F(Distillation, TheTeacherStaysAsItIs) {
    Taught taught(*this, withFeatures(OptimizerKind::Sgd), "taught");
    const auto before = storedBytes(*taught.teacher);
    taught.train();
    EXPECT_EQ(storedBytes(*taught.teacher), before);
}

TEST_F(Distillation, TrainsAdaptersThatNoFileOfTheModelHolds) {
    Taught taught(*this, withFeatures(OptimizerKind::AdamW), "taught", 24);
    taught.train();
    const Safetensors state = readSafetensors(taught.folder / "checkpoint/train_state.safetensors");
    const auto has = [](const Safetensors& file, const std::string& part) {
        return std::ranges::any_of(
            file.tensors, [&](const NamedTensor& entry) { return entry.name.find(part) != std::string::npos; });
    };
    EXPECT_TRUE(has(state, "adapter.model.2"));
    EXPECT_TRUE(has(state, "adapter.model.4#second"));
    EXPECT_FALSE(has(readSafetensors(taught.folder / "weights/last.safetensors"), "adapter"));
    const Distiller fresh(*taught.graph, *taught.teacher, taught.config);
    for (const NamedTensor& entry : state.tensors)
        if (entry.name == "adapter/adapter.model.2") {
            EXPECT_FALSE(at::equal(*entry.tensor, fresh.adapters()[0].second->detach())) << "it must have moved";
        }
}

// All of it at once: adapters with moments, features of quantized layers, a stop within an epoch and a crash.
class DistillationResume : public Distillation, public testing::WithParamInterface<OptimizerKind> {};

TEST_P(DistillationResume, GivesTheBitsOfOneSitting) {
    Config config = withFeatures(GetParam());
    config.train.checkpointEvery = 3;
    Taught whole(*this, config, "whole", 24), parts(*this, config, "parts", 24);
    const TrainOutcome expected = whole.train();
    parts.sink.onProgress = [&](std::string_view, int64_t step) {
        if (step == 5) parts.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_TRUE(parts.train().stopped);
    Taught crashed(*this, config, "parts", 24);
    crashed.sink.onProgress = [&](std::string_view, int64_t step) {
        if (step == 11) crashed.cancel.request(StopLevel::Abandon);
    };
    EXPECT_THROW(crashed.train(true), Error);
    Taught last(*this, config, "parts", 24);
    const TrainOutcome outcome = last.train(true);
    EXPECT_EQ(storedBytes(*last.graph), storedBytes(*whole.graph));
    for (const char* file : {"weights/last.safetensors", "checkpoint/train_state.safetensors"})
        EXPECT_EQ(readFile(last.folder / file), readFile(whole.folder / file)) << file;
    ASSERT_EQ(outcome.epochs.size(), expected.epochs.size());
    for (size_t i = 0; i < expected.epochs.size(); ++i)
        EXPECT_EQ(outcome.epochs[i].distillLoss, expected.epochs[i].distillLoss);
}

INSTANTIATE_TEST_SUITE_P(Optimizers, DistillationResume, testing::Values(OptimizerKind::Sgd, OptimizerKind::AdamW));

TEST_F(Distillation, AnotherTeacherMayNotGoOn) {
    Taught first(*this, config(), "run");
    first.train();
    Taught second(*this, config(), "run");
    second.teacher = tinyDetector(8);
    EXPECT_THROW(second.train(true), Error);
}

TEST_F(Distillation, WorksWithoutQuantizersToo) {
    Taught taught(*this, config(1), "taught"), alone(*this, config(0), "alone");
    for (TinyRun* run : {static_cast<TinyRun*>(&taught), static_cast<TinyRun*>(&alone)}) {
        run->config.train.quantize = false;
        run->config.train.epochs = 12;
    }
    EXPECT_LT(*taught.train().epochs.back().distillLoss, 0.8 * *alone.train().epochs.back().distillLoss);
}

}  // namespace
}  // namespace qat::test
