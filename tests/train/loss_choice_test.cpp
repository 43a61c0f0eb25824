// Which loss a graph is trained with, by its heads, and that training with two heads tells it of epochs.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "loss/anchor_loss.h"
#include "loss/end_to_end_loss.h"
#include "loss/yolov8_loss.h"
#include "run/executor.h"
#include "support/assets.h"
#include "support/bad_input.h"
#include "support/tensors.h"
#include "task/task.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

std::unique_ptr<Loss> lossOf(const Graph& graph, const TrainConfig& config = {}) {
    const auto data =
        openDataset("shapes:train=16,val=4,size=64", DataSplit::Train, DataCheck::Strict, LabelKind::Boxes);
    return taskOf(graph.info).makeLoss(graph, config, *data);
}

DetectionLossOptions tinyOptions(int64_t regMax) {
    return {.numClasses = 6, .regMax = regMax, .strides = {8, 16, 32}};
}

at::Tensor targets() {
    return at::tensor({0.f, 2.f, 0.4f, 0.4f, 0.3f, 0.5f,  //
                       1.f, 5.f, 0.6f, 0.5f, 0.4f, 0.2f,  //
                       1.f, 0.f, 0.3f, 0.3f, 0.03f, 0.03f})
        .view({3, 6});
}

// The same from the network's outputs, in the order of the loss.
void expectSameLoss(const Graph& graph, const Loss& ours, const Loss& wanted) {
    ASSERT_EQ(ours.outputs(), wanted.outputs());
    const auto maps = Executor(graph, {.outputs = ours.outputs()}).run(randomTensor({2, 3, 64, 64}, 4, 0, 1));
    EXPECT_EQ(ours.of(maps, targets()).total.item<float>(), wanted.of(maps, targets()).total.item<float>());
    EXPECT_EQ(ours.settings(), wanted.settings());
}

TEST(LossChoice, ASingleHeadHasThatOfItsSides) {
    const Graph bins = tinyDetector();
    expectSameLoss(bins, *lossOf(bins), Yolov8Loss(bins.outputNames(OutputRole::RawHead), tinyOptions(4)));
    Graph plain = tinyTwoHeads(1);
    for (const std::string& name : plain.outputNames(OutputRole::OtherRawHead)) plain.dropOutput(name);
    plain.info.head.clear();
    DetectionLossOptions options = tinyOptions(1);
    options.enlargesSmall = true;
    expectSameLoss(plain, *lossOf(plain), Yolov8Loss(plain.outputNames(OutputRole::RawHead), options));
    plain.info.head = kOneToOne;
    options.topk = 7, options.topk2 = 1;
    expectSameLoss(plain, *lossOf(plain), Yolov8Loss(plain.outputNames(OutputRole::RawHead), options));
}

TEST(LossChoice, TwoHeadsShareAsTheirFamilyDoesOrAsAsked) {
    const EndToEndLoss::Maps maps{{"head.0", "head.1", "head.2"}, {"other.head.0", "other.head.1", "other.head.2"}};
    for (const int64_t regMax : {int64_t{1}, int64_t{4}}) {
        const Graph graph = tinyTwoHeads(regMax);
        const HeadBalance usual = regMax == 1 ? HeadBalance::Decaying : HeadBalance::Equal;
        TrainConfig config;
        expectSameLoss(graph, *lossOf(graph), EndToEndLoss(maps, tinyOptions(regMax), usual));
        config.endToEnd = EndToEndKind::Equal;
        expectSameLoss(graph, *lossOf(graph, config), EndToEndLoss(maps, tinyOptions(regMax), HeadBalance::Equal));
        config.endToEnd = EndToEndKind::Decaying;
        expectSameLoss(graph, *lossOf(graph, config), EndToEndLoss(maps, tinyOptions(regMax), HeadBalance::Decaying));
    }
}

// Which head is deployed changes names, and no number.
TEST(LossChoice, TheDeployedHeadDoesNotMatter) {
    Graph graph = tinyTwoHeads(1);
    const auto before = lossOf(graph);
    const at::Tensor images = randomTensor({2, 3, 64, 64}, 4, 0, 1);
    const float expected =
        before->of(Executor(graph, {.outputs = before->outputs()}).run(images), targets()).total.item<float>();
    deployHead(graph, kOneToMany);
    const auto after = lossOf(graph);
    EXPECT_EQ(after->outputs().front(), "other.head.0");
    EXPECT_EQ(after->of(Executor(graph, {.outputs = after->outputs()}).run(images), targets()).total.item<float>(),
              expected);
}

