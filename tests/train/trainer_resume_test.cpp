// A stopped and resumed training gives the bits of one that never stopped.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "support/assets.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

struct Case {
    const char* name;
    Quantize quantize;
    OptimizerKind optimizer;
    int nominalBatch;
};

class Resume : public testing::TestWithParam<Case> {
protected:
    const ScratchFolder scratch;

    static Config config(int checkpointEvery = 0) {
        Config config = tinyConfig(GetParam().quantize);
        config.train.optimizer = GetParam().optimizer;
        config.train.nominalBatch = GetParam().nominalBatch;
        config.train.checkpointEvery = checkpointEvery;
        config.data.augment = AugmentConfig{};
        config.data.augment.closeMosaic = 1;
        return config;
    }
};

TEST_P(Resume, StopWithinAnEpoch) {
    TinyRun whole(config(), scratch.path() / "whole");
    const TrainOutcome expected = whole.train();
    TinyRun stopped(config(), scratch.path() / "parts");
    stopped.sink.onProgress = [&](std::string_view, int64_t step) {
        if (step == 6) stopped.cancel.request(StopLevel::FinishBatch);
    };
    const TrainOutcome half = stopped.train();
    EXPECT_TRUE(half.stopped);
    EXPECT_EQ(half.epochs.size(), 1u);
    TinyRun resumed(config(), scratch.path() / "parts");
    std::string said;
    resumed.sink.onLog = [&](LogLevel, std::string_view sentence) {
        if (sentence.starts_with("resumed:")) said = sentence;
    };
    std::optional<int64_t> firstStep;
    resumed.sink.onProgress = [&](std::string_view, int64_t step) {
        if (!firstStep) firstStep = step;
    };
    const TrainOutcome outcome = resumed.train(true);
    EXPECT_GT(firstStep.value_or(0), 6);
    EXPECT_TRUE(said.starts_with("resumed: going on in epoch 2 of 3, after ")) << said;
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph));
    for (const char* file :
         {"weights/last.safetensors", "weights/best.safetensors", "checkpoint/train_state.safetensors"})
        EXPECT_EQ(readFile(resumed.folder / file), readFile(whole.folder / file)) << file;
    ASSERT_EQ(outcome.epochs.size(), expected.epochs.size());
    for (size_t i = 0; i < outcome.epochs.size(); ++i) {
        for (size_t term = 0; term < 3; ++term)
            EXPECT_EQ(outcome.epochs[i].losses.at(term).value, expected.epochs[i].losses.at(term).value);
    }
}

// A crash leaves the last periodic checkpoint behind: what came after it is done again, with the same result.
TEST_P(Resume, CrashBehindACheckpoint) {
    TinyRun whole(config(2), scratch.path() / "whole");
    whole.train();
    TinyRun crashed(config(2), scratch.path() / "parts");
    crashed.sink.onProgress = [&](std::string_view, int64_t step) {
        if (step == 7) crashed.cancel.request(StopLevel::Abandon);
    };
    EXPECT_THROW(crashed.train(), Error);
    TinyRun resumed(config(2), scratch.path() / "parts");
    resumed.train(true);
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph));
}

INSTANTIATE_TEST_SUITE_P(Modes, Resume,
                         testing::Values(Case{"FloatSgd", Quantize::None, OptimizerKind::Sgd, 4},
                                         Case{"SteAdamWAccumulating", Quantize::Ste, OptimizerKind::AdamW, 8},
                                         Case{"SteMuSgd", Quantize::Ste, OptimizerKind::MuSgd, 4},
                                         Case{"LsqSgd", Quantize::Lsq, OptimizerKind::Sgd, 4}),
                         [](const auto& info) { return info.param.name; });

class Stop : public testing::Test {
protected:
    const ScratchFolder scratch;
};

// The epoch's steps are not lost, even though nothing was checkpointed within it.
TEST_F(Stop, DuringValidationKeepsTheEpoch) {
    TinyRun whole{tinyConfig(), scratch.path() / "whole"};
    whole.train();
    TinyRun stopped{tinyConfig(), scratch.path() / "parts"};
    stopped.fitness = [&](int) {
        stopped.cancel.request(StopLevel::FinishBatch);
        stopped.cancel.poll();
        return 0.1;
    };
    EXPECT_TRUE(stopped.train().stopped);
    TinyRun resumed{tinyConfig(), scratch.path() / "parts"};
    std::vector<int64_t> steps;
    resumed.sink.onProgress = [&](std::string_view, int64_t step) { steps.push_back(step); };
    EXPECT_EQ(resumed.train(true).epochs.size(), 3u);
    EXPECT_EQ(steps.front(), 5);
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph));
}

// A disk that lost the newest checkpoint costs the steps since the one before, and nothing else.
TEST_F(Stop, ADamagedCheckpointIsReplacedByTheOneBefore) {
    Config config = tinyConfig(Quantize::Lsq);
    config.train.checkpointEvery = 2;
    TinyRun whole{config, scratch.path() / "whole"};
    whole.train();
    TinyRun crashed{config, scratch.path() / "parts"};
    crashed.sink.onProgress = [&](std::string_view, int64_t step) {
        if (step == 7) crashed.cancel.request(StopLevel::Abandon);
    };
    EXPECT_THROW(crashed.train(), Error);
    const auto newest = scratch.path() / "parts/checkpoint/train_state.safetensors";
    writeFileAtomic(newest, readFile(newest).substr(0, 5000));
    TinyRun resumed{config, scratch.path() / "parts"};
    std::string warning;
    int64_t firstStep = 0;
    resumed.sink.onLog = [&](LogLevel level, std::string_view sentence) {
        if (level == LogLevel::Warning && warning.empty()) warning = sentence;
    };
    resumed.sink.onProgress = [&](std::string_view, int64_t step) { firstStep = firstStep ? firstStep : step; };
    resumed.train(true);
    EXPECT_NE(warning.find("train_state.safetensors"), std::string::npos) << warning;
    EXPECT_NE(warning.find("going on from the checkpoint before it"), std::string::npos) << warning;
    EXPECT_EQ(firstStep, 5) << "checkpoints were after the steps 4 and 6";
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph));
}

TEST_F(Stop, AnotherConfigurationMayNotGoOn) {
    TinyRun run{tinyConfig(), scratch.path()};
    run.train();
    const std::string before = readFile(scratch.path() / "checkpoint/train_state.safetensors");
    TinyRun other{tinyConfig(), scratch.path()};
    other.config.train.lr = 0.5;
    try {
        other.train(true);
        FAIL() << "must be refused";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        EXPECT_NE(std::string(error.what()).find("train_state.safetensors"), std::string::npos) << error.what();
    }
    EXPECT_EQ(readFile(scratch.path() / "checkpoint/train_state.safetensors"), before);
}

}  // namespace
}  // namespace qat::test
