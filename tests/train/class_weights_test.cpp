// Weights of classes: given, or from the labels of a data set; and what a whole training makes of them.
#include "task/class_weights.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "data/fixtures.h"
#include "support/assets.h"
#include "train/tiny_detector.h"

namespace qat::test {
namespace {

// Pictures that cannot be read, with so many labels of each class.
MemoryDataset labelled(const std::vector<int>& counts) {
    Sample sample{"a.png", {}, {}};
    for (size_t c = 0; c < counts.size(); ++c)
        for (int i = 0; i < counts[c]; ++i) sample.labels.push_back({static_cast<int32_t>(c), 0.5f, 0.5f, 0.1f, 0.1f});
    return MemoryDataset({sample});
}

TrainConfig balanced(double power) {
    TrainConfig config;
    config.classBalance = power;
    return config;
}

TrainConfig given(std::vector<double> weights) {
    TrainConfig config;
    config.classWeights = std::move(weights);
    return config;
}

TEST(ClassWeights, AreNoneByDefault) {
    EXPECT_TRUE(classWeights({}, 3, labelled({5, 1, 0})).empty());
}

TEST(ClassWeights, GivenOnesAreRelativeToTheirMean) {
    EXPECT_EQ(classWeights(given({1, 2, 0, 5}), 4, labelled({})), (std::vector<float>{0.5f, 1.0f, 0.0f, 2.5f}));
}

TEST(ClassWeights, WhatIsUniformIsNone) {
    EXPECT_TRUE(classWeights(given({0.1, 0.1, 0.1}), 3, labelled({})).empty());
    EXPECT_TRUE(classWeights(balanced(1), 3, labelled({7, 7, 7})).empty());
}

// 8, 2 and 1 labels: inverses 1/8, 1/2, 1 with mean 13/24. Class 3 has none.
TEST(ClassWeights, FollowTheLabels) {
    const auto data = labelled({8, 2, 1, 0});
    EXPECT_EQ(labelsByClass(data, 4), (std::vector<int64_t>{8, 2, 1, 0}));
    const auto inverse = classWeights(balanced(1), 4, data);
    ASSERT_EQ(inverse.size(), 4u);
    EXPECT_FLOAT_EQ(inverse[0], 3.0f / 13);
    EXPECT_FLOAT_EQ(inverse[1], 12.0f / 13);
    EXPECT_FLOAT_EQ(inverse[2], 24.0f / 13);
    EXPECT_EQ(inverse[3], 1.0f);
    const auto root = classWeights(balanced(0.5), 4, data);
    EXPECT_NEAR(root[2] / root[0], std::sqrt(8.0), 1e-6);
    EXPECT_NEAR(root[0] + root[1] + root[2], 3, 1e-6);
}

TEST(ClassWeights, MustBeOneAClass) {
    expectError(ErrorKind::BadInput, {"train_params.class_weights has 2 weights but the model has 3 classes"}, [] {
        classWeights(given({1, 2}), 3, labelled({}));
    });
    expectError(ErrorKind::BadInput, {"a.png has a label of class 2 but the model has 2 classes"}, [] {
        classWeights(balanced(1), 2, labelled({1, 1, 1}));
    });
}

class WeightedTraining : public testing::Test {
protected:
    const ScratchFolder scratch;
    int runs = 0;

    // Class loss of the first step, and the bytes of the trained weights.
    std::pair<double, std::vector<std::pair<std::string, std::string>>> train(const TrainConfig& weights) {
        TinyRun run{tinyConfig(), scratch.path() / std::to_string(runs++)};
        run.config.train.epochs = 1;
        run.config.train.warmupEpochs = 0;
        run.config.train.classWeights = weights.classWeights;
        run.config.train.classBalance = weights.classBalance;
        double first = 0;
        run.sink.onScalar = [&](std::string_view series, double x, double value) {
            if (series == "train/cls_loss" && x == 1) first = value;
        };
        run.train();
        return {first, storedBytes(*run.graph)};
    }
};

TEST_F(WeightedTraining, FollowsTheWeightsAndUniformOnesAreNone) {
    const auto plain = train({});
    EXPECT_EQ(train(given({2, 2, 2, 2, 2, 2})), plain) << "the same bits";
    const auto weighted = train(given({6, 0, 0, 0, 0, 0}));
    EXPECT_NE(weighted.first, plain.first);
    EXPECT_NE(weighted.second, plain.second);
    EXPECT_NE(train(balanced(1)).second, plain.second);
}

}  // namespace
}  // namespace qat::test
