// The training loop with a network and a loss that are no detector's: a classifier, its cross-entropy and a penalty.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "models/module_builder.h"
#include "support/assets.h"
#include "train/make_loss.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

constexpr int64_t kClasses = 6;

// A picture's class is that of its largest object.
at::Tensor classesOf(const at::Tensor& targets, int64_t pictures) {
    at::Tensor classes = at::zeros({pictures}, at::kLong), areas = at::zeros({pictures});
    const auto rows = targets.accessor<float, 2>();
    for (int64_t i = 0; i < targets.size(0); ++i) {
        const auto picture = static_cast<int64_t>(rows[i][0]);
        const float area = rows[i][4] * rows[i][5];
        if (area <= areas[picture].item<float>()) continue;
        areas[picture] = area;
        classes[picture] = static_cast<int64_t>(rows[i][1]);
    }
    return classes;
}

class ClassLoss final : public Loss {
public:
    std::vector<std::string> outputs() const override { return {"logits"}; }
    LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const override {
        const at::Tensor logits = outputs.at(0).flatten(1);
        const at::Tensor entropy = at::cross_entropy_loss(logits, classesOf(targets, logits.size(0)));
        const at::Tensor size = 0.001 * logits.pow(2).mean();
        return {(entropy + size) * logits.size(0), {{"ce", entropy.item<double>()}, {"size", size.item<double>()}}};
    }
    std::vector<std::string> settings() const override { return {"cross-entropy with a penalty of 0.001"}; }
};

Graph tinyClassifier() {
    Graph graph;
    graph.info = {"classifier", "t", kClasses, std::vector<std::string>(kClasses, "?"), {}, 0};
    Random random(1);
    ModuleBuilder builder(graph, &random);
    ValueId x = graph.addInput("images", {1, 3, -1, -1});
    builder.setChannels(x, 3);
    for (int i = 0; i < 3; ++i) x = builder.conv("model." + std::to_string(i), x, 8 << i, 3, 2);
    x = graph.add("pool", Pool{PoolKind::Max, {8, 8}, {8, 8}, {0, 0}}, {x});
    builder.setChannels(x, 32);
    graph.setOutput("logits", builder.convWithBias("classes", x, kClasses, 1, 0));
    return graph;
}

struct ClassifierRun : TinyRun {
    ClassifierRun(Quantize quantize, std::filesystem::path folder) : TinyRun(tinyConfig(quantize), std::move(folder)) {
        config.train.epochs = 10;
        config.train.optimizer = OptimizerKind::Adam;
        network = tinyClassifier;
        loss = std::make_unique<ClassLoss>();
    }
};

class OtherLoss : public testing::TestWithParam<Quantize> {};

TEST_P(OtherLoss, IsTrainedWithItsOwnTermsAndSeries) {
    const ScratchFolder scratch;
    ClassifierRun run(GetParam(), scratch.path());
    std::map<std::string, int> points;
    std::string setting;
    run.sink.onScalar = [&](std::string_view series, double, double) { ++points[std::string(series)]; };
    run.sink.onLog = [&](LogLevel, std::string_view sentence) {
        if (sentence.starts_with("cross-entropy")) setting = sentence;
    };
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.epochs.size(), 10u);
    ASSERT_EQ(outcome.epochs[0].losses.size(), 2u);
    EXPECT_EQ(outcome.epochs[0].losses[0].name, "ce");
    EXPECT_EQ(outcome.epochs[0].losses[1].name, "size");
    EXPECT_LT(outcome.epochs.back().losses[0].value, 0.8 * outcome.epochs[0].losses[0].value);
    EXPECT_EQ(points["train/ce_loss"], 40);
    EXPECT_EQ(points["train/size_loss"], 40);
    EXPECT_EQ(points.count("train/box_loss"), 0u);
    EXPECT_EQ(setting, "cross-entropy with a penalty of 0.001");
}

TEST_P(OtherLoss, ResumesToTheBit) {
    const ScratchFolder scratch;
    ClassifierRun whole(GetParam(), scratch.path() / "whole"), stopped(GetParam(), scratch.path() / "parts"),
        resumed(GetParam(), scratch.path() / "parts");
    const TrainOutcome expected = whole.train();
    stopped.sink.onProgress = [&](std::string_view, int64_t step) {
        if (step == 6) stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_TRUE(stopped.train().stopped);
    const TrainOutcome outcome = resumed.train(true);
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph));
    for (size_t i = 0; i < 2; ++i)
        EXPECT_EQ(outcome.epochs[1].losses.at(i).value, expected.epochs[1].losses.at(i).value);
}

INSTANTIATE_TEST_SUITE_P(Modes, OtherLoss, testing::Values(Quantize::None, Quantize::Lsq),
                         [](const auto& info) { return info.param == Quantize::None ? "Float" : "Lsq"; });

TEST(MakeLoss, SaysThatAHeadHasNone) {
    const Graph graph = tinyClassifier();
    const auto data = openDataset("shapes:train=4,val=1,size=64", DataSplit::Train);
    try {
        makeLoss(graph, {}, *data);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
        EXPECT_NE(std::string(error.what()).find("no training loss for classifier"), std::string::npos) << error.what();
    }
}

}  // namespace
}  // namespace qat::test
