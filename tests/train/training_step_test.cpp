// The step on its own: what its verbs do, and that ranks which add their gradients train one model.
#include "train/training_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <barrier>
#include <thread>

#include "loss/yolov8_loss.h"
#include "quant/unquantized.h"
#include "support/tensors.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

constexpr StepSettings kEqualRates{
    .lrBias = 0.01, .lrWeight = 0.01, .lrNorm = 0.01, .lrQuant = 0.01, .momentum = 0.9, .accumulate = 1};

// Threads of one process as ranks.
class Threads {
public:
    explicit Threads(int64_t size) : m_sent(static_cast<size_t>(size)), m_meet(size) {}

    class Rank final : public Communicator {
    public:
        Rank(Threads& all, int64_t rank) : m_all(all), m_rank(rank) {}
        int64_t rank() const override { return m_rank; }
        int64_t size() const override { return static_cast<int64_t>(m_all.m_sent.size()); }
        void sum(std::span<float> numbers) override {
            m_all.m_sent[static_cast<size_t>(m_rank)].assign(numbers.begin(), numbers.end());
            m_all.m_meet.arrive_and_wait();
            std::ranges::fill(numbers, 0.0f);
            for (const std::vector<float>& sent : m_all.m_sent)
                for (size_t i = 0; i < numbers.size(); ++i) numbers[i] += sent.at(i);
            m_all.m_meet.arrive_and_wait();
        }

    private:
        Threads& m_all;
        int64_t m_rank;
    };

private:
    std::vector<std::vector<float>> m_sent;
    std::barrier<> m_meet;
};

// A tiny detector with its optimizer, and batch norms that do not look at the batch.
struct Trainee {
    Graph graph = tinyDetector();
    TrainConfig config = configOf();
    Yolov8Loss loss{graph.outputNames(OutputRole::RawHead), {.numClasses = 6, .regMax = 4, .strides = {8, 16, 32}}};
    std::optional<Optimizer> optimizer;
    std::optional<TrainingStep> step;

    explicit Trainee(Communicator& communicator = SingleProcess::instance()) {
        prepareTensors(graph, Gradients::OfParameters);
        optimizer.emplace(trainedParameters(graph, config), config);
        step.emplace(StepParts{.graph = graph, .loss = loss, .optimizer = *optimizer, .communicator = communicator});
        step->enter({.followsNorms = false});
    }
    static TrainConfig configOf() {
        TrainConfig config;
        config.optimizer = OptimizerKind::Sgd;
        config.maxGradNorm = 0;
        return config;
    }
    TrainingStep::Update take(const at::Tensor& images, const at::Tensor& targets) {
        step->forward(images);
        step->loss(targets);
        step->backward();
        step->reduce();
        return step->update(kEqualRates, 0, images.size(0));
    }
};

// One object in the middle of each of so many pictures.
at::Tensor targetsOf(int64_t pictures) {
    at::Tensor rows = at::empty({pictures, 6});
    for (int64_t i = 0; i < pictures; ++i)
        rows[i] = at::tensor({static_cast<float>(i), static_cast<float>(i % 6), 0.5f, 0.5f, 0.4f, 0.4f});
    return rows;
}

at::Tensor imagesOf(uint64_t seed) {
    return randomTensor({2, 3, 64, 64}, seed, 0, 1);
}

// What a network in float makes of a batch is no range of the quantized one.
TEST(TrainingStep, ObserversDoNotSeeStepsWithoutQuantizers) {
    const auto rangesAfter = [](bool plainFirst) {
        const Config config = tinyConfig(Quantize::Ste);
        Trainee trainee;
        QuantizerSet set = insertCalibrated(trainee.graph, config);
        const Graph plain = withoutQuantizers(trainee.graph);
        trainee.step.emplace(StepParts{
            .graph = trainee.graph, .loss = trainee.loss, .optimizer = *trainee.optimizer, .quantizers = &set});
        const auto look = [&](const StepMode& mode, const at::Tensor& images) {
            trainee.step->enter(mode);
            trainee.step->forward(images);
            trainee.step->loss(targetsOf(2));
            trainee.step->backward();
        };
        if (plainFirst) look({.plain = &plain, .followsNorms = false}, 50 * imagesOf(1));
        look({.followsNorms = false}, imagesOf(2));
        std::vector<std::vector<float>> ranges;
        for (const Quantizer& q : set.all())
            ranges.insert(ranges.end(), {q.observer.range().low, q.observer.range().high});
        return ranges;
    };
    EXPECT_EQ(rangesAfter(true), rangesAfter(false));
}

