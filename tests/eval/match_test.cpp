// FP32 against quantized detections: every transition by hand, and properties on random scenes.
#include "eval/match.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "eval/box_iou.h"
#include "eval/scene.h"

namespace qat {
namespace {

Detection at(float x, float score, int classIndex = 0) {
    return {{x, 0, x + 100, 100}, score, classIndex};
}
LabelBox labelBoxAt(float x, int classIndex = 0) {
    return {{x, 0, x + 100, 100}, classIndex};
}
using Detections = std::vector<Detection>;
using Labels = std::vector<LabelBox>;

TEST(BoxIou, KnownAndDegenerateBoxes) {
    EXPECT_DOUBLE_EQ(boxIou({0, 0, 2, 2}, {1, 0, 3, 2}), 1.0 / 3);
    EXPECT_EQ(boxIou({0, 0, 2, 2}, {0, 0, 2, 2}), 1);
    EXPECT_EQ(boxIou({0, 0, 2, 2}, {2, 0, 4, 2}), 0);
    EXPECT_EQ(boxIou({1, 1, 1, 1}, {1, 1, 1, 1}), 0);
    EXPECT_EQ(boxIou({2, 2, 0, 0}, {2, 2, 0, 0}), 0);
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    EXPECT_EQ(boxIou({0, 0, 2, 2}, {0, 0, nan, 2}), 0);
    EXPECT_EQ(boxIou({0, 0, nan, 2}, {0, 0, 2, 2}), 0);
    EXPECT_EQ(boxIou({0, 0, inf, inf}, {0, 0, inf, inf}), 0);
}

TEST(Match, WithoutLabels) {
    const Detections fp32{at(0, 0.9f), at(200, 0.8f), at(400, 0.7f)};
    const Detections quantized{at(1000, 0.6f), at(401, 0.5f, 3), at(2, 0.85f)};
    const auto rows = matchDetections(fp32, quantized);
    ASSERT_EQ(rows.size(), 4u);
    EXPECT_EQ(rows[0].transition, Transition::Kept);
    EXPECT_EQ(rows[0].quantized, 2);
    EXPECT_NEAR(rows[0].iou, 98.0 / 102, 1e-12);
    EXPECT_NEAR(rows[0].scoreDifference, -0.05, 1e-6);
    EXPECT_EQ(rows[1].transition, Transition::Lost);
    EXPECT_EQ(rows[1].quantized, -1);
    EXPECT_EQ(rows[2].transition, Transition::ClassFlip);
    EXPECT_EQ(rows[2].quantized, 1);
    EXPECT_EQ(rows[3].transition, Transition::Gained);
    EXPECT_EQ(rows[3].quantized, 0);
}

TEST(Match, SameClassComesBeforeABetterBoxOfAnother) {
    const auto rows = matchDetections(Detections{at(0, 0.9f)}, Detections{at(0, 0.9f, 1), at(20, 0.3f)});
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].transition, Transition::Kept);
    EXPECT_EQ(rows[0].quantized, 1);
    EXPECT_EQ(rows[1].transition, Transition::Gained);
}

TEST(Match, TheBetterScoreChoosesFirst) {
    const Detections fp32{at(10, 0.5f), at(0, 0.9f)};
    const auto rows = matchDetections(fp32, Detections{at(5, 0.9f)});
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].fp32, 1);
    EXPECT_EQ(rows[0].transition, Transition::Kept);
    EXPECT_EQ(rows[1].transition, Transition::Lost);
}

TEST(Match, OfEqualOverlapsTheBetterScoreIsTaken) {
    const auto rows = matchDetections(Detections{at(0, 0.9f)}, Detections{at(0, 0.5f), at(0, 0.8f)});
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].quantized, 1);
    EXPECT_EQ(rows[1].transition, Transition::Gained);
}

TEST(Match, DriftAndScoreDropMarkKeptPairs) {
    const auto rows = matchDetections(Detections{at(0, 0.9f), at(500, 0.9f)}, Detections{at(20, 0.9f), at(500, 0.6f)});
    EXPECT_TRUE(rows[0].drift);  // 80 / 120
    EXPECT_FALSE(rows[0].scoreDrop);
    EXPECT_FALSE(rows[1].drift);
    EXPECT_TRUE(rows[1].scoreDrop);
    MatchOptions lenient;
    lenient.driftIou = 0.6;
    lenient.scoreDrop = 0.4;
    for (const auto& row :
         matchDetections(Detections{at(0, 0.9f), at(500, 0.9f)}, Detections{at(20, 0.9f), at(500, 0.6f)}, lenient))
        EXPECT_FALSE(row.drift || row.scoreDrop);
}

TEST(Match, WeakDetectionsAreLeftOut) {
    const Detections fp32{at(0, 0.25f), at(200, 0.24f)};
    const auto rows = matchDetections(fp32, Detections{at(0, 0.1f)});
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0].transition, Transition::Lost);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    EXPECT_TRUE(matchDetections(Detections{at(0, nan)}, Detections{}).empty());
}

