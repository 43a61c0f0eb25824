// The generator gives the published numbers, the same ones on every machine, and its state resumes it.
#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

namespace qat {
namespace {

TEST(Random, SeedIsSpreadBySplitMix) {
    const Random::State expected{6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                 4593380528125082431u};
    EXPECT_EQ(Random(1234567).state(), expected);
}

TEST(Random, NumbersAreThoseOfXoshiro256PlusPlus) {
    Random random(Random::State{1, 2, 3, 4});
    const uint64_t expected[] = {41943041u,
                                 58720359u,
                                 3588806011781223u,
                                 3591011842654386u,
                                 9228616714210784205u,
                                 9973669472204895162u,
                                 14011001112246962877u,
                                 12406186145184390807u};
    for (const uint64_t number : expected) EXPECT_EQ(random.next(), number);
}

TEST(Random, StateResumesEveryKindOfDraw) {
    Random random(42);
    random.normal(), random.uniform(), random.below(10);
    Random resumed(random.state());
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(random.normal(), resumed.normal());
        EXPECT_EQ(random.uniform(-1, 1), resumed.uniform(-1, 1));
        EXPECT_EQ(random.below(7), resumed.below(7));
    }
    std::vector<int> a(50), b(50);
    std::iota(a.begin(), a.end(), 0), std::iota(b.begin(), b.end(), 0);
    random.shuffle(a), resumed.shuffle(b);
    EXPECT_EQ(a, b);
}

TEST(Random, DrawsStayInTheirRangesAndFillThem) {
    Random random(7);
    std::array<int, 10> counts{};
    double sum = 0, squares = 0;
    constexpr int kDraws = 100000;
    for (int i = 0; i < kDraws; ++i) {
        const double u = random.uniform();
        ASSERT_TRUE(u >= 0 && u < 1);
        const int64_t k = random.below(10);
        ASSERT_TRUE(k >= 0 && k < 10);
        ++counts[static_cast<size_t>(k)];
        const double n = random.normal();
        ASSERT_TRUE(std::isfinite(n));
        sum += n, squares += n * n;
    }
    for (const int count : counts) EXPECT_NEAR(count, kDraws / 10, 500);  // 5 standard deviations
    EXPECT_NEAR(sum / kDraws, 0, 0.016);
    EXPECT_NEAR(squares / kDraws, 1, 0.023);
    EXPECT_EQ(random.below(1), 0);
}

TEST(Random, ShuffleKeepsEveryItem) {
    std::vector<int> items(1000);
    std::iota(items.begin(), items.end(), 0);
    std::vector<int> shuffled = items;
    Random(3).shuffle(shuffled);
    EXPECT_NE(shuffled, items);
    std::ranges::sort(shuffled);
    EXPECT_EQ(shuffled, items);
    std::vector<int> none;
    Random(3).shuffle(none);
    EXPECT_TRUE(none.empty());
}

TEST(Random, ItemsOfStreamsAreIndependentAndRepeatable) {
    std::set<uint64_t> first;
    for (uint64_t seed = 0; seed < 10; ++seed)
        for (uint64_t stream = 0; stream < 10; ++stream)
            for (uint64_t index = 0; index < 50; ++index) first.insert(Random::forItem(seed, stream, index).next());
    EXPECT_EQ(first.size(), 5000u);
    EXPECT_EQ(Random::forItem(1, 2, 3).state(), Random::forItem(1, 2, 3).state());
}

}  // namespace
}  // namespace qat
