// Coresets against brute force, and what any choice must keep.
#include "quant/coreset.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "models/yolov8.h"
#include "support/tensors.h"

namespace qat {
namespace {

constexpr CoresetMethod kMethods[] = {CoresetMethod::KCenter, CoresetMethod::Herding, CoresetMethod::Random};

at::Tensor unitRows(const at::Tensor& rows) {
    return rows / rows.norm(2, 1, true);
}

// Largest distance of a row to its nearest chosen one.
double coveringRadius(const at::Tensor& rows, const std::vector<int64_t>& chosen) {
    const at::Tensor distances =
        at::cdist(rows.to(at::kDouble), rows.index_select(0, at::tensor(chosen)).to(at::kDouble));
    return std::get<0>(distances.min(1)).max().item<double>();
}

TEST(Coreset, EveryMethodTakesDifferentRowsAndExtendsItsShorterChoices) {
    const at::Tensor rows = unitRows(test::randomTensor({120, 19}, 1));
    for (const CoresetMethod method : kMethods) {
        const auto whole = selectCoreset(rows, 200, method, 5);
        EXPECT_EQ(std::set<int64_t>(whole.begin(), whole.end()).size(), 120u);
        const auto part = selectCoreset(rows, 30, method, 5);
        EXPECT_EQ(part, std::vector<int64_t>(whole.begin(), whole.begin() + 30));
    }
    EXPECT_NE(selectCoreset(rows, 30, CoresetMethod::Random, 5), selectCoreset(rows, 30, CoresetMethod::Random, 6));
}

TEST(Coreset, KCenterIsTheGreedyChoice) {
    const at::Tensor rows = unitRows(test::randomTensor({90, 33}, 2)), wide = rows.to(at::kDouble);
    std::vector<int64_t> expected{(wide - wide.mean(0, true)).norm(2, 1).argmin().item<int64_t>()};
    while (expected.size() < 25)
        expected.push_back(
            std::get<0>(at::cdist(wide, wide.index_select(0, at::tensor(expected))).min(1)).argmax().item<int64_t>());
    EXPECT_EQ(selectCoreset(rows, 25, CoresetMethod::KCenter, 0), expected);
}

TEST(Coreset, KCenterCoversWithinTwiceTheBestPossible) {
    const at::Tensor rows = test::randomTensor({12, 2}, 3);
    const double radius = coveringRadius(rows, selectCoreset(rows, 3, CoresetMethod::KCenter, 0));
    double best = std::numeric_limits<double>::infinity();
    for (int64_t a = 0; a < 12; ++a)
        for (int64_t b = a + 1; b < 12; ++b)
            for (int64_t c = b + 1; c < 12; ++c) best = std::min(best, coveringRadius(rows, {a, b, c}));
    EXPECT_LE(radius, 2 * best);
    EXPECT_LT(coveringRadius(rows, selectCoreset(rows, 8, CoresetMethod::KCenter, 0)), radius);
}

TEST(Coreset, CoverageIsThatOfBruteForceAndFalls) {
    const at::Tensor rows = unitRows(test::randomTensor({70, 23}, 5)), wide = rows.to(at::kDouble);
    for (const CoresetMethod method : {CoresetMethod::KCenter, CoresetMethod::Herding}) {
        const auto chosen = selectCoreset(rows, 21, method, 0);
        const std::vector<Coverage> curve = coverageOf(rows, chosen);
        std::vector<int64_t> sizes;
        for (const Coverage& point : curve) {
            const std::vector<int64_t> first(chosen.begin(), chosen.begin() + point.images);
            const at::Tensor nearest = std::get<0>(at::cdist(wide, wide.index_select(0, at::tensor(first))).min(1));
            EXPECT_NEAR(point.farthest, nearest.max().item<double>(), 1e-4);
            EXPECT_NEAR(point.mean, nearest.mean().item<double>(), 1e-3);
            EXPECT_LE(point.farthest, curve[sizes.empty() ? 0 : sizes.size() - 1].farthest);
            sizes.push_back(point.images);
        }
        EXPECT_EQ(sizes, (std::vector<int64_t>{1, 2, 4, 8, 16, 21}));
    }
    EXPECT_NEAR(coverageOf(rows, selectCoreset(rows, 70, CoresetMethod::KCenter, 0)).back().farthest, 0, 1e-6);
}

TEST(Coreset, HerdingBringsTheMeanCloserThanADraw) {
    const at::Tensor rows = unitRows(test::randomTensor({300, 20}, 4, -0.5, 1));
    const auto distance = [&](CoresetMethod method, uint64_t seed) {
        return (rows.index_select(0, at::tensor(selectCoreset(rows, 20, method, seed))).mean(0) - rows.mean(0))
            .norm()
            .item<double>();
    };
    const double herded = distance(CoresetMethod::Herding, 0);
    for (uint64_t seed = 0; seed < 5; ++seed) EXPECT_LT(herded, 0.5 * distance(CoresetMethod::Random, seed));
}

TEST(Coreset, TiesGoToTheLowestRowAndThreadsChangeNothing) {
    const at::Tensor same = at::ones({7, 3});
    EXPECT_EQ(selectCoreset(same, 3, CoresetMethod::KCenter, 0), (std::vector<int64_t>{0, 1, 2}));
    EXPECT_EQ(selectCoreset(same, 3, CoresetMethod::Herding, 0), (std::vector<int64_t>{0, 1, 2}));
    const at::Tensor rows = unitRows(test::randomTensor({3000, 40}, 6));
    const int threads = at::get_num_threads();
    for (const CoresetMethod method : kMethods) {
        const auto many = selectCoreset(rows, 40, method, 1);
        at::set_num_threads(1);
        EXPECT_EQ(selectCoreset(rows, 40, method, 1), many);
        at::set_num_threads(threads);
    }
}

TEST(Coreset, RefusesWhatCannotBeChosenFrom) {
    at::Tensor rows = at::ones({4, 2});
    EXPECT_THROW(selectCoreset(rows, 0, CoresetMethod::KCenter, 0), Error);
    rows[1][1] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(selectCoreset(rows, 2, CoresetMethod::KCenter, 0), Error);
    EXPECT_THROW(selectCoreset(rows, 2, CoresetMethod::Herding, 0), Error);
}

TEST(Coreset, FeaturesAreUnitRowsOfTheBackbonesLastMap) {
    Random random(0);
    const Graph graph = buildYolov8("n", 2, random);
    const at::Tensor images = test::randomTensor({5, 3, 64, 64}, 1, 0, 1);
    const auto features = [&](std::vector<at::Tensor> batches) {
        size_t given = 0;
        return backboneFeatures(
            graph, [&] { return given < batches.size() ? batches[given++] : at::Tensor(); }, [](int64_t) {},
            CancelToken());
    };
    const at::Tensor once = features({images});
    EXPECT_EQ(once.sizes(), (std::vector<int64_t>{5, 256})) << "channels of model.9";
    EXPECT_LT(test::maxDifference(once.norm(2, 1), at::ones({5})), 1e-5);
    EXPECT_LT(test::maxDifference(features({images.slice(0, 0, 2), images.slice(0, 2, 5)}), once), 1e-4);
    EXPECT_THROW(features({}), Error);
}

}  // namespace
}  // namespace qat
