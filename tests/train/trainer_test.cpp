// The loop as a whole: it learns, reports, keeps the best, stops early, and says what is wrong.
#include "train/trainer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "import/checkpoint.h"
#include "support/assets.h"
#include "support/bad_input.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

class Training : public testing::TestWithParam<Quantize> {
protected:
    const ScratchFolder scratch;
};

double sum(const EpochResult& epoch) {
    return sumOf(epoch.losses);
}

TEST_P(Training, DecreasesTheLoss) {
    TinyRun run{tinyConfig(GetParam()), scratch.path()};
    run.config.train.epochs = 12;
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.epochs.size(), 12u);
    for (const EpochResult& epoch : outcome.epochs) EXPECT_TRUE(std::isfinite(sum(epoch)));
    EXPECT_LT(sum(outcome.epochs.back()), 0.93 * sum(outcome.epochs.front()));
    EXPECT_FALSE(outcome.stopped);
    EXPECT_FALSE(outcome.exhausted);
}

TEST_P(Training, SameSeedSameBits) {
    TinyRun first{tinyConfig(GetParam()), scratch.path() / "a"};
    TinyRun second{tinyConfig(GetParam()), scratch.path() / "b"};
    second.config.run.workers = 0;
    first.train();
    second.train();
    EXPECT_EQ(storedBytes(*first.graph), storedBytes(*second.graph));
}

std::string modeName(const testing::TestParamInfo<Quantize>& mode) {
    return mode.param == Quantize::None ? "Float" : mode.param == Quantize::Ste ? "Ste" : "Lsq";
}

INSTANTIATE_TEST_SUITE_P(Modes, Training, testing::Values(Quantize::None, Quantize::Ste, Quantize::Lsq), modeName);

class Trainer : public testing::Test {
protected:
    const ScratchFolder scratch;
    TinyRun run{tinyConfig(), scratch.path()};

    std::string failure() {
        return badInput([this] { run.train(); });
    }
};

TEST_F(Trainer, ReportsEveryStepAndEpoch) {
    std::map<std::string, std::set<double>, std::less<>> seen;
    run.sink.onScalar = [&](std::string_view series, double x, double value) {
        EXPECT_TRUE(std::isfinite(value)) << series;
        seen[std::string(series)].insert(x);
    };
    const TrainOutcome outcome = run.train();
    for (const char* series : {"train/box_loss", "train/cls_loss", "train/dfl_loss", "lr/pg0", "lr/pg1", "lr/pg2"}) {
        EXPECT_EQ(seen[series].size(), 12u) << series;
        EXPECT_EQ(*seen[series].begin(), 1) << series;
        EXPECT_EQ(*seen[series].rbegin(), 12) << series;
    }
    for (const char* series : {"metrics/precision(B)", "metrics/recall(B)", "metrics/mAP50(B)", "metrics/mAP50-95(B)"})
        EXPECT_EQ(seen[series], (std::set<double>{1, 2, 3})) << series;
    EXPECT_FALSE(seen.contains("oscillation/share"));
    EXPECT_EQ(outcome.epochs[2].epoch, 3);
    EXPECT_NEAR(outcome.epochs[2].score(), 0.1, 1e-12);
}

TEST_F(Trainer, AccumulatesToTheNominalBatch) {
    run.config.train.nominalBatch = 16;
    run.config.train.warmupEpochs = 0;
    int steps = 0;
    run.sink.onScalar = [&](std::string_view series, double, double) { steps += series == "lr/pg0"; };
    run.train();
    EXPECT_EQ(steps, 3);  // one an epoch of four batches
}

// Ties move the best epoch, but best.safetensors is only replaced by something better.
TEST_F(Trainer, KeepsTheBestWeights) {
    run.fitness = [](int validation) { return validation == 2 ? 0.5 : 0.2; };
    const TrainOutcome outcome = run.train();
    EXPECT_EQ(outcome.bestEpoch, 2);
    EXPECT_NE(readFile(scratch.path() / "weights/best.safetensors"),
              readFile(scratch.path() / "weights/last.safetensors"));
    const Checkpoint last = readCheckpoint(scratch.path() / "weights/last.safetensors");
    EXPECT_EQ(last.classNames.size(), 6u);
    EXPECT_EQ(last.numClasses, 6);
    const NamedTensor* weight = last.find("model.0.conv.weight");
    ASSERT_NE(weight, nullptr);
    EXPECT_TRUE(at::equal(*weight->tensor, *run.graph->value(*run.graph->findValue("model.0.conv.weight")).data));
}

