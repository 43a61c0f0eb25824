// MuSGD beside the same written out in double, which knows nothing of our loops.
#include "train/muon.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "ops/matrix_product.h"
#include "support/tensors.h"
#include "train/optimizer.h"

namespace qat::test {
namespace {

// Five steps on the matrix of out x rest, on whichever side; singular values do not know the difference.
at::Tensor turned(const at::Tensor& update) {
    at::Tensor x = update.flatten(1);
    x = x / (x.norm() + 1e-7);
    for (int step = 0; step < 5; ++step) {
        const at::Tensor a = at::matmul(x, x.t());
        x = 3.4445 * x + at::matmul(-4.7750 * a + 2.0315 * at::matmul(a, a), x);
    }
    const double rows = static_cast<double>(x.size(0)), columns = static_cast<double>(x.size(1));
    return (x * std::sqrt(std::max(1.0, rows / columns))).view_as(update);
}

// A parameter under both updates, in double.
struct Literal {
    at::Tensor p, muon, sgd;

    explicit Literal(const at::Tensor& start) : p(start.detach().to(at::kDouble)) {
        muon = at::zeros_like(p), sgd = at::zeros_like(p);
    }
    void step(const at::Tensor& gradient, double lr, double momentum, double decay) {
        at::Tensor g = gradient.to(at::kDouble);
        if (p.dim() >= 2) {
            muon = momentum * muon + (1 - momentum) * g;
            p = p - 0.2 * lr * turned(momentum * muon + (1 - momentum) * g);
        }
        g = g + decay * p;
        sgd = momentum * sgd + g;
        p = p - lr * (g + momentum * sgd);
    }
};

TrainConfig muSgd(double decay = 0) {
    TrainConfig config;
    config.optimizer = OptimizerKind::MuSgd;
    config.weightDecay = decay;
    config.batchSize = config.nominalBatch = 16;
    config.maxGradNorm = 0;
    return config;
}

StepSettings rates(double lr, double momentum) {
    return {.lrBias = lr, .lrWeight = lr, .lrNorm = lr, .lrQuant = lr, .momentum = momentum, .accumulate = 1};
}

TrainedParameter trained(const std::string& name, const at::Tensor& start, ParameterGroup group, double decay = 0) {
    const auto order = start.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
    auto tensor = std::make_shared<at::Tensor>(start.clone(order).requires_grad_(true));
    return {.name = name, .tensor = std::move(tensor), .group = group, .decay = decay};
}

// Wide, tall and square kernels, one a channel, a plain matrix, and a bias.
const std::vector<Shape> kShapes{{8, 3, 3, 3}, {40, 4, 1, 1}, {27, 3, 3, 3}, {12, 1, 3, 3}, {6, 20}, {16}};

TEST(MuSgd, FollowsTheRuleWrittenOutInDouble) {
    for (const double momentum : {0.9, 0.937})
        for (const double decay : {0.0, 0.05}) {
            std::vector<TrainedParameter> parameters;
            std::vector<Literal> literal;
            for (size_t i = 0; i < kShapes.size(); ++i) {
                const at::Tensor start = randomTensor(kShapes[i], i);
                parameters.push_back(trained(str("p", i), start, ParameterGroup::Weight, decay));
                literal.emplace_back(start);
            }
            Optimizer optimizer(parameters, muSgd(decay));
            for (int step = 0; step < 30; ++step) {
                const double lr = 0.01 + 0.001 * step, size = step % 7 == 0 ? 3.0 : 0.3;
                for (size_t i = 0; i < kShapes.size(); ++i) {
                    const at::Tensor gradient =
                        size * randomTensor(kShapes[i], 100 * static_cast<uint64_t>(step + 1) + i);
                    parameters[i].tensor->mutable_grad() = gradient.clone();
                    literal[i].step(gradient, lr, momentum, decay);
                }
                optimizer.step(rates(lr, momentum));
            }
            for (size_t i = 0; i < kShapes.size(); ++i) {
                EXPECT_LT(relativeDifference(*parameters[i].tensor, literal[i].p), 2e-5) << "parameter " << i;
                EXPECT_GT(maxDifference(*parameters[i].tensor, randomTensor(kShapes[i], i)), 0.1) << "it moved";
            }
        }
}

TEST(MuSgd, GradientsAreClippedForBoth) {
    TrainConfig config = muSgd();
    config.maxGradNorm = 1;
    std::vector<TrainedParameter> parameters{trained("w", randomTensor({8, 12}, 1), ParameterGroup::Weight)};
    Literal literal(*parameters[0].tensor);
    Optimizer optimizer(parameters, config);
    for (int step = 0; step < 4; ++step) {
        const at::Tensor gradient = (step == 2 ? 0.01 : 5.0) * randomTensor({8, 12}, 10 + static_cast<uint64_t>(step));
        parameters[0].tensor->mutable_grad() = gradient.clone();
        literal.step(gradient * std::min(1.0, 1 / gradient.norm().item<double>()), 0.02, 0.9, 0);
        optimizer.step(rates(0.02, 0.9));
    }
    EXPECT_LT(relativeDifference(*parameters[0].tensor, literal.p), 1e-5);
}

// Scales of several dimensions, too, are no matrices.
TEST(MuSgd, WhatIsNoWeightTakesStepsOfSgdToTheBit) {
    for (const ParameterGroup group : {ParameterGroup::Bias, ParameterGroup::Norm, ParameterGroup::Quantizer}) {
        TrainConfig sgd = muSgd();
        sgd.optimizer = OptimizerKind::Sgd;
        const at::Tensor start = randomTensor({6, 1, 1, 1}, 3);
        std::vector<TrainedParameter> ours{trained("p", start, group)}, theirs{trained("p", start, group)};
        Optimizer first(ours, muSgd()), second(theirs, sgd);
        for (int step = 0; step < 3; ++step) {
            for (const auto* one : {&ours, &theirs})
                one->front().tensor->mutable_grad() = randomTensor({6, 1, 1, 1}, 20 + static_cast<uint64_t>(step));
            first.step(rates(0.02, 0.9));
            second.step(rates(0.02, 0.9));
        }
        EXPECT_TRUE(at::equal(*ours[0].tensor, *theirs[0].tensor));
        EXPECT_EQ(first.state().size(), 1u) << "one moment";
    }
}

TEST(MuSgd, BitsDoNotDependOnTheNumberOfThreads) {
    const int threads = at::get_num_threads();
    std::vector<at::Tensor> results;
    for (const int count : {1, 2, 3}) {
        at::set_num_threads(count);
        std::vector<TrainedParameter> parameters{trained("a", randomTensor({96, 50, 3, 3}, 1), ParameterGroup::Weight),
                                                 trained("b", randomTensor({301, 37}, 2), ParameterGroup::Weight)};
        Optimizer optimizer(parameters, muSgd(0.01));
        for (int step = 0; step < 3; ++step) {
            for (TrainedParameter& p : parameters)
                p.tensor->mutable_grad() = randomTensor(p.tensor->sizes().vec(), 7 + static_cast<uint64_t>(step));
            optimizer.step(rates(0.02, 0.9));
        }
        for (const TrainedParameter& p : parameters) results.push_back(p.tensor->detach());
    }
    at::set_num_threads(threads);
    for (size_t i = 2; i < results.size(); ++i) EXPECT_TRUE(at::equal(results[i], results[i % 2])) << i;
}

TEST(MuSgd, GoesOnFromItsState) {
    const auto make = [] {
        return std::vector{trained("w", randomTensor({8, 3, 3, 3}, 1), ParameterGroup::Weight),
                           trained("b", randomTensor({8}, 2), ParameterGroup::Bias)};
    };
    const auto steps = [](Optimizer& optimizer, std::vector<TrainedParameter>& parameters, int from, int to) {
        for (int step = from; step < to; ++step) {
            for (TrainedParameter& p : parameters)
                p.tensor->mutable_grad() = randomTensor(p.tensor->sizes().vec(), 30 + static_cast<uint64_t>(step));
            optimizer.step(rates(0.02, 0.9));
        }
    };
    auto whole = make(), parts = make();
    Optimizer once(whole, muSgd()), first(parts, muSgd()), second(parts, muSgd());
    steps(once, whole, 0, 6);
    steps(first, parts, 0, 3);
    second.restore(first.state(), first.steps());
    steps(second, parts, 3, 6);
    for (size_t i = 0; i < whole.size(); ++i) EXPECT_TRUE(at::equal(*whole[i].tensor, *parts[i].tensor)) << i;
    Optimizer::State state = first.state();
    ASSERT_EQ(state.size(), 3u);
    std::erase_if(state, [](const auto& moment) { return moment.first == "w#second"; });
    EXPECT_THROW(second.restore(state, 3), Error);
}

// What the five steps are for: a matrix of any scale comes out with singular values near 1.
TEST(Muon, SingularValuesComeNearToOne) {
    for (const Shape& shape : {Shape{10, 40}, Shape{40, 10}}) {
        const at::Tensor matrix = 1e-4 * randomTensor(shape, 5);
        const at::Tensor x = orthogonalized(matrix, matrix.square().sum().item<double>(), matrixProduct);
        const at::Tensor product = shape[0] < shape[1] ? x.mm(x.t()) : x.t().mm(x);
        EXPECT_NEAR(product.trace().item<double>(), 10, 4) << "sum of their squares";
        const at::Tensor beside = product - product.diag().diag();
        EXPECT_LT(beside.abs().max().item<double>(), 0.4);
    }
}

}  // namespace
}  // namespace qat::test
