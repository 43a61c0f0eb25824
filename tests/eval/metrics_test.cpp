// Detection metrics: hand-made cases, and a literal reference on random scenes.
#include "eval/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "base/error.h"
#include "eval/scene.h"

namespace qat {
namespace {

Box boxAt(float x) {
    return {x, 10, x + 20, 30};
}

// Five labels, detections with right, right, wrong, right, wrong, right in score order.
EvaluatedImage goldenImage() {
    EvaluatedImage image;
    for (int i = 0; i < 5; ++i) image.labels.push_back({boxAt(100.0f * i), 0});
    const float places[] = {0, 100, 1000, 200, 1100, 300};
    for (int i = 0; i < 6; ++i) image.detections.push_back({boxAt(places[i]), 0.9f - 0.1f * i, 0});
    return image;
}

TEST(Metrics, GoldenAveragePrecision) {
    const EvaluatedImage image = goldenImage();
    const DetectionMetrics metrics = ultralyticsMetrics({&image, 1}, 1);
    EXPECT_NEAR(metrics.map50, 0.7483333, 5e-8);
    EXPECT_NEAR(metrics.map, 0.7483333, 5e-8);
    EXPECT_EQ(metrics.labels, 5);
    EXPECT_EQ(metrics.images, 1);
}

TEST(Metrics, OrderOfDetectionsDoesNotMatter) {
    EvaluatedImage image = goldenImage();
    std::reverse(image.detections.begin(), image.detections.end());
    EXPECT_NEAR(ultralyticsMetrics({&image, 1}, 1).map, 0.7483333, 5e-8);
}

TEST(Metrics, PerfectDetectorAndNothingAtAll) {
    EvaluatedImage image;
    for (int i = 0; i < 4; ++i) {
        image.labels.push_back({boxAt(50.0f * i), i % 2});
        image.detections.push_back({boxAt(50.0f * i), 1.0f, i % 2});
    }
    const DetectionMetrics perfect = ultralyticsMetrics({&image, 1}, 3);
    EXPECT_NEAR(perfect.map, 0.995, 1e-9);  // recall 1 is the last of 101 points, where precision ends at 0
    EXPECT_EQ(perfect.precision, 1);
    EXPECT_EQ(perfect.recall, 1);
    ASSERT_EQ(perfect.classes.size(), 2u);
    EXPECT_EQ(perfect.classes[1].images, 1);
    EXPECT_EQ(perfect.classes[1].labels, 2);

    image.detections.clear();
    const DetectionMetrics blind = ultralyticsMetrics({&image, 1}, 3);
    EXPECT_EQ(blind.map, 0);
    EXPECT_EQ(blind.recall, 0);
    EXPECT_EQ(blind.classes.size(), 2u);
    EXPECT_TRUE(ultralyticsMetrics({}, 3).classes.empty());
}

TEST(Metrics, TheBestConfidenceIsThatOfTheBestF1) {
    // All that is right scores at least 0.6, all that is wrong at most 0.3.
    EvaluatedImage image;
    for (int i = 0; i < 4; ++i) {
        image.labels.push_back({boxAt(i * 200.0f), 0});
        image.detections.push_back({boxAt(i * 200.0f), 0.6f + 0.1f * static_cast<float>(i), 0});
        image.detections.push_back({boxAt(5000 + i * 200.0f), 0.3f - 0.05f * static_cast<float>(i), 0});
    }
    const DetectionMetrics sure = ultralyticsMetrics({&image, 1}, 1);
    ASSERT_TRUE(sure.confidence);
    EXPECT_GT(sure.f1, 0.95);
    EXPECT_NEAR(*sure.confidence, 0.57, 0.04);
    for (Detection& detection : image.detections) detection.score /= 2;
    const DetectionMetrics shrunk = ultralyticsMetrics({&image, 1}, 1);
    EXPECT_EQ(shrunk.map, sure.map) << "ranks are the same";
    EXPECT_NEAR(*shrunk.confidence, 0.27, 0.04) << "the threshold is not";
    image.detections.clear();
    EXPECT_FALSE(ultralyticsMetrics({&image, 1}, 1).confidence) << "nothing was found that a threshold could keep";
    EXPECT_FALSE(ultralyticsMetrics({}, 1).confidence);
}

TEST(Metrics, ClassesWithoutLabelsAreLeftOut) {
    EvaluatedImage image = goldenImage();
    image.detections.push_back({boxAt(0), 0.99f, 7});
    const DetectionMetrics metrics = ultralyticsMetrics({&image, 1}, 80);
    ASSERT_EQ(metrics.classes.size(), 1u);
    EXPECT_NEAR(metrics.map, 0.7483333, 5e-8);
}

TEST(Metrics, RefusesClassesOutsideTheRange) {
    EvaluatedImage image = goldenImage();
    image.labels[2].classIndex = 80;
    EXPECT_THROW(ultralyticsMetrics({&image, 1}, 80), Error);
    image.labels[2].classIndex = 0;
    image.detections[0].classIndex = -1;
    EXPECT_THROW(ultralyticsMetrics({&image, 1}, 80), Error);
}

TEST(Metrics, ScoresAndBoxesThatAreNoNumbersNeverCount) {
    EvaluatedImage image = goldenImage();
    const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
    image.detections.push_back({boxAt(400), nan, 0});
    image.detections.push_back({boxAt(400), inf, 0});
    EXPECT_NEAR(ultralyticsMetrics({&image, 1}, 1).map, 0.7483333, 5e-8);
    image.detections.push_back({{nan, nan, nan, nan}, 0.01f, 0});
    EvaluatedImage falseAlarm = goldenImage();
    falseAlarm.detections.push_back({boxAt(2000), 0.01f, 0});
    EXPECT_EQ(ultralyticsMetrics({&image, 1}, 1).map, ultralyticsMetrics({&falseAlarm, 1}, 1).map);
}

TEST(Metrics, ADetectionKeepsItsBestLabelOnly) {
    // Both detections prefer label 0; the greedy rule of COCO would give the second one label 1.
    const std::vector<LabelBox> labels{{{0, 0, 100, 100}, 0}, {{10, 0, 110, 100}, 0}};
    const std::vector<Detection> detections{{{0, 0, 100, 100}, 0.9f, 0}, {{2, 0, 102, 100}, 0.8f, 0}};
    const auto hits = matchToLabels(detections, labels);
    EXPECT_EQ(hits[0], 0x3FF);
    EXPECT_EQ(hits[1], 0);
}

TEST(Metrics, OfEqualOverlapsTheLaterLabelIsTaken) {
    const std::vector<LabelBox> labels{{{0, 0, 100, 100}, 0}, {{20, 0, 120, 100}, 0}};
    const std::vector<Detection> detections{{{10, 0, 110, 100}, 0.9f, 0}, {{0, 0, 100, 100}, 0.8f, 0}};
    EXPECT_EQ(matchToLabels(detections, labels), (std::vector<uint16_t>{0x07F, 0x3FF}));
}

TEST(Metrics, TheDenominatorIsALittleAboveTheUnion) {
    const std::vector<LabelBox> labels{{{0, 0, 1, 1}, 0}};
    const std::vector<Detection> half{{{0, 0, 0.5f, 1}, 0.9f, 0}}, more{{{0, 0, 0.500001f, 1}, 0.9f, 0}};
    EXPECT_EQ(matchToLabels(half, labels)[0], 0);
    EXPECT_EQ(matchToLabels(more, labels)[0], 1);
}

TEST(Metrics, LevelsMatchSeparately) {
    // The first reaches 0.50 to 0.75, the second all levels: from 0.80 on the label is free for it.
    const std::vector<LabelBox> labels{{{0, 0, 100, 100}, 0}};
    const std::vector<Detection> detections{{{0, 0, 100, 78}, 0.9f, 0}, {{0, 0, 100, 100}, 0.8f, 0}};
    const auto hits = matchToLabels(detections, labels);
    EXPECT_EQ(hits[0], 0x03F);
    EXPECT_EQ(hits[1], 0x3C0);
}

TEST(Metrics, NoMoreRightDetectionsThanLabels) {
    const auto images = test::withoutAreas(test::randomScene(5, {}));
    for (const EvaluatedImage& image : images) {
        const auto hits = matchToLabels(image.detections, image.labels);
        ASSERT_EQ(hits.size(), image.detections.size());
        for (size_t t = 0; t < kIouLevels; ++t) {
            const auto right = std::count_if(hits.begin(), hits.end(), [&](uint16_t h) { return h >> t & 1; });
            EXPECT_LE(right, static_cast<ptrdiff_t>(image.labels.size()));
        }
    }
}

// --- The reference, word for word. ---

struct Pair {
    size_t label, detection;
    float iou;
};

float literalIou(const Box& a, const Box& b) {
    const float w = std::max(std::min(a[2], b[2]) - std::max(a[0], b[0]), 0.0f);
    const float h = std::max(std::min(a[3], b[3]) - std::max(a[1], b[1]), 0.0f);
    return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h + 1e-7f);
}

// All pairs by falling IoU, first row of each detection, then by detection, first row of each label.
std::vector<char> literalMatch(const std::vector<Detection>& detections, const std::vector<LabelBox>& labels, float t) {
    std::vector<Pair> pairs;
    for (size_t l = 0; l < labels.size(); ++l)
        for (size_t d = 0; d < detections.size(); ++d) {
            const float iou = literalIou(labels[l].box, detections[d].box);
            if (labels[l].classIndex == detections[d].classIndex && iou >= t) pairs.push_back({l, d, iou});
        }
    std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.iou < b.iou; });
    std::reverse(pairs.begin(), pairs.end());
    std::vector<char> right(detections.size());
    std::set<size_t> usedLabels;
    for (size_t d = 0; d < detections.size(); ++d) {
        const auto first = std::find_if(pairs.begin(), pairs.end(), [&](const Pair& p) { return p.detection == d; });
        if (first != pairs.end() && usedLabels.insert(first->label).second) right[d] = 1;
    }
    return right;
}

