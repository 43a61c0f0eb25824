// One parameter of every group under SGD, Adam and AdamW, against the textbook formulas in double precision.
#include "train/optimizer.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "train/ema.h"

namespace qat {
namespace {

constexpr size_t kLength = 3;
const std::vector<std::string> kNames{"w", "b", "bn.weight", "bn.bias", "scale"};

TensorPtr parameter(std::vector<float> values, at::IntArrayRef shape) {
    auto tensor = std::make_shared<at::Tensor>(at::tensor(values).reshape(shape));
    tensor->requires_grad_(true);
    return tensor;
}

// A convolution with bias, a batch norm, a learned quantizer: one parameter of each kind.
Graph oneOfEach() {
    Graph graph;
    const ValueId x = graph.addInput("x", {1, 1, 1, 1});
    const ValueId w = graph.addParameter("w", parameter({0.5f, -1.5f, 2.0f}, {3, 1, 1, 1}), {3, 1, 1, 1});
    const ValueId b = graph.addParameter("b", parameter({0.1f, 0.2f, -0.3f}, {3}), {3});
    ValueId y = graph.add("conv", Conv2d{}, {x, w, b});
    const ValueId gamma = graph.addParameter("bn.weight", parameter({1.0f, 0.9f, 1.1f}, {3}), {3});
    const ValueId beta = graph.addParameter("bn.bias", parameter({0.0f, 0.4f, -0.4f}, {3}), {3});
    const ValueId mean = graph.addBuffer("bn.mean", std::make_shared<at::Tensor>(at::zeros({3})), {3});
    const ValueId variance = graph.addBuffer("bn.var", std::make_shared<at::Tensor>(at::ones({3})), {3});
    y = graph.add("bn", BatchNorm{}, {y, gamma, beta, mean, variance});
    const ValueId scale = graph.addParameter("scale", parameter({0.05f, 0.06f, 0.07f}, {3}), {3});
    const ValueId zero = graph.addBuffer("zero", std::make_shared<at::Tensor>(at::zeros({3})), {3});
    y = graph.add("quant", FakeQuantize{FakeQuantMode::Lsq, 8, -128, 127, 1, 1.0, false}, {y, scale, zero});
    graph.setOutput("out", y);
    return graph;
}

at::Tensor& tensorOf(Graph& graph, const std::string& name) {
    return *graph.value(*graph.findValue(name)).data;
}

std::vector<double> valuesOf(Graph& graph, const std::string& name) {
    const at::Tensor flat = tensorOf(graph, name).detach().reshape({-1}).to(at::kDouble);
    return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

double gradientAt(size_t parameter, size_t i, int step) {
    return 0.1 * std::sin(1.0 + static_cast<double>(parameter) + 2.0 * static_cast<double>(i) + 3.0 * step);
}

void setGradients(Graph& graph, int step, double factor = 1) {
    for (size_t k = 0; k < kNames.size(); ++k) {
        at::Tensor& tensor = tensorOf(graph, kNames[k]);
        std::vector<float> g;
        for (size_t i = 0; i < kLength; ++i) g.push_back(static_cast<float>(factor * gradientAt(k, i, step)));
        tensor.mutable_grad() = at::tensor(g).reshape(tensor.sizes());
    }
}

TrainConfig configOf(OptimizerKind kind) {
    TrainConfig config;
    config.optimizer = kind;
    config.batchSize = 16;
    config.nominalBatch = 64;
    config.weightDecay = 0.05;
    return config;
}

const StepSettings kSettings{
    .lrBias = 0.03, .lrWeight = 0.02, .lrNorm = 0.01, .lrQuant = 0.005, .momentum = 0.9, .accumulate = 4};
const std::vector<double> kRates{0.02, 0.03, 0.01, 0.03, 0.005};  // of kNames

struct Literal {
    std::vector<double> p, m = std::vector<double>(kLength), v = std::vector<double>(kLength);

    void sgd(size_t i, double g, double lr, double decay, double momentum = 0.9) {
        g += decay * p[i];
        m[i] = momentum * m[i] + g;
        p[i] -= lr * (g + momentum * m[i]);
    }
    void adam(size_t i, double g, double lr, double decay, bool decoupled, int t, double beta = 0.9) {
        if (decoupled)
            p[i] -= lr * decay * p[i];
        else
            g += decay * p[i];
        m[i] = beta * m[i] + (1 - beta) * g;
        v[i] = 0.999 * v[i] + 0.001 * g * g;
        p[i] -= lr * (m[i] / (1 - std::pow(beta, t))) / (std::sqrt(v[i] / (1 - std::pow(0.999, t))) + 1e-8);
    }
};

Optimizer optimizerOf(const Graph& graph, const TrainConfig& config) {
    return {trainedParameters(graph, config), config};
}

class OptimizerKinds : public testing::TestWithParam<OptimizerKind> {};

TEST_P(OptimizerKinds, FollowTheirFormulas) {
    Graph graph = oneOfEach();
    Optimizer optimizer = optimizerOf(graph, configOf(GetParam()));
    std::vector<Literal> literal(kNames.size());
    for (size_t k = 0; k < kNames.size(); ++k) literal[k].p = valuesOf(graph, kNames[k]);
    for (int step = 1; step <= 5; ++step) {
        setGradients(graph, step);
        optimizer.step(kSettings);
        for (size_t k = 0; k < kNames.size(); ++k)
            for (size_t i = 0; i < kLength; ++i) {
                const double g = gradientAt(k, i, step), decay = k == 0 ? 0.05 : 0.0;
                if (GetParam() == OptimizerKind::Sgd)
                    literal[k].sgd(i, g, kRates[k], decay);
                else
                    literal[k].adam(i, g, kRates[k], decay, GetParam() == OptimizerKind::AdamW, step);
            }
    }
    EXPECT_EQ(optimizer.steps(), 5);
    for (size_t k = 0; k < kNames.size(); ++k) {
        const auto values = valuesOf(graph, kNames[k]);
        for (size_t i = 0; i < kLength; ++i) EXPECT_NEAR(values[i], literal[k].p[i], 1e-6) << kNames[k] << " " << i;
    }
}

// 50 steps of 60 under warm-up, cosine schedule and averaging, all written out once more.
TEST_P(OptimizerKinds, FollowScheduleAndAverage) {
    TrainConfig config = configOf(GetParam());
    config.nominalBatch = config.batchSize;
    config.epochs = 6;
    config.lr = 0.02;
    config.warmupEpochs = 2;
    config.momentum = 0.9;
    config.weightDecay = 0.05;
    constexpr int64_t kBatches = 10;
    const EmaConfig averaging{.decay = 0.98, .tau = 10};
    Graph graph = oneOfEach();
    Optimizer optimizer(trainedParameters(graph, config), config);
    Ema ema(graph, averaging);
    std::vector<Literal> literal(kNames.size());
    std::vector<std::vector<double>> average;
    for (size_t k = 0; k < kNames.size(); ++k) average.push_back(literal[k].p = valuesOf(graph, kNames[k]));
    const bool sgd = GetParam() == OptimizerKind::Sgd;
    for (int step = 0; step < 50; ++step) {
        setGradients(graph, step);
        optimizer.step(settingsAt(config, step, kBatches));
        ema.update(graph);
        const double epoch = step / 10,
                     warm = std::min(1.0, step / 30.0);  // 100 batches at least, half the run at most
        const double target = 0.02 * ((1 - std::cos(M_PI * epoch / 6)) / 2 * (0.01 - 1) + 1);
        const double rise = warm * target, bias = sgd ? 0.1 + warm * (target - 0.1) : rise, momentum = 0.8 + warm * 0.1;
        const double decay = 0.98 * (1 - std::exp(-(step + 1) / 10.0));
        for (size_t k = 0; k < kNames.size(); ++k)
            for (size_t i = 0; i < kLength; ++i) {
                const double lr = kNames[k] == "b" || kNames[k] == "bn.bias" ? bias
                                  : kNames[k] == "scale" && !sgd             ? 0.1 * rise
                                                                             : rise;
                const double g = gradientAt(k, i, step), wd = k == 0 ? 0.05 : 0.0;
                if (sgd)
                    literal[k].sgd(i, g, lr, wd, momentum);
                else
                    literal[k].adam(i, g, lr, wd, GetParam() == OptimizerKind::AdamW, step + 1, momentum);
                average[k][i] = decay * average[k][i] + (1 - decay) * literal[k].p[i];
            }
    }
    for (size_t k = 0; k < kNames.size(); ++k) {
        const auto values = valuesOf(graph, kNames[k]), averaged = valuesOf(ema.graph(), kNames[k]);
        for (size_t i = 0; i < kLength; ++i) {
            EXPECT_NEAR(values[i], literal[k].p[i], 1e-6 * (1 + std::abs(values[i]))) << kNames[k] << " " << i;
            EXPECT_NEAR(averaged[i], average[k][i], 1e-6 * (1 + std::abs(averaged[i]))) << kNames[k] << " " << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(All, OptimizerKinds,
                         testing::Values(OptimizerKind::Sgd, OptimizerKind::Adam, OptimizerKind::AdamW));

TEST(Optimizer, OnlyWeightsDecay) {
    for (const OptimizerKind kind : {OptimizerKind::Sgd, OptimizerKind::Adam, OptimizerKind::AdamW}) {
        Graph graph = oneOfEach();
        Optimizer optimizer = optimizerOf(graph, configOf(kind));
        setGradients(graph, 1, 0);
        std::vector<std::vector<double>> before;
        for (const auto& name : kNames) before.push_back(valuesOf(graph, name));
        optimizer.step(kSettings);
        for (size_t k = 1; k < kNames.size(); ++k) EXPECT_EQ(valuesOf(graph, kNames[k]), before[k]) << kNames[k];
        EXPECT_LT(std::abs(valuesOf(graph, "w")[2]), std::abs(before[0][2]));
    }
}

// Gradients are sums over the images of a step, so the decay grows with them: by batch x accumulate / nominal.
TEST(Optimizer, DecayFollowsTheImagesOfAStep) {
    TrainConfig config = configOf(OptimizerKind::Sgd);
    config.batchSize = 24;  // three batches, 72 images a step
    Graph graph = oneOfEach();
    Optimizer optimizer(trainedParameters(graph, config), config);
    setGradients(graph, 1, 0);
    const double before = valuesOf(graph, "w")[2];
    optimizer.step(kSettings);
    const double g = 0.05 * 72.0 / 64.0 * before;
    EXPECT_NEAR(valuesOf(graph, "w")[2], before - 0.02 * (g + 0.9 * g), 1e-6);
}

TEST(Optimizer, ClipsTheGlobalNormToTen) {
    TrainConfig config = configOf(OptimizerKind::Sgd);
    config.weightDecay = 0;
    Graph clipped = oneOfEach(), scaled = oneOfEach();
    Optimizer first(trainedParameters(clipped, config), config), second(trainedParameters(scaled, config), config);
    double norm = 0;
    for (size_t k = 0; k < kNames.size(); ++k)
        for (size_t i = 0; i < kLength; ++i) norm += std::pow(1000 * gradientAt(k, i, 1), 2);
    norm = std::sqrt(norm);
    setGradients(clipped, 1, 1000);
    EXPECT_NEAR(first.step(kSettings), norm, 1e-4 * norm);
    setGradients(scaled, 1, 1000 * 10 / (norm + 1e-6));
    EXPECT_NEAR(second.step(kSettings), 10, 1e-4);
    for (const auto& name : kNames)
        for (size_t i = 0; i < kLength; ++i)
            EXPECT_NEAR(valuesOf(clipped, name)[i], valuesOf(scaled, name)[i], 1e-6) << name;
}

TEST(Optimizer, LeavesEverythingAsItWasIfTheGradientIsNotFinite) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        Graph graph = oneOfEach();
        Optimizer optimizer = optimizerOf(graph, configOf(OptimizerKind::AdamW));
        setGradients(graph, 1);
        optimizer.step(kSettings);
        const auto before = valuesOf(graph, "b");
        const at::Tensor moment = optimizer.state().front().second->clone();
        setGradients(graph, 2);
        tensorOf(graph, "w").mutable_grad().data_ptr<float>()[1] = bad;
        EXPECT_FALSE(std::isfinite(optimizer.step(kSettings)));
        EXPECT_EQ(valuesOf(graph, "b"), before);
        EXPECT_TRUE(at::equal(moment, *optimizer.state().front().second));
        EXPECT_EQ(optimizer.steps(), 1);
        EXPECT_FALSE(tensorOf(graph, "w").grad().defined());
    }
}

TEST(Optimizer, GradientsInAnotherMemoryOrderCountTheSame) {
    const auto weight = [] { return parameter({1, 2, 3, 4, 5, 6, 7, 8}, {1, 2, 2, 2}); };
    const auto build = [&] {
        Graph graph;
        const ValueId x = graph.addInput("x", {1, 2, 2, 2});
        graph.setOutput("out", graph.add("conv", Conv2d{}, {x, graph.addParameter("w", weight(), {1, 2, 2, 2})}));
        return graph;
    };
    Graph plain = build(), reordered = build();
    const at::Tensor gradient = at::arange(8, at::kFloat).reshape({1, 2, 2, 2});
    tensorOf(plain, "w").mutable_grad() = gradient.clone();
    tensorOf(reordered, "w").mutable_grad() = gradient.contiguous(at::MemoryFormat::ChannelsLast);
    const TrainConfig sgd = configOf(OptimizerKind::Sgd);
    Optimizer first(trainedParameters(plain, sgd), sgd), second(trainedParameters(reordered, sgd), sgd);
    EXPECT_NEAR(first.step(kSettings), second.step(kSettings), 1e-6);
    EXPECT_EQ(valuesOf(plain, "w"), valuesOf(reordered, "w"));
}

TEST(Optimizer, RefusesStateOfAnotherShape) {
    Graph graph = oneOfEach();
    Optimizer optimizer = optimizerOf(graph, configOf(OptimizerKind::Sgd));
    auto state = optimizer.state();
    state.front().second = std::make_shared<at::Tensor>(at::zeros({5}));
    EXPECT_THROW(optimizer.restore(state, 1), Error);
    state.erase(state.begin());
    EXPECT_THROW(optimizer.restore(state, 1), Error);
}

}  // namespace
}  // namespace qat
