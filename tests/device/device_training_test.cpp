// Training a tiny detector on a device against training it on the processor with our loops: losses of every step, the
// final weights, and going on from a checkpoint.
#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "graph/device.h"
#include "support/assets.h"
#include "support/tensors.h"
#include "task/task.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

struct Trained {
    std::vector<double> losses;  // of each step, its terms added up
    Graph graph;
    TrainOutcome outcome;
};

// The tiny detector on a device.
struct DeviceTinyRun : TinyRun {
    DeviceTinyRun(const Config& config, const std::filesystem::path& folder, const std::string& device)
        : TinyRun(config, folder) {
        network = [device] {
            Graph graph = tinyDetector();
            moveTo(graph, findDevice(device));
            return graph;
        };
    }
};

class DeviceTraining : public testing::Test {
protected:
    const ScratchFolder scratch;

    static Trained train(TinyRun& run) {
        Trained trained;
        double step = -1;
        run.sink.onScalar = [&](std::string_view series, double x, double value) {
            if (!series.starts_with("train/")) return;
            if (x != step) trained.losses.push_back(0), step = x;
            trained.losses.back() += value;
        };
        trained.outcome = run.train();
        trained.graph = std::move(*run.graph);
        return trained;
    }

    // Twice the same training; relative differences of losses and of weights stay within the bounds.
    void compare(const Config& config, double losses, double weights) const {
        DeviceTinyRun mine(config, scratch.path() / "cpu", "cpu"), theirs(config, scratch.path() / "cuda", "cuda");
        const Trained here = train(mine), there = train(theirs);
        ASSERT_GE(here.losses.size(), 8u);
        ASSERT_EQ(there.losses.size(), here.losses.size());
        for (size_t i = 0; i < here.losses.size(); ++i)
            EXPECT_NEAR(there.losses[i], here.losses[i], losses * here.losses[i]) << "step " << i + 1;
        for (const ValueId id : here.graph.storedValues()) {
            const Value &ours = here.graph.value(id), &moved = there.graph.value(id);
            EXPECT_EQ(nameOf(moved.data->device()), "cuda:0") << moved.name;
            EXPECT_LE(relativeDifference(moved.data->cpu(), *ours.data), weights) << ours.name;
        }
    }
};

TEST_F(DeviceTraining, InFloat) {
    compare(tinyConfig(), 1e-4, 1e-3);
}

TEST_F(DeviceTraining, WithObservedRanges) {
    Config config = tinyConfig(Quantize::Ste);
    config.quantization.weight.bitWidth = 8;
    config.train.lr = 1e-3;
    compare(config, 1e-3, 1e-2);
}

TEST_F(DeviceTraining, WithLearnedScalesFreezingAndDampening) {
    Config config = tinyConfig(Quantize::Lsq);
    config.oscillation.freeze = {.threshold = 0.2, .startThreshold = 0.2};
    config.oscillation.dampen.weight = 0.001;
    config.train.optimizer = OptimizerKind::AdamW;
    config.train.lr = 1e-4;
    config.train.maxGradNorm = 5;
    compare(config, 2e-3, 5e-2);
}

TEST_F(DeviceTraining, BesideATeacher) {
    Config config = tinyConfig(Quantize::Ste);
    config.distillation.enabled = config.qat.useDistillation = true;
    DeviceTinyRun run(config, scratch.path() / "cuda", "cuda");
    run.teacher = tinyDetector(7, 24);
    moveTo(*run.teacher, findDevice("cuda"));
    const Trained there = train(run);
    ASSERT_EQ(there.outcome.epochs.size(), 3u);
    EXPECT_GT(there.outcome.epochs.back().distillLoss.value_or(0), 0);
}

// Same device, same bits: after three epochs as after one, a stop, and two more.
TEST_F(DeviceTraining, GoesOnFromACheckpoint) {
    const Config config = tinyConfig(Quantize::Ste);
    DeviceTinyRun uninterrupted(config, scratch.path() / "whole", "cuda");
    const Trained whole = train(uninterrupted);
    DeviceTinyRun parted(config, scratch.path() / "parted", "cuda");
    parted.sink.onProgress = [&](std::string_view, int64_t done) {
        if (done == 5) parted.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_TRUE(parted.train().stopped);
    DeviceTinyRun rest(config, parted.folder, "cuda");
    rest.train(true);
    for (const ValueId id : whole.graph.storedValues())
        EXPECT_TRUE(sameBits(rest.graph->value(id).data->cpu(), whole.graph.value(id).data->cpu()))
            << whole.graph.value(id).name;
}

}  // namespace
}  // namespace qat::test