TEST(TrainingStep, GradientsOfBatchesAddUpUntilTheUpdate) {
    Trainee trainee;
    const auto gradientOf = [&](uint64_t seed) {
        trainee.step->forward(imagesOf(seed));
        trainee.step->loss(targetsOf(2));
        trainee.step->backward();
        return trainee.graph.value(*trainee.graph.findValue("model.1.conv.weight")).data->grad().clone();
    };
    const at::Tensor first = gradientOf(1), both = gradientOf(2);
    trainee.step->drop();
    const at::Tensor second = gradientOf(2);
    EXPECT_TRUE(at::allclose(both, first + second, 1e-4, 1e-5));
    EXPECT_GT((both - first).abs().max().item<double>(), 0);
}

TEST(TrainingStep, RanksThatAddTheirGradientsTrainOneModel) {
    Trainee alone;
    for (const uint64_t seed : {1, 2}) {
        alone.step->forward(imagesOf(seed));
        alone.step->loss(targetsOf(2));
        alone.step->backward();
    }
    const double norm = alone.step->update(kEqualRates, 0, 4).gradientNorm;

    Threads threads(2);
    Threads::Rank one(threads, 0), two(threads, 1);
    Trainee left(one), right(two);
    TrainingStep::Update ofLeft, ofRight;
    std::thread other([&] { ofRight = right.take(imagesOf(2), targetsOf(2)); });
    ofLeft = left.take(imagesOf(1), targetsOf(2));
    other.join();

    EXPECT_EQ(ofLeft.gradientNorm, ofRight.gradientNorm);
    EXPECT_NEAR(ofLeft.gradientNorm, norm, 1e-4 * norm);
    EXPECT_EQ(storedBytes(left.graph), storedBytes(right.graph));
    EXPECT_NE(storedBytes(left.graph), storedBytes(tinyDetector()));
    for (const ValueId id : alone.graph.storedValues())
        EXPECT_TRUE(at::allclose(*left.graph.value(id).data, *alone.graph.value(id).data, 1e-4, 1e-5))
            << alone.graph.value(id).name;
}

// One process alone adds nothing and so has the bits that it had without a communicator.
TEST(TrainingStep, AloneThereIsNothingToReduce) {
    Trainee reduced, bare;
    reduced.take(imagesOf(1), targetsOf(2));
    bare.step->forward(imagesOf(1));
    bare.step->loss(targetsOf(2));
    bare.step->backward();
    bare.step->update(kEqualRates, 0, 2);
    EXPECT_EQ(storedBytes(reduced.graph), storedBytes(bare.graph));
    EXPECT_EQ(SingleProcess::instance().size(), 1);
}

TEST(TrainingStep, DroppedBatchesLeaveNoTrace) {
    Trainee disturbed, calm;
    disturbed.step->forward(imagesOf(9));
    disturbed.step->loss(targetsOf(2));
    disturbed.step->backward();
    disturbed.step->drop();
    disturbed.take(imagesOf(1), targetsOf(2));
    calm.take(imagesOf(1), targetsOf(2));
    EXPECT_EQ(storedBytes(disturbed.graph), storedBytes(calm.graph));
}

// Observed ranges follow the batch, unless the step is told to leave grids alone.
TEST(TrainingStep, GridsFollowTheBatchOnlyWhereTheyMay) {
    const auto scaleAfter = [](bool movesGrids) {
        Graph graph = tinyDetector();
        QuantizerSet quantizers = insertCalibrated(graph, tinyConfig(Quantize::Ste));
        prepareTensors(graph, Gradients::OfParameters);
        const TrainConfig config = Trainee::configOf();
        const Yolov8Loss loss(graph.outputNames(OutputRole::RawHead),
                              {.numClasses = 6, .regMax = 4, .strides = {8, 16, 32}});
        Optimizer optimizer(trainedParameters(graph, config), config);
        TrainingStep step({.graph = graph, .loss = loss, .optimizer = optimizer, .quantizers = &quantizers});
        step.enter({.movesGrids = movesGrids});
        const Quantizer& input = *std::ranges::find(quantizers.all(), false, &Quantizer::weight);
        const at::Tensor before = graph.value(input.scale).data->clone();
        step.forward(imagesOf(1) * 8);
        step.loss(targetsOf(2));
        step.backward();
        return !at::equal(before, *graph.value(input.scale).data);
    };
    EXPECT_TRUE(scaleAfter(true));
    EXPECT_FALSE(scaleAfter(false));
}

}  // namespace
}  // namespace qat::test
