// The choice of widths against trying all of them.
#include "analysis/bit_search.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace qat {
namespace {

double cost(const std::vector<BitOptions>& layers, const std::vector<int>& bits) {
    double sum = 0;
    for (size_t i = 0; i < layers.size(); ++i) sum += static_cast<double>(layers[i].weights) * bits[i];
    return sum;
}

double sensitivity(const std::vector<BitOptions>& layers, const std::vector<int>& bits) {
    double sum = 0;
    for (size_t i = 0; i < layers.size(); ++i)
        for (const auto& option : layers[i].options)
            if (option.bits == bits[i]) sum += option.sensitivity;
    return sum;
}

// Least sensitivity within the budget over all combinations.
double bruteForce(const std::vector<BitOptions>& layers, double budget, size_t i = 0, double spent = 0,
                  double sum = 0) {
    if (spent > budget) return 1e300;
    if (i == layers.size()) return sum;
    double best = 1e300;
    for (const auto& option : layers[i].options)
        best = std::min(best,
                        bruteForce(layers, budget, i + 1, spent + static_cast<double>(layers[i].weights) * option.bits,
                                   sum + option.sensitivity));
    return best;
}

std::vector<BitOptions> randomLayers(Random& random) {
    std::vector<BitOptions> layers;
    for (int i = 0; i < 7; ++i) {
        const double size = random.uniform(0.1, 4);
        layers.push_back({"layer",
                          100 * (1 + random.below(40)),
                          {{2, size * 9}, {4, size * random.uniform(0.5, 3)}, {8, size * 0.1}}});
    }
    return layers;
}

TEST(ChooseBits, IsTheBestOfAllCombinations) {
    Random random(3);
    for (int round = 0; round < 50; ++round) {
        const auto layers = randomLayers(random);
        const std::vector<int> most(layers.size(), 8);
        const double budget = cost(layers, most) * random.uniform(0.3, 1.0);
        const auto bits = chooseBits(layers, budget);
        EXPECT_LE(cost(layers, bits), budget);
        // Costs are rounded: what that may lose is bounded by the best within a hair less.
        EXPECT_LE(sensitivity(layers, bits), bruteForce(layers, budget * (1 - 1e-4)) + 1e-12) << round;
        EXPECT_GE(sensitivity(layers, bits), bruteForce(layers, budget) - 1e-12) << round;
    }
}

TEST(ChooseBits, SpendsNothingOnLayersThatDoNotCare) {
    const std::vector<BitOptions> layers{{"a", 100, {{4, 1.0}, {8, 0.0}}}, {"b", 100, {{4, 0.001}, {8, 0.0}}}};
    EXPECT_EQ(chooseBits(layers, 1200), (std::vector<int>{8, 4}));
    EXPECT_EQ(chooseBits(layers, 1600), (std::vector<int>{8, 8}));
}

TEST(ChooseBits, ABudgetThatFitsNothingGivesTheNarrowest) {
    const std::vector<BitOptions> layers{{"a", 100, {{8, 0.0}, {4, 1.0}}}};
    EXPECT_EQ(chooseBits(layers, 10), (std::vector<int>{4}));
    EXPECT_TRUE(chooseBits({}, 10).empty());
}

}  // namespace
}  // namespace qat
