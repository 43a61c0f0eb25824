// Learned scales in training: the floor they stop at, and the penalty on the ends of PACT's ranges.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "ops/fake_quantize.h"
#include "support/assets.h"
#include "support/tensors.h"
#include "tiny_detector.h"
#include "train/clip_decay.h"
#include "train/optimizer.h"
#include "train/quantizer_report.h"

namespace qat {
namespace {

constexpr float kFloor = 0.01f;
constexpr int64_t kLevels = 15;  // of the unsigned grid below

struct Form {
    const char* name;
    FakeQuantMode mode;
    ScaleForm form;
    bool offset = false;
};

// One quantizer of three learned scales and a bias beside it.
struct LearnedScale : testing::TestWithParam<Form> {
    Graph graph;
    ValueId scale, zeroPoint, bias;

    LearnedScale() {
        FakeQuantize op{GetParam().mode, 4, 0, kLevels, 1, 1.0, false};
        op.scaleForm = GetParam().form;
        op.learnOffset = GetParam().offset;
        op.floor = op.scaleForm == ScaleForm::PowerOfTwo ? 1.0 / 64 : kFloor;
        const auto parameter = [](at::Tensor tensor) {
            return std::make_shared<at::Tensor>(tensor.requires_grad_(true));
        };
        const ValueId x = graph.addInput("x", {1, 3, 1, 1});
        const at::Tensor held = at::tensor({heldScale(op, 0.05f), heldScale(op, 0.06f), heldScale(op, 0.25f)});
        scale = graph.addParameter("scale", parameter(held), {3});
        const auto zeros = [&] { return at::zeros({3}); };
        zeroPoint = GetParam().offset ? graph.addParameter("zero", parameter(zeros()), {3})
                                      : graph.addBuffer("zero", std::make_shared<at::Tensor>(zeros()), {3});
        const ValueId quantized = graph.add("quant", op, {x, scale, zeroPoint});
        const ValueId weight = graph.addBuffer("w", std::make_shared<at::Tensor>(at::ones({1, 3, 1, 1})), {1, 3, 1, 1});
        bias = graph.addParameter("b", parameter(at::zeros({1})), {1});
        graph.setOutput("out", graph.add("conv", Conv2d{}, {quantized, weight, bias}));
    }
    const FakeQuantize& op() const { return std::get<FakeQuantize>(graph.node(*graph.findNode("quant")).op); }
    at::Tensor& data(ValueId id) { return *graph.value(id).data; }
    at::Tensor plain() { return plainScales(op(), data(scale).detach()); }
    static TrainConfig plainSgd() {
        TrainConfig config;
        config.batchSize = config.nominalBatch = 1;
        config.weightDecay = 0;
        return config;
    }
    static StepSettings rate(double lr, double momentum = 0) { return {lr, lr, lr, lr, momentum, 1}; }
};

INSTANTIATE_TEST_SUITE_P(Every, LearnedScale,
                         testing::Values(Form{"lsq", FakeQuantMode::Lsq, ScaleForm::Plain},
                                         Form{"lsq_plus", FakeQuantMode::Lsq, ScaleForm::Plain, true},
                                         Form{"log2", FakeQuantMode::Lsq, ScaleForm::Log2},
                                         Form{"power_of_two", FakeQuantMode::Lsq, ScaleForm::PowerOfTwo},
                                         Form{"pact", FakeQuantMode::Pact, ScaleForm::Plain},
                                         Form{"pact_log2", FakeQuantMode::Pact, ScaleForm::Log2}),
                         [](const auto& info) { return info.param.name; });

TEST_P(LearnedScale, StopsAtTheFloorHoweverLargeTheGradientAndComesBack) {
    for (const OptimizerKind kind : {OptimizerKind::Sgd, OptimizerKind::AdamW}) {
        TrainConfig config = plainSgd();
        config.optimizer = kind;
        config.maxGradNorm = 0;
        Optimizer optimizer(trainedParameters(graph, config), config);
        for (int step = 0; step < 3; ++step) {
            data(scale).mutable_grad() = at::tensor({1e6f, 0.0f, 1e6f});
            optimizer.step(rate(kind == OptimizerKind::Sgd ? 1.0 : 100.0));
        }
        EXPECT_NEAR(plain()[0].item<double>(), op().floor, 1e-6 * op().floor);
        EXPECT_NEAR(plain()[2].item<double>(), op().floor, 1e-6 * op().floor);
        const at::Tensor x = at::full({1, 3, 1, 1}, 0.3f).requires_grad_(true);
        EXPECT_TRUE(fakeQuantize(op(), x, data(scale), data(zeroPoint)).isfinite().all().item<bool>());
        for (int step = 0; step < 100; ++step) {  // Adam's moments have to forget
            data(scale).mutable_grad() = at::full({3}, -1e6f);
            optimizer.step(rate(kind == OptimizerKind::Sgd ? 1e-6 : 1.0));
        }
        EXPECT_GT(plain()[0].item<double>(), 1.5 * op().floor) << "one gradient the other way";
    }
}

// The end of the range is a = 15 s, and Pact moves s by 1 / 15^2 of the gradient by s, so that a moves by its own.
TEST_P(LearnedScale, ClipDecayIsTheGradientOfHalfTheSquaredEnd) {
    constexpr double kLambda = 30, kRate = 0.01, kStep = 1e-5;
    const at::Tensor held = data(scale).detach().to(at::kDouble);
    const auto penalty = [&](double p, double at) {  // the rounding of an exponent passes: it is a constant here
        const double rounding = op().scaleForm == ScaleForm::PowerOfTwo ? std::nearbyint(at) - at : 0;
        const double s = op().scaleForm == ScaleForm::Plain ? p : std::exp2(p + rounding);
        return kLambda / 2 * kLevels * kLevels * s * s;
    };
    Optimizer optimizer(trainedParameters(graph, plainSgd(), {{scale, kLambda}}), plainSgd());
    data(scale).mutable_grad() = at::zeros({3});
    data(bias).mutable_grad() = at::full({1}, 1e5f);  // clips all gradients of the loss to next to nothing
    optimizer.step(rate(kRate));
    for (int64_t i = 0; i < 3; ++i) {
        const double p = held[i].item<double>(),
                     slope = (penalty(p + kStep, p) - penalty(p - kStep, p)) / (2 * kStep) / (kLevels * kLevels);
        EXPECT_NEAR((p - data(scale)[i].item<double>()) / kRate, slope, 1e-3 * slope + 1e-5);
    }
}

struct LearnedRun : testing::Test {
    test::ScratchFolder scratch;
    int runs = 0;

