// What changes along a training: float first, grids that narrow, norms that freeze, sizes that are drawn, layers that
// stay.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "support/assets.h"
#include "train/multi_scale.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

using Curve = std::map<double, double>;

class Course : public testing::Test {
protected:
    const ScratchFolder scratch;
    Config config = tinyConfig(Quantize::Lsq);
    int runs = 0;

    TinyRun fresh(const Config& with) { return TinyRun{with, scratch.path() / std::to_string(runs++)}; }
    Curve losses(const Config& with) {
        TinyRun run = fresh(with);
        Curve seen;
        run.sink.onScalar = [&](std::string_view name, double x, double value) {
            if (name == "train/box_loss") seen[x] = value;
        };
        run.train();
        return seen;
    }
    // Width of the narrowest weights, 32 without a quantizer.
    static int64_t narrowest(const Graph& model) {
        int64_t bits = 32;
        for (const NodeId id : model.order())
            if (const auto* op = std::get_if<FakeQuantize>(&model.node(id).op); op && op->weight)
                bits = std::min(bits, op->bits);
        return bits;
    }
    // The same at every validation.
    std::vector<int64_t> widths(const Config& with) {
        TinyRun run = fresh(with);
        std::vector<int64_t> seen;
        run.onModel = [&](const Graph& model) { seen.push_back(narrowest(model)); };
        run.train();
        EXPECT_EQ(narrowest(*run.graph), 4) << "the final model has the configured width";
        return seen;
    }
    static std::string bytesOf(const Graph& graph, const std::string& name) {
        for (const auto& [stored, bytes] : storedBytes(graph))
            if (stored == name) return bytes;
        ADD_FAILURE() << name;
        return {};
    }
};

TEST_F(Course, FloatEpochsAreThoseOfAFloatTraining) {
    config.qat.floatEpochs = 1;
    const Curve delayed = losses(config);
    Config plain = config;
    plain.train.quantize = false;
    const Curve reference = losses(plain);
    for (double step = 1; step <= 4; ++step) EXPECT_EQ(delayed.at(step), reference.at(step)) << step;
    EXPECT_NE(delayed.at(5), reference.at(5)) << "from then on it is quantized";
    config.qat.floatEpochs = 0;
    EXPECT_NE(losses(config).at(1), reference.at(1));
}

TEST_F(Course, FloatEpochsAreValidatedInFloat) {
    config.qat.floatEpochs = 2;
    EXPECT_EQ(widths(config), (std::vector<int64_t>{32, 32, 4}));
    config.qat.floatEpochs = 3;
    EXPECT_EQ(widths(config), (std::vector<int64_t>{32, 32, 32}));
}

TEST_F(Course, RangesAreCalibratedBehindFloatEpochs) {
    config.train.lr = 0;
    config.ema.enabled = false;
    TinyRun whole = fresh(config);
    whole.train();
    config.qat.floatEpochs = 1;
    TinyRun delayed = fresh(config);
    delayed.train();
    int moved = 0;
    for (const auto& [name, bytes] : storedBytes(*delayed.graph))
        if (name.ends_with(".scale") && name.find("weight") == std::string::npos)
            moved += bytes != bytesOf(*whole.graph, name);
    EXPECT_GT(moved, 5) << "on training images instead of what the test calibrated with";
}

TEST_F(Course, LearnedZeroPointsAreTrainedAfterFloatEpochs) {
    config.qat.floatEpochs = 1;
    config.ema.enabled = false;
    config.quantization.fakeQuantize.learnOffset = true;
    TinyRun run = fresh(config);
    std::vector<std::vector<std::pair<std::string, std::string>>> seen;
    run.onModel = [&](const Graph& model) { seen.push_back(storedBytes(model)); };
    run.train();
    ASSERT_EQ(seen.size(), 3u);
    int moved = 0;
    for (const auto& [name, bytes] : seen[2]) {
        if (!name.ends_with(".zero_point")) continue;
        const auto before = std::ranges::find(seen[1], name, &std::pair<std::string, std::string>::first);
        ASSERT_NE(before, seen[1].end()) << name;
        moved += bytes != before->second;
    }
    EXPECT_GT(moved, 5) << "in the second epoch with quantizers";
}

TEST_F(Course, EasierEpochsAreNotTheBest) {
    config.qat.floatEpochs = 1;
    config.train.patience = 1;
    TinyRun run = fresh(config);
    run.fitness = [](int validation) { return validation == 1 ? 0.9 : 0.1 * validation; };
    const TrainOutcome outcome = run.train();
    EXPECT_EQ(outcome.epochs.size(), 3u) << "patience does not count them";
    EXPECT_EQ(outcome.bestEpoch, 3);
    EXPECT_TRUE(outcome.epochs[0].easier);
    EXPECT_FALSE(outcome.epochs[1].easier);
}

TEST_F(Course, WidthsFallFromEpochToEpoch) {
    config.qat.gradualBits = {.weight = 8, .activation = 0, .duration = 2};
    EXPECT_EQ(widths(config), (std::vector<int64_t>{8, 6, 4}));
    config.qat.gradualBits.duration = 5;
    EXPECT_EQ(widths(config), (std::vector<int64_t>{8, 8, 7}));
}