TEST(LossChoice, AnchorsHaveTheWeightsOfTheConfigurationAsTheyStand) {
    const Graph graph = tinyAnchors();
    TrainConfig config;
    config.lossWeights = {.box = 0.1, .cls = 0.3, .obj = 0.7, .dfl = std::nullopt};
    const AnchorLossOptions options{.numClasses = 6,
                                    .strides = {8, 16, 32},
                                    .anchors = graph.info.anchors,
                                    .boxGain = 0.1,
                                    .clsGain = 0.3,
                                    .objGain = 0.7};
    expectSameLoss(graph, *lossOf(graph, config), AnchorLoss(graph.outputNames(OutputRole::RawHead), options));
}

TEST(LossChoice, WithoutAHeadThereIsNone) {
    Graph graph = tinyDetector();
    for (const std::string& name : graph.outputNames(OutputRole::RawHead)) graph.dropOutput(name);
    try {
        lossOf(graph);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::Unsupported);
        EXPECT_STREQ(error.what(), "there is no training loss for tiny: it has no detection head");
    }
}

// Passes on, and remembers of which epochs it heard.
class Listening final : public Loss {
public:
    Listening(std::unique_ptr<Loss> loss, std::vector<int64_t>& heard) : m_loss(std::move(loss)), m_heard(heard) {}
    std::vector<std::string> outputs() const override { return m_loss->outputs(); }
    void beginEpoch(int64_t epoch, int64_t epochs) override {
        EXPECT_EQ(epochs, 3);
        m_heard.push_back(epoch);
        m_loss->beginEpoch(epoch, epochs);
    }
    LossValue of(const std::vector<at::Tensor>& outputs, const at::Tensor& targets) const override {
        return m_loss->of(outputs, targets);
    }
    std::vector<std::string> settings() const override { return m_loss->settings(); }

private:
    std::unique_ptr<Loss> m_loss;
    std::vector<int64_t>& m_heard;
};

struct TwoHeadedRun : TinyRun {
    std::vector<int64_t> heard;

    explicit TwoHeadedRun(const std::filesystem::path& runFolder) : TinyRun(configOf(), runFolder) {
        network = [] { return tinyTwoHeads(1); };
        loss = std::make_unique<Listening>(lossOf(tinyTwoHeads(1)), heard);
    }
    static Config configOf() {
        Config config = tinyConfig();
        config.train.optimizer = OptimizerKind::MuSgd;
        return config;
    }
};

TEST(TwoHeads, AStoppedTrainingGoesOnWithTheShareOfItsEpoch) {
    const ScratchFolder scratch;
    TwoHeadedRun whole(scratch.path() / "whole");
    whole.train();
    EXPECT_EQ(whole.heard, (std::vector<int64_t>{0, 1, 2}));
    TwoHeadedRun stopped(scratch.path() / "parts");
    stopped.sink.onProgress = [&](std::string_view, int64_t step) {
        if (step == 6) stopped.cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_TRUE(stopped.train().stopped);
    TwoHeadedRun resumed(scratch.path() / "parts");
    resumed.train(true);
    EXPECT_EQ(resumed.heard, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(storedBytes(*resumed.graph), storedBytes(*whole.graph));
}

TEST(TwoHeads, LearnTogetherWithTheNetworkInFrontOfThem) {
    const ScratchFolder scratch;
    TwoHeadedRun run(scratch.path());
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.epochs.size(), 3u);
    EXPECT_LT(sumOf(outcome.epochs.back().losses), sumOf(outcome.epochs.front().losses));
    const Graph start = tinyTwoHeads(1);
    for (const char* moved : {"model.2.conv.weight", "one.0.weight", "many.0.weight"})
        EXPECT_GT(maxDifference(*run.graph->value(*run.graph->findValue(moved)).data,
                                *start.value(*start.findValue(moved)).data),
                  1e-4)
            << moved;
}

TEST(Anchors, TheLossOfATrainingFalls) {
    const ScratchFolder scratch;
    TinyRun run(tinyConfig(), scratch.path());
    run.network = [] { return tinyAnchors(); };
    const TrainOutcome outcome = run.train();
    ASSERT_EQ(outcome.epochs.size(), 3u);
    EXPECT_EQ(outcome.epochs.back().losses.at(1).name, "obj");
    EXPECT_LT(sumOf(outcome.epochs.back().losses), sumOf(outcome.epochs.front().losses));
}

}  // namespace
}  // namespace qat::test
