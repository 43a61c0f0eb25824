// Training loop and metric list with a task that is no detection: a classifier from epoch to results.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "support/assets.h"
#include "task/classify_task.h"
#include "train/tiny_classifier.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

struct ClassifierRun : TinyRun {
    ClassifyTask task;

    // The pictures lie beside the run's folder.
    ClassifierRun(Quantize quantize, const std::filesystem::path& place, const char* name)
        : TinyRun(tinyConfig(quantize), place / name) {
        const auto pictures = place / "pictures";
        if (!std::filesystem::exists(pictures)) writeClassFolders(pictures, 16, 4);
        config.data.path = pictures.string();
        labels = task.labels();
        config.train.epochs = 10;
        config.train.optimizer = OptimizerKind::Adam;
        network = tinyClassifier;
        loss = task.makeLoss(tinyClassifier(), {}, *open());
        measure = [this](const Graph& graph) {
            LoaderOptions options;
            options.imgsz = config.data.imgsz;
            options.batch = 8;
            Loader loader(open(), options);
            return task.measure(graph, loader, false, cancel, {}).metrics;
        };
    }
    std::shared_ptr<const Dataset> open() const {
        return openDataset(config.data.path, DataSplit::Train, DataCheck::Strict, task.labels());
    }
};

class Classifier : public testing::TestWithParam<Quantize> {};

TEST_P(Classifier, IsTrainedWithItsOwnTermsAndSeries) {
    const ScratchFolder scratch;
    ClassifierRun run(GetParam(), scratch.path(), "run");
    std::map<std::string, int> points;
    std::string setting;
    run.sink.onScalar = [&](std::string_view series, double, double) { ++points[std::string(series)]; };
    run.sink.onLog = [&](LogLevel, std::string_view sentence) {
        if (sentence.starts_with("cross-entropy")) setting = sentence;
    };
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.epochs.size(), 10u);
    ASSERT_EQ(outcome.epochs[0].losses.size(), 1u);
    EXPECT_EQ(outcome.epochs[0].losses[0].name, "ce");
    EXPECT_LT(outcome.epochs.back().losses[0].value, 0.8 * outcome.epochs[0].losses[0].value);
    EXPECT_EQ(points["train/ce_loss"], 40);
    EXPECT_EQ(points.count("train/box_loss"), 0u);
    // What it is judged by goes the way of mAP: series, the best epoch, the sentinel.
    EXPECT_EQ(points["metrics/accuracy_top1"], 10);
    EXPECT_EQ(points["metrics/entropy"], 10);
    EXPECT_EQ(points.count("metrics/mAP50-95(B)"), 0u);
    const auto best = std::ranges::max_element(outcome.epochs, {}, &EpochResult::score);
    EXPECT_GT(best->score(), 0.25) << "a guess is right in a sixth of the pictures";
    EXPECT_EQ(outcome.epochs.at(static_cast<size_t>(outcome.bestEpoch - 1)).score(), best->score());
    EXPECT_LT(outcome.epochs.back().metrics.of("cross-entropy"), outcome.epochs.front().metrics.of("cross-entropy"));
    EXPECT_EQ(setting, "cross-entropy");
}

TEST_P(Classifier, ResumesToTheBit) {
    const ScratchFolder scratch;
    ClassifierRun whole(GetParam(), scratch.path(), "whole"), stopped(GetParam(), scratch.path(), "parts"),
        resumed(GetParam(), scratch.path(), "parts");
    const TrainOutcome expected = whole.train();
    stopped.sink.onProgress = [&](std::string_view, int64_t step) {
        if (step == 6) stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_TRUE(stopped.train().stopped);
    const TrainOutcome outcome = resumed.train(true);
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph));
    EXPECT_EQ(outcome.epochs[1].losses.at(0).value, expected.epochs[1].losses.at(0).value);
    for (size_t epoch = 0; epoch < 10; ++epoch)
        EXPECT_EQ(outcome.epochs.at(epoch).score(), expected.epochs.at(epoch).score()) << epoch;
}