TEST_F(Course, StatisticsOfNormsFreeze) {
    config.train.bnFreezeEpoch = 1;
    config.ema.enabled = false;
    TinyRun run = fresh(config);
    std::vector<std::string> means, weights;
    run.onModel = [&](const Graph& model) {
        means.push_back(bytesOf(model, "model.1.bn.running_mean"));
        weights.push_back(bytesOf(model, "model.1.conv.weight"));
    };
    run.train();
    ASSERT_EQ(means.size(), 3u);
    EXPECT_EQ(means[1], means[0]);
    EXPECT_EQ(means[2], means[0]);
    EXPECT_NE(weights[1], weights[0]);
    config.train.bnFreezeEpoch = 0;
    TinyRun free = fresh(config);
    means.clear();
    free.onModel = run.onModel;
    free.train();
    EXPECT_NE(means[1], means[0]);
}

TEST_F(Course, FrozenLayersKeepTheirWeights) {
    config.train.frozenLayers = {"^model\\.[01]\\."};
    TinyRun run = fresh(config);
    run.train();
    const Graph start = tinyDetector();
    for (const char* name : {"model.0.conv.weight", "model.1.conv.weight", "model.1.bn.weight", "model.1.bn.bias"})
        EXPECT_EQ(bytesOf(*run.graph, name), bytesOf(start, name)) << name;
    EXPECT_NE(bytesOf(*run.graph, "model.2.conv.weight"), bytesOf(start, "model.2.conv.weight"));
    config.train.frozenLayers = {"model", "^backbone"};
    try {
        fresh(config).train();
        FAIL() << "must be refused";
    } catch (const Error& error) {
        EXPECT_EQ(std::string(error.what()), "train_params.frozen_layers: ^backbone matches no layer");
    }
}

TEST_F(Course, ImageSizesAreDrawnForTheStep) {
    const at::Tensor images = at::rand({1, 3, 160, 160});
    EXPECT_TRUE(resizeForMultiScale(images, config, 32, 0).is_same(images));
    config.train.multiScale = 0.5;
    std::set<int64_t> sizes;
    for (int64_t step = 0; step < 60; ++step) {
        const at::Tensor drawn = resizeForMultiScale(images, config, 32, step);
        EXPECT_EQ(drawn.size(2), drawn.size(3));
        sizes.insert(drawn.size(2));
        EXPECT_EQ(resizeForMultiScale(images, config, 32, step).size(2), drawn.size(2));
    }
    EXPECT_EQ(sizes, (std::set<int64_t>{96, 128, 160, 192, 224}));
    config.train.multiScale = 0.5;
    const Curve drawn = losses(config);
    config.train.multiScale = 0;
    EXPECT_NE(drawn, losses(config));
}

struct Mode {
    const char* name;
    Quantize quantize;
    void (*set)(Config&);
};

class CourseResume : public testing::TestWithParam<Mode> {
protected:
    const ScratchFolder scratch;
    static Config config() {
        Config config = tinyConfig(GetParam().quantize);
        GetParam().set(config);
        return config;
    }
};

TEST_P(CourseResume, GivesTheBitsOfOneSitting) {
    TinyRun whole{config(), scratch.path() / "whole"};
    whole.train();
    // Stopped within an epoch; killed right after the change at the first epoch's end.
    for (const auto& [at, level] : {std::pair{6, StopLevel::FinishBatch}, {5, StopLevel::Abandon}}) {
        const auto folder = scratch.path() / std::to_string(at);
        TinyRun stopped{config(), folder};
        stopped.sink.onProgress = [&](std::string_view, int64_t step) {
            if (step == at) stopped.cancel.request(level);
        };
        if (level == StopLevel::Abandon)
            EXPECT_THROW(stopped.train(), Error);
        else
            EXPECT_TRUE(stopped.train().stopped);
        TinyRun resumed{config(), folder};
        resumed.train(true);
        EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph)) << at;
        EXPECT_EQ(readFile(folder / "checkpoint/train_state.safetensors"),
                  readFile(whole.folder / "checkpoint/train_state.safetensors"));
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, CourseResume,
                         testing::Values(Mode{"FloatThenLsq", Quantize::Lsq, [](Config& c) { c.qat.floatEpochs = 1; }},
                                         Mode{"FloatThenSteNarrowing", Quantize::Ste,
                                              [](Config& c) {
                                                  c.qat.floatEpochs = 1;
                                                  c.qat.gradualBits = {.weight = 8, .activation = 0, .duration = 2};
                                              }},
                                         Mode{"NarrowingFreezing", Quantize::Lsq,
                                              [](Config& c) {
                                                  c.qat.gradualBits = {.weight = 8, .activation = 8, .duration = 2};
                                                  c.quantization.activation.bitWidth = 4;
                                                  c.oscillation.momentum = 0.5;
                                                  c.oscillation.freeze = {
                                                      .threshold = 0.2, .startThreshold = 0.2, .begin = 0};
                                              }},
                                         Mode{"NormsSizesLayers", Quantize::Lsq,
                                              [](Config& c) {
                                                  c.train.bnFreezeEpoch = 1;
                                                  c.train.multiScale = 0.5;
                                                  c.train.frozenLayers = {"^model\\.0\\."};
                                              }}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace qat::test
