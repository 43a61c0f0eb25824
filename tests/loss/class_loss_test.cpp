// The losses of classifiers against their definitions, values and gradients.
#include "loss/class_loss.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "support/tensors.h"

namespace qat {
namespace {

struct Batch {
    at::Tensor logits = test::randomTensor({5, 4}, 3, -3, 3).requires_grad_(true);
    at::Tensor classes = at::tensor(std::vector<int64_t>{0, 3, 3, 1, 2});
};

// The loss of a batch and its gradient by the logits.
std::pair<at::Tensor, at::Tensor> lossOf(const ClassLossOptions& options, const Batch& batch) {
    const at::AutoGradMode gradMode(true);
    const LossValue value = ClassLoss(options).of({batch.logits}, batch.classes);
    value.total.backward();
    at::Tensor gradient = batch.logits.grad().clone();
    batch.logits.mutable_grad() = at::Tensor();
    EXPECT_NEAR(sumOf(value.terms) * 5, value.total.item<double>(), 1e-5);
    return {value.total.detach(), gradient};
}

void expectNear(const at::Tensor& ours, const at::Tensor& wanted) {
    EXPECT_LT((ours - wanted).abs().max().item<double>(), 2e-6);
    EXPECT_GT(wanted.abs().max().item<double>(), 0.01);
}

// -log of the class's share, by hand; smoothed labels are a distribution.
TEST(ClassLoss, EntropyIsThatOfTheDistribution) {
    for (const double smoothing : {0.0, 0.2}) {
        const Batch batch;
        const auto [total, gradient] = lossOf({.numClasses = 4, .labelSmoothing = smoothing}, batch);
        const at::Tensor x = batch.logits.detach();
        const at::Tensor wanted = at::one_hot(batch.classes, 4) * (1 - smoothing) + smoothing / 4;
        expectNear(total, -(wanted * at::log_softmax(x, 1)).sum());
        expectNear(gradient, at::softmax(x, 1) - wanted);
    }
}

TEST(ClassLoss, HingeIsTheSquareOfWhatIsMissing) {
    const Batch batch;
    const auto [total, gradient] = lossOf({.numClasses = 4, .form = ClassLossForm::SquaredHinge}, batch);
    const at::Tensor x = batch.logits.detach(), t = at::one_hot(batch.classes, 4) * 2.0 - 1;
    const at::Tensor missing = (1 - t * x).clamp_min(0);
    expectNear(total, missing.pow(2).mean() * 5);
    expectNear(gradient, -2 * t * missing / 4);
}

TEST(ClassLoss, WeightsCountTheClassesOfThePictures) {
    const Batch batch;
    const std::vector<float> weights{0.5, 1, 2, 0.5};
    const auto entropy = lossOf({.numClasses = 4, .classWeights = weights}, batch).first;
    const at::Tensor x = batch.logits.detach(), own = at::tensor(weights).index_select(0, batch.classes);
    const at::Tensor each = -at::log_softmax(x, 1).gather(1, batch.classes.unsqueeze(1)).squeeze(1);
    expectNear(entropy, (own * each).sum() / own.sum() * 5);
    const auto hinge =
        lossOf({.numClasses = 4, .form = ClassLossForm::SquaredHinge, .classWeights = weights}, batch).first;
    const at::Tensor t = at::one_hot(batch.classes, 4) * 2.0 - 1;
    expectNear(hinge, ((1 - t * x).clamp_min(0).pow(2).mean(1) * own).mean() * 5);
}

// A picture that could not be decoded has no class.
TEST(ClassLoss, PicturesWithoutAClassCountNothing) {
    for (const ClassLossForm form : {ClassLossForm::CrossEntropy, ClassLossForm::SquaredHinge}) {
        Batch batch;
        batch.classes = at::tensor(std::vector<int64_t>{0, -1, 3, -1, 2});
        const auto gradient = lossOf({.numClasses = 4, .form = form}, batch).second;
        EXPECT_EQ(gradient[1].abs().max().item<float>(), 0);
        EXPECT_GT(gradient[0].abs().max().item<float>(), 0);
        batch.classes = at::full({5}, -1, at::kLong);
        EXPECT_EQ(lossOf({.numClasses = 4, .form = form}, batch).second.abs().max().item<float>(), 0);
    }
}

TEST(ClassLoss, ClassesBeyondTheNetworkAreRefused) {
    for (const int64_t wrong : {4, -2}) {
        Batch batch;
        batch.classes = at::tensor(std::vector<int64_t>{0, wrong, 3, 1, 2});
        try {
            ClassLoss({.numClasses = 4}).of({batch.logits}, batch.classes);
            FAIL();
        } catch (const Error& error) {
            EXPECT_EQ(std::string(error.what()),
                      str("a picture is of class ", wrong, ", but the network has 4 classes"));
        }
    }
}

}  // namespace
}  // namespace qat