TEST(Match, EveryTransitionOfLabels) {
    const Labels labels{labelBoxAt(0), labelBoxAt(200), labelBoxAt(400), labelBoxAt(600), labelBoxAt(800)};
    const Detections fp32{at(0, 0.9f), at(200, 0.9f), at(600, 0.9f), at(1200, 0.5f), at(1400, 0.5f)};
    const Detections quantized{at(0, 0.8f), at(400, 0.7f), at(600, 0.6f, 2), at(1400, 0.4f), at(1600, 0.4f)};
    const auto rows = matchDetections(fp32, quantized, labels);
    const std::vector<Transition> expected{
        Transition::Kept,         Transition::Lost,           Transition::Gained,           Transition::ClassFlip,
        Transition::MissedByBoth, Transition::FalseAlarmGone, Transition::FalseAlarmInBoth, Transition::NewFalseAlarm};
    ASSERT_EQ(rows.size(), expected.size());
    for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i].transition, expected[i]) << i;
    EXPECT_EQ(rows[3].quantized, 2);
    EXPECT_EQ(rows[4].label, 4);
    EXPECT_EQ(rows[6].label, -1);
    EXPECT_TRUE(rows[6].paired());
}

TEST(Match, AGainedLabelLeavesTheWrongClassBehindAsGone) {
    const auto rows = matchDetections(Detections{at(0, 0.9f, 5)}, Detections{at(0, 0.9f)}, Labels{labelBoxAt(0)});
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].transition, Transition::Gained);
    EXPECT_EQ(rows[1].transition, Transition::FalseAlarmGone);
}

TEST(Match, NamesAreDistinct) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < kTransitions; ++i) names.insert(transitionName(static_cast<Transition>(i)));
    EXPECT_EQ(names.size(), kTransitions);
    EXPECT_EQ(transitionName(Transition::FalseAlarmInBoth), "false_alarm_in_both");
}

// Every index of the detections that take part occurs exactly once.
void expectEachOnce(const std::vector<ObjectMatch>& rows, int32_t ObjectMatch::*side, const Detections& detections,
                    const MatchOptions& options) {
    std::multiset<int32_t> seen, expected;
    for (const auto& row : rows)
        if (row.*side >= 0) seen.insert(row.*side);
    for (size_t i = 0; i < detections.size(); ++i)
        if (detections[i].score >= options.minScore) expected.insert(static_cast<int32_t>(i));
    EXPECT_EQ(seen, expected);
}

Detections disturbed(Random& random, const Detections& detections) {
    Detections result;
    for (Detection d : detections) {
        if (random.uniform() < 0.15) continue;
        d.box = test::jittered(random, d.box, 0.15);
        d.score *= static_cast<float>(random.uniform(0.5, 1.0));
        if (random.uniform() < 0.1) d.classIndex = (d.classIndex + 1) % 4;
        result.push_back(d);
    }
    return result;
}

TEST(Match, NothingIsDroppedOrCountedTwice) {
    Random random(3);
    const MatchOptions options;
    MatchSummary summary;
    int64_t labelCount = 0;
    for (const auto& image : test::withoutAreas(test::randomScene(9, {}))) {
        const Detections fp32 = disturbed(random, image.detections), quantized = disturbed(random, image.detections);
        const auto bare = matchDetections(fp32, quantized, options);
        const auto rows = matchDetections(fp32, quantized, image.labels, options);
        for (const auto& matches : {bare, rows}) {
            expectEachOnce(matches, &ObjectMatch::fp32, fp32, options);
            expectEachOnce(matches, &ObjectMatch::quantized, quantized, options);
        }
        ASSERT_GE(rows.size(), image.labels.size());
        for (size_t l = 0; l < rows.size(); ++l)
            EXPECT_EQ(rows[l].label, l < image.labels.size() ? static_cast<int32_t>(l) : -1);
        summary.add(rows);
        labelCount += static_cast<int64_t>(image.labels.size());
    }
    int64_t ofLabels = 0;
    for (size_t i = 0; i <= static_cast<size_t>(Transition::MissedByBoth); ++i) ofLabels += summary.counts[i];
    EXPECT_EQ(ofLabels, labelCount);
    for (size_t i = 0; i < kTransitions; ++i)
        EXPECT_GT(summary.counts[i], 0) << transitionName(static_cast<Transition>(i));
}

TEST(Match, ANetworkAgreesWithItself) {
    MatchSummary summary;
    int64_t detections = 0;
    for (const auto& image : test::withoutAreas(test::randomScene(2, {}))) {
        summary.add(matchDetections(image.detections, image.detections));
        for (const auto& d : image.detections) detections += d.score >= 0.25f;
    }
    EXPECT_EQ(summary.count(Transition::Kept), detections);
    EXPECT_EQ(summary.pairs, detections);
    EXPECT_EQ(summary.minIou, 1);
    EXPECT_EQ(summary.meanIou(), 1);
    EXPECT_EQ(summary.maxScoreDifference, 0);
}

TEST(Match, SummaryOfPairs) {
    MatchSummary summary;
    EXPECT_EQ(summary.meanIou(), 0);
    summary.add(matchDetections(Detections{at(0, 0.9f), at(500, 0.9f)}, Detections{at(20, 0.8f), at(500, 0.4f)}));
    EXPECT_EQ(summary.pairs, 2);
    EXPECT_EQ(summary.drift, 1);
    EXPECT_EQ(summary.scoreDrop, 1);
    EXPECT_NEAR(summary.minIou, 80.0 / 120, 1e-12);
    EXPECT_NEAR(summary.meanIou(), (80.0 / 120 + 1) / 2, 1e-12);
    EXPECT_NEAR(summary.meanScoreDifference(), 0.3, 1e-6);
    EXPECT_NEAR(summary.maxScoreDifference, 0.5, 1e-6);
}

}  // namespace
}  // namespace qat
