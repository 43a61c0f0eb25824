// Accuracies of a handful of pictures, counted by hand.
#include "task/classify_metrics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace qat {
namespace {

// Seven classes; the picture's own class has rank 0, 1, 4 and 5.
ClassTally four() {
    ClassTally tally;
    const at::Tensor logits = at::tensor({7.f, 6.f, 5.f, 4.f, 3.f, 2.f, 1.f}).repeat({4, 1});
    tally.add(logits, at::tensor(std::vector<int64_t>{0, 1, 4, 5}));
    return tally;
}

TEST(ClassTally, CountsRanks) {
    const Metrics metrics = four().metrics();
    EXPECT_EQ(metrics.score(), 0.25);
    EXPECT_EQ(metrics.of("top-5"), 0.75);
    EXPECT_EQ(metrics.of("mean of classes"), 0.25) << "four classes occur, one of them is found";
    const double normal =
        std::log(std::exp(6) + std::exp(5) + std::exp(4) + std::exp(3) + std::exp(2) + std::exp(1) + 1);
    EXPECT_NEAR(metrics.of("cross-entropy"), ((normal - 6) + (normal - 5) + (normal - 2) + (normal - 1)) / 4, 1e-6);
}

TEST(ClassTally, ConfusionIsByTheClassOfThePicture) {
    const auto confusion = four().confusion();
    ASSERT_EQ(confusion.size(), 7u);
    EXPECT_EQ(confusion[5][0], 1);
    EXPECT_EQ(confusion[0][0], 1);
    EXPECT_EQ(confusion[0][5], 0);
}

TEST(ClassTally, EqualLogitsCountInTheOrderOfTheClasses) {
    ClassTally tally;
    tally.add(at::zeros({2, 3}), at::tensor(std::vector<int64_t>{0, 2}));
    EXPECT_EQ(tally.metrics().score(), 0.5);
}

TEST(ClassTally, PicturesWithoutAClassDoNotCount) {
    ClassTally tally = four();
    tally.add(at::zeros({1, 7}), at::tensor(std::vector<int64_t>{-1}));
    EXPECT_EQ(tally.pictures(), 4);
    EXPECT_THROW(tally.add(at::zeros({1, 7}), at::tensor(std::vector<int64_t>{7})), Error);
}

}  // namespace
}  // namespace qat