INSTANTIATE_TEST_SUITE_P(Modes, Classifier, testing::Values(Quantize::None, Quantize::Lsq),
                         [](const auto& info) { return info.param == Quantize::None ? "Float" : "Lsq"; });

// The sentinel speaks of the figure that counts, whatever it is.
TEST(ClassifierCollapse, IsToldByTheNameOfTheMetric) {
    const ScratchFolder scratch;
    ClassifierRun run(Quantize::None, scratch.path(), "run");
    run.config.train.epochs = 2;
    run.config.gate.reaction = GateReaction::Continue;
    run.measure = [epoch = 0](const Graph&) mutable {
        const double top1 = ++epoch == 1 ? 0.9 : 0.1;
        return Metrics{"accuracy_top1", top1, {{.key = "accuracy_top1", .label = "top-1", .value = top1}}};
    };
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.incidents.size(), 1u);
    EXPECT_EQ(outcome.incidents.front().trouble, Trouble::Collapse);
    EXPECT_EQ(outcome.incidents.front().what.substr(0, 25), "top-1 of epoch 2, 0.1, is");
}

TEST(TaskOf, IsWhatTheGraphSays) {
    const Graph classifier = tinyClassifier();
    const auto data = openDataset("shapes:train=4,val=1,size=64", DataSplit::Train);
    const auto refusal = [&](const std::function<void()>& action) -> std::string {
        try {
            action();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
            return error.what();
        }
        return "nothing was refused";
    };
    Graph other = tinyClassifier();
    other.info.task = "poetry";
    EXPECT_EQ(refusal([&] { taskOf(other.info); }),
              "networks for poetry can neither be measured nor trained, only those for detection and classification");
    EXPECT_EQ(taskOf(classifier.info).name(), "classification");
    EXPECT_EQ(taskOf(parseGraph(dumpGraph(tinyDetector())).info).name(), "detection");
    EXPECT_EQ(parseGraph(dumpGraph(classifier)).info.task, "classification") << "it travels with the graph";
    EXPECT_NE(refusal([&] {
                  taskOf(tinyDetector().info).makeLoss(classifier, {}, *data);
              }).find("no training loss for classifier"),
              std::string::npos);
}

TEST(TaskMetrics, OfDetectionAreWhatFoldersWithoutAListMean) {
    const MetricList now = taskNamed("detection").metrics(), before = listOfEarlierVersions();
    EXPECT_EQ(now.task, before.task);
    EXPECT_EQ(now.metrics, before.metrics);
}

// A class a picture: read from folders, one number a picture in a batch, none for a picture that cannot be decoded.
TEST(ClassLabels, ReachBatchesAsOneNumberAPicture) {
    const ScratchFolder scratch;
    const ClassifierRun run(Quantize::None, scratch.path(), "run");
    const auto data = run.open();
    EXPECT_EQ(data->labelKind(), LabelKind::Class);
    for (const bool augmented : {false, true}) {
        LoaderOptions options;
        options.imgsz = 64, options.workers = 0;
        if (augmented) options.augment = AugmentConfig{};  // with mosaics, which would mix classes
        Loader loader(data, options);
        loader.startEpoch(0);
        const auto batch = loader.next();
        ASSERT_TRUE(batch && batch->targets.scalar_type() == at::kLong);
        ASSERT_EQ(batch->targets.sizes().vec(), (std::vector<int64_t>{16}));
        for (size_t i = 0; i < 16; ++i) {
            const std::string folder = std::filesystem::path(batch->info[i].path).parent_path().filename();
            const auto number = static_cast<size_t>(batch->targets[static_cast<int64_t>(i)].item<int64_t>());
            EXPECT_EQ(data->classNames().at(number), folder);
        }
    }
}

}  // namespace
}  // namespace qat::test
