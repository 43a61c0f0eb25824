// The pieces of the detection loss against published numbers, exact functions and numerical slopes.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/random.h"
#include "loss/loss_align.h"
#include "loss/loss_assigner.h"
#include "loss/loss_boxes.h"
#include "loss/loss_reference.h"
#include "loss/loss_scores.h"
#include "loss/loss_vector.h"

namespace qat {
namespace {

TEST(LossPieces, CompleteIouOfKnownBoxes) {
    EXPECT_NEAR(completeIou({10, 10, 50, 40}, {20, 15, 60, 60}).value, 0.2816935, 1e-7);
    EXPECT_NEAR(completeIou({3, 4, 8, 9}, {3, 4, 8, 9}).value, 1, 1e-6);
    EXPECT_LT(completeIou({0, 0, 1, 1}, {9, 9, 10, 10}).value, -0.8);
}

TEST(LossPieces, CompleteIouGradientIsThatOfAutograd) {
    Random random(3);
    for (int i = 0; i < 200; ++i) {
        Corners a{}, b{};
        for (Corners* box : {&a, &b}) {
            *box = {random.uniform(0, 10), random.uniform(0, 10), 0, 0};
            (*box)[2] = (*box)[0] + random.uniform(0.1, 8);
            (*box)[3] = (*box)[1] + random.uniform(0.1, 8);
        }
        if (i % 4 == 0) b[0] = a[0];  // coinciding edges
        if (i % 8 == 0) b[3] = a[3];
        if (i % 10 == 0) a[2] = b[0];  // touching or inverted
        at::Tensor predicted = at::tensor(at::ArrayRef<double>(a), at::kDouble).requires_grad_();
        const at::Tensor iou = test::referenceIou(predicted, at::tensor(at::ArrayRef<double>(b), at::kDouble));
        iou.backward();
        const CompleteIou ours = completeIou(a, b);
        EXPECT_NEAR(ours.value, iou.item<double>(), 1e-12);
        for (int k = 0; k < 4; ++k)
            EXPECT_NEAR(ours.gradient[static_cast<size_t>(k)], predicted.grad()[k].item<double>(), 1e-9)
                << i << " " << k;
    }
}

TEST(LossPieces, FocalLossOfKnownLogits) {
    std::vector<float> logits(16);
    for (size_t i = 0; i < 16; ++i) logits[i] = static_cast<float>(i) / 10;
    const SideDistribution side = readDistribution(logits.data(), 16);
    EXPECT_NEAR(focalLoss(logits.data(), 16, side, 3.3, 1, nullptr), 3.2966514, 1e-6);
}

TEST(LossPieces, FocalLossStaysFiniteForExtremeLogits) {
    std::vector<float> logits(16, -2000.0f), gradient(16, 0.0f);
    logits[15] = 2000;
    const SideDistribution side = readDistribution(logits.data(), 16);
    EXPECT_EQ(side.expected, 15);
    EXPECT_NEAR(focalLoss(logits.data(), 16, side, 0.0, 1, gradient.data()), 4000, 1e-9);
    EXPECT_NEAR(std::accumulate(gradient.begin(), gradient.end(), 0.0f), 0, 1e-6);
}

TEST(LossPieces, AlignmentOfKnownScore) {
    const Alignment usual;
    EXPECT_NEAR(usual(0.8f, 0.7f), 0.1052285, 1e-7);
    AnchorBoxes boxes(1);
    boxes.x1[0] = 10, boxes.y1[0] = 10, boxes.x2[0] = 50, boxes.y2[0] = 40, boxes.angle[0] = std::atan(40.0f / 30.0f);
    const float logit = std::log(4.0f);  // sigmoid 0.8
    float overlap = 0, align = 0;
    alignRun(boxes, 0, 1, {0, 20, 15, 60, 60}, &logit, 1, usual, &overlap, &align);
    EXPECT_NEAR(overlap, 0.2816935, 1e-6);
    EXPECT_NEAR(align / usual(0.8f, overlap), 1, 1e-6);
}

TEST(LossPieces, ExponentialIsAccurate) {
    for (float x = -87; x <= 88; x += 0.00731f)
        ASSERT_NEAR(vectorExp(x) / std::exp(static_cast<double>(x)), 1, 1.2e-7) << x;
    EXPECT_TRUE(std::isnan(vectorExp(NAN)));
    EXPECT_EQ(vectorExp(0), 1);
    EXPECT_LT(vectorExp(-INFINITY), 2e-38f);
}

TEST(LossPieces, BackgroundLossIsSoftplusForAnyNumberOfClasses) {
    Random random(4);
    for (const int64_t classes : {1, 3, 15, 16, 17, 80, 91}) {
        const int64_t rows = 7, step = classes + 5;
        std::vector<float> logits(static_cast<size_t>(rows * step)), gradient(logits.size(), -7.0f);
        for (float& x : logits) x = static_cast<float>(12 * random.normal());
        double expected = 0;
        for (int64_t i = 0; i < rows * step; ++i)
            if (i % step < classes)
                expected += std::log1p(std::exp(static_cast<double>(logits[static_cast<size_t>(i)])));
        const double sum = backgroundLoss(logits.data(), rows, classes, step, 2, nullptr, gradient.data());
        EXPECT_NEAR(sum / expected, 1, 1e-6) << classes;
        EXPECT_EQ(sum, backgroundLoss(logits.data(), rows, classes, step, 2, nullptr, nullptr));
        for (size_t i = 0; i < logits.size(); ++i) {
            const bool ours = static_cast<int64_t>(i) % step < classes;
            const double slope = ours ? 2 / (1 + std::exp(-static_cast<double>(logits[i]))) : -7;
            ASSERT_NEAR(gradient[i], slope, 4e-7 * std::abs(slope) + 1e-37) << i;
        }
    }
}

TEST(LossPieces, BackgroundLossWeighsItsClasses) {
    Random random(5);
    for (const int64_t classes : {1, 3, 16, 17, 80}) {
        const int64_t rows = 5, step = classes + 2;
        std::vector<float> logits(static_cast<size_t>(rows * step)), gradient(logits.size(), -7.0f), plain = gradient;
        std::vector<float> weights;
        for (float& x : logits) x = static_cast<float>(3 * random.normal());
        for (int64_t c = 0; c < classes; ++c) weights.push_back(static_cast<float>(random.uniform(0, 2)));
        double expected = 0;
        for (int64_t i = 0; i < rows * step; ++i)
            if (i % step < classes)
                expected += weights[static_cast<size_t>(i % step)] *
                            std::log1p(std::exp(static_cast<double>(logits[static_cast<size_t>(i)])));
        const double sum = backgroundLoss(logits.data(), rows, classes, step, 2, weights.data(), gradient.data());
        EXPECT_NEAR(sum / expected, 1, 1e-6) << classes;
        EXPECT_EQ(sum, backgroundLoss(logits.data(), rows, classes, step, 2, weights.data(), nullptr));
        const std::vector<float> ones(static_cast<size_t>(classes), 1.0f);
        backgroundLoss(logits.data(), rows, classes, step, 2, nullptr, plain.data());
        for (size_t i = 0; i < logits.size(); ++i) {
            const bool ours = static_cast<int64_t>(i) % step < classes;
            const float factor = ours ? weights[i % static_cast<size_t>(step)] : 1.0f;
            ASSERT_NEAR(gradient[i], factor * plain[i], 1e-6 * std::abs(plain[i])) << i;
        }
        std::vector<float> same(logits.size(), -7.0f);
        backgroundLoss(logits.data(), rows, classes, step, 2, ones.data(), same.data());
        EXPECT_EQ(same, plain) << "weights of 1 change no bit";
    }
}

TEST(LossPieces, SmallLossesKeepTheirDigits) {
    const float logits[2] = {-30.0f, -30.0f};
    EXPECT_NEAR(backgroundLoss(logits, 1, 2, 2, 1, nullptr, nullptr) / (2 * std::exp(-30.0)), 1, 1e-6);
}

// Labels against a one-level head of 4 x 4 cells of 8 pixels; every side 1.5 cells, every class logit 0.
Assignment assigned(int64_t classes, const std::vector<TrueBox>& truths, int topk = 10) {
    const std::vector<float> logits(static_cast<size_t>(16 * (16 + classes)), 0.0f);
    const HeadView level{logits.data(), 4, 4, 16 + classes, 8};
    return assignAnchors({&level, 1}, truths, {.numClasses = classes, .regMax = 4, .strides = {8}, .topk = topk});
}

TEST(Assigner, TiesGoToTheFirstAnchorAndTheFirstLabel) {
    // The middle label sees four equally good anchors; the twin of it is overlapped equally.
    const std::vector<TrueBox> twins{{0, 4, 4, 28, 28}, {1, 4, 4, 28, 28}};
    const Assignment assignment = assigned(2, twins, 1);
    ASSERT_EQ(assignment.positives.size(), 1u);
    EXPECT_EQ(assignment.positives[0].anchor, 5);
    EXPECT_EQ(assignment.positives[0].truth, 0u);
    EXPECT_NEAR(assignment.positives[0].score, assignment.scoreSum, 0);
}

TEST(Assigner, AContestedAnchorGoesToTheLabelItOverlapsMost) {
    // Anchor 5 predicts (0, 0, 24, 24); it is the best of both labels, and exactly the second.
    const std::vector<TrueBox> truths{{0, 8, 8, 15, 15}, {0, 0, 0, 24, 24}};
    const Assignment assignment = assigned(1, truths, 1);
    ASSERT_EQ(assignment.positives.size(), 1u);
    EXPECT_EQ(assignment.positives[0].anchor, 5);
    EXPECT_EQ(assignment.positives[0].truth, 1u);
    EXPECT_NEAR(assignment.positives[0].score, 1, 1e-5);
}

TEST(Assigner, ABoxBetweenCentresClaimsNothing) {
    const std::vector<TrueBox> truths{{0, 5, 5, 11, 11}, {0, 4, 4, 4, 4}, {0, 4, 4, 12, 12}};
    const Assignment assignment = assigned(1, truths);
    EXPECT_TRUE(assignment.positives.empty());  // centres on an edge are not inside
    EXPECT_EQ(assignment.scoreSum, 0);
}

// The recipe's sign of a padding row, which a label that hangs far out at the top left shares.
TEST(Assigner, RowsWhoseCornersSumToNothingAreNoLabels) {
    const TrueBox hanging{0, -28, -28, 28, 28}, inView{0, -27, -27, 28, 28};
    EXPECT_TRUE(assigned(1, {hanging}).positives.empty());
    EXPECT_FALSE(assigned(1, {inView}).positives.empty());
}

}  // namespace
}  // namespace qat