double interpolate(double x, const std::vector<double>& xs, const std::vector<double>& ys) {
    const auto after = std::upper_bound(xs.begin(), xs.end(), x);
    const size_t i = static_cast<size_t>(after - xs.begin()) - 1;
    if (i + 1 == xs.size() || xs[i] == x) return ys[i];
    return ys[i] + (x - xs[i]) * (ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]);
}

double literalAp(const std::vector<char>& right, int64_t labels) {
    std::vector<double> recall{0}, precision{1};
    double tp = 0;
    for (size_t i = 0; i < right.size(); ++i) {
        tp += right[i];
        recall.push_back(tp / static_cast<double>(labels));
        precision.push_back(tp / static_cast<double>(i + 1));
    }
    recall.push_back(1);
    precision.push_back(0);
    for (size_t i = precision.size() - 1; i > 0; --i) precision[i - 1] = std::max(precision[i - 1], precision[i]);
    double area = 0;
    for (int i = 0; i < 100; ++i)
        area += 0.005 * (interpolate(i * 0.01, recall, precision) +
                         interpolate(i == 99 ? 1 : (i + 1) * 0.01, recall, precision));
    return right.empty() ? 0 : area;
}

// AP of one class at one level over all images.
double literalClassAp(const std::vector<EvaluatedImage>& images, int classIndex, float level) {
    std::vector<std::pair<float, char>> scored;
    int64_t labels = 0;
    for (EvaluatedImage image : images) {
        std::stable_sort(image.detections.begin(), image.detections.end(),
                         [](const auto& a, const auto& b) { return a.score > b.score; });
        const auto right = literalMatch(image.detections, image.labels, level);
        for (size_t d = 0; d < right.size(); ++d)
            if (image.detections[d].classIndex == classIndex) scored.emplace_back(image.detections[d].score, right[d]);
        for (const LabelBox& label : image.labels) labels += label.classIndex == classIndex;
    }
    std::stable_sort(scored.begin(), scored.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<char> right;
    for (const auto& [score, hit] : scored) right.push_back(hit);
    return literalAp(right, labels);
}

TEST(Metrics, AgreesWithTheDefinitionOnRandomScenes) {
    for (uint64_t seed = 0; seed < 4; ++seed) {
        auto images = test::withoutAreas(test::randomScene(seed, {}));
        images[0].labels.push_back(images[1].labels.empty() ? LabelBox{boxAt(3), 1} : images[1].labels[0]);
        images[0].labels.push_back(images[0].labels.back());  // two equal labels
        const DetectionMetrics metrics = ultralyticsMetrics(images, 4);
        ASSERT_EQ(metrics.classes.size(), 4u);
        double sum = 0;
        for (const ClassMetrics& c : metrics.classes)
            for (size_t t = 0; t < kIouLevels; ++t) {
                const float level = static_cast<float>(0.5 + 0.05 * static_cast<double>(t));
                EXPECT_NEAR(c.apAtIou[t], literalClassAp(images, c.classIndex, level), 1e-12) << seed << " " << t;
                sum += c.apAtIou[t];
            }
        EXPECT_NEAR(metrics.map, sum / 40, 1e-12);
        EXPECT_GT(metrics.map, 0.05);
        EXPECT_LT(metrics.map, 0.95);
    }
}

TEST(PrecisionRecall, CurvesAreLinearBetweenDetections) {
    const ConfidenceCurves curves = confidenceCurves({{0.8f, 0.4f}, {0x3FF, 0}, 2});
    EXPECT_EQ(curves.precision[999], 1);
    EXPECT_EQ(curves.recall[999], 0);
    EXPECT_EQ(curves.precision[800], 1);  // 0.8008, above all
    EXPECT_EQ(curves.recall[800], 0);
    EXPECT_EQ(curves.recall[799], 0.5);
    EXPECT_NEAR(curves.precision[600], 0.5 + 0.5 * (600.0 / 999 - 0.4) / 0.4, 1e-6);
    EXPECT_EQ(curves.precision[0], 0.5);
    EXPECT_EQ(curves.recall[0], 0.5);
}

TEST(PrecisionRecall, BestConfidenceSmoothsOver101Points) {
    ConfidenceCurves curves;
    for (size_t i = 100; i < 115; ++i) curves.precision[i] = curves.recall[i] = 1;
    for (size_t i = 500; i < 800; ++i) curves.precision[i] = curves.recall[i] = 0.9;
    EXPECT_EQ(bestConfidence({&curves, 1}), 550u);  // the first whose 50 neighbours on both sides are good
    curves.precision.fill(0.5);
    curves.recall.fill(0.5);
    EXPECT_EQ(bestConfidence({&curves, 1}), 0u);
}

TEST(PrecisionRecall, OperatingPointLiesWhereAllRightAndNoWrongOnesCount) {
    EvaluatedImage image;
    for (int i = 0; i < 10; ++i) {
        image.labels.push_back({boxAt(50.0f * i), 0});
        image.detections.push_back({boxAt(50.0f * i), 0.9f, 0});
        image.detections.push_back({boxAt(5000.0f + 50.0f * i), 0.1f, 0});
    }
    const DetectionMetrics metrics = ultralyticsMetrics({&image, 1}, 1);
    EXPECT_GT(metrics.precision, 0.9);
    EXPECT_GT(metrics.recall, 0.9);
}

}  // namespace
}  // namespace qat
