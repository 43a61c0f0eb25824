// Hostile labels are refused with the row's number, odd but legal ones are not.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "loss/detection_loss.h"
#include "loss/loss_targets.h"

namespace qat {
namespace {

std::string refusal(std::vector<float> secondRow) {
    const at::Tensor rows = at::stack({at::tensor({0.f, 1.f, 0.5f, 0.5f, 0.2f, 0.2f}), at::tensor(secondRow)});
    try {
        boxesByImage(rows, 2, 3, 64, 64);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BadInput);
        return error.what();
    }
    return "";
}

TEST(LossTargets, RefusesWhatIsOutOfRange) {
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    EXPECT_EQ(refusal({0, 3, 0.5f, 0.5f, 0.2f, 0.2f}), "target row 1 has class 3, expected one of 0 to 2");
    EXPECT_EQ(refusal({2, 0, 0.5f, 0.5f, 0.2f, 0.2f}), "target row 1 has image 2, expected one of 0 to 1");
    for (const float bad : {-1.0f, 0.5f, nan, inf, 1e30f}) {
        EXPECT_NE(refusal({bad, 0, 0.5f, 0.5f, 0.2f, 0.2f}), "") << bad;
        EXPECT_NE(refusal({0, bad, 0.5f, 0.5f, 0.2f, 0.2f}), "") << bad;
    }
    for (size_t i = 2; i < 6; ++i)
        for (const float bad : {nan, inf, -inf, 1e30f}) {
            std::vector<float> row{0, 0, 0.5f, 0.5f, 0.2f, 0.2f};
            row[i] = bad;
            EXPECT_NE(refusal(row).find("target row 1"), std::string::npos) << i << " " << bad;
        }
    EXPECT_NE(refusal({0, 0, 0.5f, 0.5f, -0.2f, 0.2f}), "");
}

TEST(LossTargets, RefusesRowsOfAnotherLength) {
    EXPECT_THROW(boxesByImage(at::zeros({3, 5}), 1, 3, 64, 64), Error);
    EXPECT_THROW(boxesByImage(at::zeros({6}), 1, 3, 64, 64), Error);
}

TEST(LossTargets, SortsByImageInPixels) {
    const at::Tensor rows =
        at::tensor({1.f, 2.f, 0.5f, 0.25f, 0.5f, 0.5f, 0.f, 0.f, 0.f, 0.f, 0.f, 0.f, 1.f, 0.f, 1.f, 1.f, 1.f, 0.5f})
            .view({3, 6});
    const auto boxes = boxesByImage(rows, 3, 3, 64, 32);
    ASSERT_EQ(boxes.size(), 3u);
    EXPECT_EQ(boxes[0].size(), 1u);
    ASSERT_EQ(boxes[1].size(), 2u);
    EXPECT_TRUE(boxes[2].empty());
    EXPECT_EQ(boxes[1][0].classId, 2);
    EXPECT_EQ(boxes[1][0].x1, 16);
    EXPECT_EQ(boxes[1][0].y1, 0);
    EXPECT_EQ(boxes[1][0].x2, 48);
    EXPECT_EQ(boxes[1][0].y2, 16);
    EXPECT_EQ(boxes[1][1].x1, 32);
}

TEST(LossTargets, EmptyTargetsOfAnyShapeMeanNoLabels) {
    for (const at::Tensor& none : {at::Tensor(), at::empty({0, 6}), at::empty({0})})
        EXPECT_TRUE(boxesByImage(none, 2, 3, 64, 64)[1].empty());
}

TEST(LossTargets, TheLossPassesTheRefusalOn) {
    const DetectionLossOptions options{.numClasses = 3, .strides = {8}};
    EXPECT_THROW(
        detectionLoss({at::zeros({1, 67, 4, 4})}, at::tensor({0.f, 3.f, 0.5f, 0.5f, 0.2f, 0.2f}).view({1, 6}), options),
        Error);
    EXPECT_THROW(detectionLoss({at::zeros({1, 68, 4, 4})}, at::Tensor(), options), Error);
    EXPECT_THROW(detectionLoss({at::zeros({1, 67, 4, 4}), at::zeros({1, 67, 2, 2})}, at::Tensor(), options), Error);
}

}  // namespace
}  // namespace qat