TEST_F(Trainer, StopsWhenPatienceRunsOut) {
    run.config.train.epochs = 9;
    run.config.train.patience = 2;
    run.fitness = [](int validation) { return validation == 1 ? 0.5 : 0.2; };
    const TrainOutcome outcome = run.train();
    EXPECT_EQ(outcome.epochs.size(), 3u);
    EXPECT_TRUE(outcome.exhausted);
    run.fitness = {};
    const TrainOutcome again = run.train(true);
    EXPECT_EQ(again.epochs.size(), 3u) << "a resumed run must not forget that it was over";
    EXPECT_TRUE(again.exhausted);
}

TEST_F(Trainer, FollowsOscillationOfLowBitWeights) {
    run.config = tinyConfig(Quantize::Ste);
    std::map<double, double> shares;
    run.sink.onScalar = [&](std::string_view series, double x, double value) {
        if (series == "oscillation/share") shares[x] = value;
    };
    run.train();
    ASSERT_EQ(shares.size(), 3u);
    double restless = 0, all = 0;
    for (const NamedTensor& tensor : readCheckpoint(scratch.path() / "checkpoint/train_state.safetensors").tensors) {
        if (!tensor.name.starts_with("oscillation/") || !tensor.name.ends_with("#frequency")) continue;
        restless += tensor.tensor->gt(0.005).sum().item<double>();
        all += static_cast<double>(tensor.tensor->numel());
    }
    ASSERT_GT(all, 0);
    EXPECT_GT(restless, 0) << "codes have swung";
    EXPECT_DOUBLE_EQ(shares[3], restless / all) << "what the checkpoint knows";
    run.config.train.lr = 0;
    run.train();
    for (const auto& [epoch, share] : shares) EXPECT_EQ(share, 0) << "nothing moved, epoch " << epoch;
}

TEST_F(Trainer, SaysWhenTheLossIsNotFinite) {
    run.config.train.lr = 1e30;
    run.config.train.warmupEpochs = 0;
    const TrainOutcome outcome = run.train();
    EXPECT_TRUE(outcome.halted);
    EXPECT_NE(outcome.incidents.at(0).what.find("loss is not finite in epoch"), std::string::npos)
        << outcome.incidents.at(0).what;
    EXPECT_NE(outcome.incidents.at(0).cause.find("learning rate"), std::string::npos) << outcome.incidents.at(0).cause;
}

TEST_F(Trainer, SaysWhenThereAreFewerImagesThanABatch) {
    run.config.train.batchSize = 32;
    const std::string message = failure();
    EXPECT_NE(message.find("train_params.batch_size is 32"), std::string::npos) << message;
    EXPECT_NE(message.find("16 images"), std::string::npos) << message;
}

TEST_F(Trainer, LearnsWithoutAveragingToo) {
    run.config.ema.enabled = false;
    const TrainOutcome outcome = run.train();
    EXPECT_EQ(outcome.epochs.size(), 3u);
    const Checkpoint last = readCheckpoint(scratch.path() / "weights/last.safetensors");
    EXPECT_TRUE(at::equal(*last.find("model.1.conv.weight")->tensor,
                          *run.graph->value(*run.graph->findValue("model.1.conv.weight")).data));
}

TEST_F(Trainer, TrainsWithPerChannelActivations) {
    run.config = tinyConfig(Quantize::Ste);
    run.config.quantization.activation.scheme = Scheme::PerChannel;
    const Graph before = [&] {
        Graph graph = tinyDetector();
        insertCalibrated(graph, run.config);
        return graph;
    }();
    EXPECT_EQ(run.train().epochs.size(), 3u);
    int perChannel = 0;
    for (const NodeId id : run.graph->order()) {
        const auto* op = std::get_if<FakeQuantize>(&run.graph->node(id).op);
        if (!op || op->weight || op->axis < 0 || run.graph->node(id).name == "images.quant")
            continue;  // pictures stay as they are
        ++perChannel;
        const ValueId scale = run.graph->node(id).inputs[1];
        const at::Tensor scales = run.graph->value(scale).data->detach(),
                         first = *before.value(*before.findValue(run.graph->value(scale).name)).data;
        ASSERT_GT(scales.numel(), 1) << run.graph->node(id).name;
        ASSERT_EQ(scales.sizes(), first.sizes());
        EXPECT_GT((scales.max() / scales.min()).item<double>(), 1.01)
            << run.graph->node(id).name << ": channels have ranges of their own";
        EXPECT_FALSE(at::equal(scales, first)) << run.graph->node(id).name << ": they follow training";
    }
    EXPECT_GT(perChannel, 5);
}

}  // namespace
}  // namespace qat::test
