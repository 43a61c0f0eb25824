// End-to-end post-processing: hand-made cases, and the definition taken literally, on a real output too.
#include "eval/top_scores.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "support/assets.h"

namespace qat {
namespace {

constexpr float kNoNumber = std::numeric_limits<float>::quiet_NaN();

// Anchor i is a box of 2 x 2 pixels around (10 i, 0). scores: those of each anchor.
std::vector<float> gridOf(const std::vector<std::vector<float>>& scores) {
    std::vector<float> values;
    for (size_t i = 0; i < scores.size(); ++i) values.push_back(10.0f * static_cast<float>(i));
    values.resize(2 * scores.size(), 0.0f);
    values.resize(4 * scores.size(), 2.0f);
    for (size_t c = 0; c < scores.front().size(); ++c)
        for (const auto& anchor : scores) values.push_back(anchor.at(c));
    return values;
}

std::vector<Detection> topOf(const std::vector<std::vector<float>>& scores, const NmsOptions& options = {}) {
    return topScores(gridOf(scores), static_cast<int64_t>(scores.front().size()), static_cast<int64_t>(scores.size()),
                     options);
}

Detection scored(int anchor, float score, int32_t classIndex) {
    const float x = 10.0f * static_cast<float>(anchor);
    return {{x - 1, -1, x + 1, 1}, score, classIndex};
}

TEST(TopScores, AnAnchorMayGiveSeveralClassesAndNothingIsSuppressed) {
    EXPECT_EQ(topOf({{0.3f, 0.9f}, {0.5f, 0.6f}, {0.1f, 0.2f}}),
              (std::vector{scored(0, 0.9f, 1), scored(1, 0.6f, 1), scored(1, 0.5f, 0), scored(0, 0.3f, 0)}));
    std::vector<float> values = gridOf({{0.9f}, {0.8f}, {0.7f}});
    std::fill_n(values.begin(), 3, 5.0f);
    EXPECT_EQ(topScores(values, 1, 3, {}).size(), 3u) << "boxes that are all the same";
}

TEST(TopScores, ConfidenceIsStrict) {
    EXPECT_EQ(topOf({{0.25f}, {std::nextafter(0.25f, 1.0f)}}).size(), 1u);
}

TEST(TopScores, AnchorsAreChosenByTheirBestScoreBeforePairsAre) {
    NmsOptions two;
    two.maxDetections = 2;
    EXPECT_EQ(topOf({{0.6f, 0.1f}, {0.9f, 0.8f}, {0.7f, 0.75f}}, two),
              (std::vector{scored(1, 0.9f, 0), scored(1, 0.8f, 1)}))
        << "anchor 2 was chosen, its pairs were not";
    EXPECT_EQ(topOf({{0.9f, 0.6f}, {0.7f, 0.3f}, {0.65f, 0.64f}}, two),
              (std::vector{scored(0, 0.9f, 0), scored(1, 0.7f, 0)}));
}

TEST(TopScores, TiesOfAnchorsGoByAnchorThoseOfPairsByRankThenClass) {
    NmsOptions options;
    options.maxDetections = 3;
    EXPECT_EQ(topOf({{0.5f, 0.5f}, {0.8f, 0.5f}, {0.5f, 0.5f}}, options),
              (std::vector{scored(1, 0.8f, 0), scored(1, 0.5f, 1), scored(0, 0.5f, 0)}))
        << "anchor 1 comes first, so its 0.5 does too";
    options.maxDetections = 1;
    EXPECT_EQ(topOf({{0.5f, 0.5f}, {0.5f, 0.5f}}, options), std::vector{scored(0, 0.5f, 0)});
}

TEST(TopScores, AgnosticGivesTheBestClassOfEachAnchor) {
    NmsOptions options;
    options.agnostic = true;
    EXPECT_EQ(topOf({{0.3f, 0.9f}, {0.95f, 0.95f}, {0.1f, 0.2f}}, options),
              (std::vector{scored(1, 0.95f, 0), scored(0, 0.9f, 1)}));
}

TEST(TopScores, AnchorsWithScoresThatAreNoNumbersAreLeftOut) {
    EXPECT_EQ(topOf({{kNoNumber, 0.9f}, {0.9f, kNoNumber}, {0.8f, 0.3f}}),
              (std::vector{scored(2, 0.8f, 0), scored(2, 0.3f, 1)}));
    EXPECT_TRUE(topScores({}, 80, 0, {}).empty());
    EXPECT_THROW(topScores(std::vector<float>(5), 2, 1, {}), Error);
    NmsOptions none;
    none.maxDetections = 0;
    EXPECT_THROW(topOf({{0.5f}}, none), Error);
}

std::vector<size_t> bestFirst(const std::vector<float>& scores, size_t limit) {
    std::vector<size_t> order(scores.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
    order.resize(std::min(limit, order.size()));
    return order;
}

// Steps a, b and c of the definition, without shortcuts.
std::vector<Detection> literally(const std::vector<float>& decoded, size_t classes, size_t anchors,
                                 const NmsOptions& options) {
    const auto limit = static_cast<size_t>(options.maxDetections);
    const auto score = [&](size_t anchor, size_t c) { return decoded[(4 + c) * anchors + anchor]; };
    std::vector<float> best(anchors), flat;
    for (size_t a = 0; a < anchors; ++a) {
        best[a] = score(a, 0);
        for (size_t c = 1; c < classes; ++c) best[a] = std::max(best[a], score(a, c));
    }
    const std::vector<size_t> chosen = bestFirst(best, limit);
    for (const size_t a : chosen)
        for (size_t c = 0; c < classes; ++c) flat.push_back(score(a, c));
    std::vector<Detection> detections;
    for (const size_t index : bestFirst(flat, limit)) {
        if (flat[index] <= options.conf) continue;
        const size_t a = chosen[index / classes];
        const float x = decoded[a], y = decoded[anchors + a], w = decoded[2 * anchors + a] / 2,
                    h = decoded[3 * anchors + a] / 2;
        detections.push_back({{x - w, y - h, x + w, y + h}, flat[index], static_cast<int32_t>(index % classes)});
    }
    return detections;
}

TEST(TopScores, AgreesWithTheDefinition) {
    for (uint64_t seed = 0; seed < 30; ++seed) {
        Random random(seed);
        const auto classes = static_cast<size_t>(1 + random.below(6)), anchors = static_cast<size_t>(random.below(900));
        std::vector<float> decoded;
        for (size_t i = 0; i < 4 * anchors; ++i) decoded.push_back(static_cast<float>(random.below(64)));
        // Few levels, so that scores tie.
        for (size_t i = 0; i < classes * anchors; ++i) decoded.push_back(static_cast<float>(random.below(40)) / 40);
        NmsOptions options = seed % 2 ? NmsOptions::validate() : NmsOptions::predict();
        if (seed % 3 == 0) options.maxDetections = 20;
        EXPECT_EQ(topScores(decoded, static_cast<int64_t>(classes), static_cast<int64_t>(anchors), options),
                  literally(decoded, classes, anchors, options))
            << "seed " << seed;
    }
}

TEST(TopScores, RealOutputsAgreeWithTheDefinition) {
    QAT_REQUIRE_ASSETS(assets);
    for (const char* name : {"000000000110", "000000000113"}) {
        const auto decoded =
            test::readNpy(assets / "goldens/yolov10n_random/raw" / (std::string(name) + "_320_one2one_decoded.npy"));
        ASSERT_EQ(decoded.shape, (std::vector<int64_t>{1, 84, 2100}));
        for (const NmsOptions& options : {NmsOptions::predict(), NmsOptions::validate()})
            EXPECT_EQ(topScores(decoded.values, 80, 2100, options), literally(decoded.values, 80, 2100, options));
        EXPECT_EQ(topScores(decoded.values, 80, 2100, NmsOptions::validate()).size(), 300u);
    }
}

}  // namespace
}  // namespace qat