    Graph trained(const Config& config) {
        test::TinyRun run(config, scratch.path() / std::to_string(runs++));
        run.train();
        return std::move(*run.graph);
    }
    static Config pact(std::optional<double> decay) {
        Config config = test::tinyConfig(test::Quantize::Lsq);
        config.quantization.fakeQuantize.type = FakeQuantKind::Pact;
        config.quantization.fakeQuantize.clipDecay = decay;
        return config;
    }
    static double sumOfScales(const Graph& graph) {
        double sum = 0;
        for (const ValueId id : graph.storedValues())
            if (graph.value(id).name.ends_with(".scale")) sum += graph.value(id).data->sum().item<double>();
        return sum;
    }
};

TEST_F(LearnedRun, ClipDecayDrawsTheEndsOfRangesIn) {
    const double without = sumOfScales(trained(pact(0))), with = sumOfScales(trained(pact(1)));
    EXPECT_LT(with, 0.999 * without);
}

TEST_F(LearnedRun, ClipDecayIsThatOfTheWeightsUnlessGiven) {
    const Config inherited = pact(std::nullopt);
    EXPECT_EQ(test::storedBytes(trained(inherited)), test::storedBytes(trained(pact(inherited.train.weightDecay))));
    EXPECT_NE(test::storedBytes(trained(inherited)), test::storedBytes(trained(pact(0))));
}

TEST_F(LearnedRun, OnlyPactDecaysItsScales) {
    Config config = test::tinyConfig(test::Quantize::Lsq);
    Graph graph = test::tinyDetector();
    EXPECT_TRUE(clipDecays(test::insertCalibrated(graph, config), config.train).empty());
}

TEST_F(LearnedRun, TheReportTellsWhichScalesStandAtTheFloor) {
    Graph graph = test::tinyDetector();
    QuantizerSet set = test::insertCalibrated(graph, test::tinyConfig(test::Quantize::Lsq));
    const Quantizer& lowered = set.all().front();
    for (const Quantizer& q : set.all())
        EXPECT_EQ(std::get<FakeQuantize>(graph.node(q.nodes.front()).op).floor, q.smallestScale()) << q.name;
    const at::Tensor images = test::randomTensor({1, 3, 64, 64}, 1, 0, 1);
    const std::vector<QuantizerReport> before = reportQuantizers(graph, set, images);
    graph.value(lowered.scale).data->detach()[0] = -1.0f;
    const std::vector<QuantizerReport> after = reportQuantizers(graph, set, images);
    const auto channels = static_cast<double>(graph.value(lowered.scale).data->numel());
    for (size_t i = 0; i < after.size(); ++i) {
        EXPECT_EQ(after[i].atFloor, before[i].atFloor + (after[i].name == lowered.name ? 1 / channels : 0))
            << after[i].name;
        EXPECT_TRUE(after[i].learned);
        EXPECT_EQ(after[i].metrics().at("at_floor"), after[i].atFloor);
    }
}

}  // namespace
}  // namespace qat
