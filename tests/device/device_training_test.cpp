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

    // Largest differences of losses and of weights, relative.
    struct Apart {
        double losses = 0, weights = 0;
    };
    static Apart between(const Trained& one, const Trained& other) {
        Apart apart;
        for (size_t i = 0; i < one.losses.size(); ++i)
            apart.losses = std::max(apart.losses, std::abs(other.losses[i] / one.losses[i] - 1));
        for (const ValueId id : one.graph.storedValues())
            apart.weights = std::max(apart.weights,
                                     relativeDifference(other.graph.value(id).data->cpu(), *one.graph.value(id).data));
        return apart;
    }

    // The device takes the first two steps like our loops. Later ones part, since labels are given to other anchors and
    // values to other codes by a last bit; but not further than those of a training whose start differs in last bits.
    void compare(const Config& config) const {
        DeviceTinyRun mine(config, scratch.path() / "cpu", "cpu"), theirs(config, scratch.path() / "cuda", "cuda");
        TinyRun nudged(config, scratch.path() / "nudged");
        nudged.network = [] {
            Graph graph = tinyDetector();
            for (const ValueId id : graph.storedValues())
                if (graph.value(id).kind == ValueKind::Parameter)
                    graph.value(id).data->mul_(1 + randomTensor(graph.value(id).shape, 11) * 3e-7);
            return graph;
        };
        const Trained here = train(mine), there = train(theirs), near = train(nudged);
        ASSERT_GE(here.losses.size(), 8u);
        ASSERT_EQ(there.losses.size(), here.losses.size());
        for (size_t i = 0; i < 2; ++i) EXPECT_NEAR(there.losses[i], here.losses[i], 1e-5 * here.losses[i]);
        for (const ValueId id : there.graph.storedValues())
            EXPECT_EQ(nameOf(there.graph.value(id).data->device()), "cuda:0") << there.graph.value(id).name;
        const Apart device = between(here, there), bits = between(here, near);
        EXPECT_LE(device.losses, 1e-5 + 10 * bits.losses);
        EXPECT_LE(device.weights, 1e-5 + 10 * bits.weights);
    }
};

TEST_F(DeviceTraining, InFloat) {
    Config config = tinyConfig();
    config.train.lr = 1e-4;
    compare(config);
}

TEST_F(DeviceTraining, WithObservedRanges) {
    Config config = tinyConfig(Quantize::Ste);
    config.quantization.weight.bitWidth = 8;
    config.train.lr = 1e-4;
    compare(config);
}

TEST_F(DeviceTraining, WithLearnedScalesFreezingAndDampening) {
    Config config = tinyConfig(Quantize::Lsq);
    config.oscillation.freeze = {.threshold = 0.2, .startThreshold = 0.2};
    config.oscillation.dampen.weight = 0.001;
    config.train.optimizer = OptimizerKind::AdamW;
    config.train.lr = 1e-4;
    config.train.maxGradNorm = 5;
    compare(config);
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
