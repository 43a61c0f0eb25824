// The COCO numbers: hand-made cases, and the evaluation spelled out literally on random scenes.
#include "eval/coco.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "eval/scene.h"

namespace qat {
namespace {

CocoLabel labelAt(float x, double area = 400, bool crowd = false) {
    return {{x, 10, x + 20, 30}, 0, area, crowd};
}
Detection detectionAt(float x, float score) {
    return {{x, 10, x + 20, 30}, score, 0};
}

CocoMetrics evaluate(const CocoImage& image, int numClasses = 1) {
    return cocoMetrics({&image, 1}, numClasses);
}

TEST(Coco, GoldenAveragePrecision) {
    CocoImage image;
    for (int i = 0; i < 5; ++i) image.labels.push_back(labelAt(100.0f * i));
    const float places[] = {0, 100, 1000, 200, 1100, 300};
    for (int i = 0; i < 6; ++i) image.detections.push_back(detectionAt(places[i], 0.9f - 0.1f * i));
    const CocoMetrics metrics = evaluate(image);
    EXPECT_NEAR(metrics.ap, 0.6864686, 5e-8);
    EXPECT_NEAR(metrics.ap50, 0.6864686, 5e-8);
    EXPECT_NEAR(metrics.ar100, 0.8, 1e-12);
    EXPECT_NEAR(metrics.ar1, 0.2, 1e-12);
    EXPECT_NEAR(metrics.apSmall, 0.6864686, 5e-8);
    EXPECT_EQ(metrics.apMedium, -1);
    EXPECT_EQ(metrics.arLarge, -1);
}

TEST(Coco, NothingToFindIsUndefined) {
    const CocoMetrics empty = cocoMetrics({}, 3);
    EXPECT_EQ(empty.ap, -1);
    EXPECT_EQ(empty.ar100, -1);
    EXPECT_EQ(empty.classAp, (std::vector<double>{-1, -1, -1}));
    EXPECT_EQ(evaluate({{detectionAt(0, 0.9f)}, {}}).ap, -1);
    EXPECT_EQ(evaluate({{}, {labelAt(0)}}).ap, 0);
}

TEST(Coco, CrowdsAreNeutralAndTakeAnyNumber) {
    CocoImage image{{detectionAt(0, 0.5f), detectionAt(500, 0.9f), detectionAt(505, 0.8f)},
                    {labelAt(0), {{490, 0, 600, 100}, 0, 11000, true}}};
    EXPECT_NEAR(evaluate(image).ap, 1, 1e-12);
    image.labels.pop_back();
    EXPECT_LT(evaluate(image).ap, 0.5);
}

TEST(Coco, AreaOfTheAnnotationDecidesTheSize) {
    const CocoImage image{{detectionAt(0, 0.9f)}, {labelAt(0, 32 * 32)}};  // on both borders
    const CocoMetrics metrics = evaluate(image);
    EXPECT_NEAR(metrics.apSmall, 1, 1e-12);
    EXPECT_NEAR(metrics.apMedium, 1, 1e-12);
    EXPECT_EQ(metrics.apLarge, -1);
}

TEST(Coco, OfEqualOverlapsTheLaterLabelIsTaken) {
    // The first detection lies half way between the labels, the second on the first label.
    const CocoImage image{{{{10, 0, 110, 100}, 0.9f, 0}, {{0, 0, 100, 100}, 0.8f, 0}},
                          {{{0, 0, 100, 100}, 0, 10000}, {{20, 0, 120, 100}, 0, 10000}}};
    EXPECT_NEAR(evaluate(image).ar100, 0.85, 1e-12);  // two found up to IoU 0.80, one above
}

TEST(Coco, AtMostAHundredDetectionsOfAClass) {
    CocoImage image{{}, {labelAt(0)}};
    for (int i = 0; i < 100; ++i) image.detections.push_back(detectionAt(1000.0f + 30 * i, 0.9f));
    image.detections.push_back(detectionAt(0, 0.1f));
    EXPECT_EQ(evaluate(image).ar100, 0);
    image.detections.erase(image.detections.begin());
    EXPECT_EQ(evaluate(image).ar100, 1);
}

TEST(Coco, RefusesClassesOutsideTheRange) {
    CocoImage image{{detectionAt(0, 0.9f)}, {labelAt(0)}};
    image.labels[0].classIndex = 1;
    EXPECT_THROW(evaluate(image, 1), Error);
    image.labels[0].classIndex = -1;
    EXPECT_THROW(evaluate(image, 1), Error);
}

TEST(Coco, BoxesAloneGiveTheirArea) {
    const CocoImage image = cocoImage({{detectionAt(0, 0.9f)}, {{{0, 10, 20, 30}, 0}}});
    EXPECT_EQ(image.labels[0].area, 400);
    EXPECT_FALSE(image.labels[0].crowd);
    EXPECT_NEAR(evaluate(image).apSmall, 1, 1e-12);
}

// --- The evaluation as the reference spells it out, one (class, area range, limit) after the other. ---

struct Evaluated {
    double score;
    bool matched, ignored;
};

struct Setting {
    int classIndex;
    double low, high;
    size_t maxDetections;
};

double literalOverlap(const Box& d, const CocoLabel& g) {
    const double dw = double(d[2]) - d[0], dh = double(d[3]) - d[1];
    const double gw = double(g.box[2]) - g.box[0], gh = double(g.box[3]) - g.box[1];
    const double w = std::fmin(d[2], g.box[2]) - std::fmax(d[0], g.box[0]);
    const double h = std::fmin(d[3], g.box[3]) - std::fmax(d[1], g.box[1]);
    if (w <= 0 || h <= 0) return 0;
    return w * h / (g.crowd ? dw * dh : dw * dh + gw * gh - w * h);
}

void evaluateImage(const CocoImage& image, const Setting& s, double level, std::vector<Evaluated>& out, int64_t& npig) {
    std::vector<Detection> dt;
    for (const auto& d : image.detections)
        if (d.classIndex == s.classIndex) dt.push_back(d);
    std::stable_sort(dt.begin(), dt.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    if (dt.size() > s.maxDetections) dt.resize(s.maxDetections);
    std::vector<std::pair<bool, CocoLabel>> gt;
    for (const auto& g : image.labels)
        if (g.classIndex == s.classIndex) gt.emplace_back(g.crowd || g.area < s.low || g.area > s.high, g);
    std::stable_sort(gt.begin(), gt.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<char> taken(gt.size());
    for (const auto& d : dt) {
        double best = std::min(level, 1 - 1e-10);
        int m = -1;
        for (int g = 0; g < static_cast<int>(gt.size()); ++g) {
            if (taken[g] && !gt[g].second.crowd) continue;
            if (m > -1 && !gt[m].first && gt[g].first) break;
            const double iou = literalOverlap(d.box, gt[g].second);
            if (iou < best) continue;
            best = iou;
            m = g;
        }
        const double area = (double(d.box[2]) - d.box[0]) * (double(d.box[3]) - d.box[1]);
        const bool ignored = m == -1 ? area < s.low || area > s.high : gt[m].first;
        if (m != -1) taken[m] = 1;
        out.push_back({d.score, m != -1, ignored});
    }
    for (const auto& g : gt) npig += !g.first;
}

// AP and recall at one level; no value when there is nothing to find.
bool accumulate(const std::vector<CocoImage>& images, const Setting& s, double level, double& ap, double& recall) {
    std::vector<Evaluated> all;
    int64_t npig = 0;
    for (const auto& image : images) evaluateImage(image, s, level, all, npig);
    if (npig == 0) return false;
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    std::vector<double> rc, pr;
    double tp = 0, fp = 0;
    for (const auto& e : all) {
        tp += e.matched && !e.ignored;
        fp += !e.matched && !e.ignored;
        rc.push_back(tp / static_cast<double>(npig));
        pr.push_back(tp / (fp + tp + 0x1p-52));
    }
    for (size_t i = pr.size(); i-- > 1;)
        if (pr[i] > pr[i - 1]) pr[i - 1] = pr[i];
    ap = 0;
    for (int r = 0; r <= 100; ++r) {
        const auto at = static_cast<size_t>(std::lower_bound(rc.begin(), rc.end(), r * 0.01) - rc.begin());
        ap += at < pr.size() ? pr[at] / 101 : 0;
    }
    recall = rc.empty() ? 0 : rc.back();
    return true;
}

struct Means {
    double ap = 0, ap50 = 0, recall = 0;
    int count = 0;
};

Means literalMeans(const std::vector<CocoImage>& images, int numClasses, double low, double high, size_t limit) {
    Means means;
    for (int c = 0; c < numClasses; ++c)
        for (int t = 0; t < 10; ++t) {
            double ap = 0, recall = 0;
            if (!accumulate(images, {c, low, high, limit}, 0.5 + 0.05 * t, ap, recall)) continue;
            ++means.count;
            means.ap += ap;
            means.recall += recall;
            if (t == 0) means.ap50 += ap;
        }
    if (means.count == 0) return {-1, -1, -1, 0};
    return {means.ap / means.count, means.ap50 / (means.count / 10), means.recall / means.count, means.count};
}

void expectAgreement(const std::vector<CocoImage>& images, int numClasses) {
    const CocoMetrics found = cocoMetrics(images, numClasses);
    constexpr double kSame = 1e-12;
    const Means all = literalMeans(images, numClasses, 0, 1e10, 100);
    EXPECT_NEAR(found.ap, all.ap, kSame);
    EXPECT_NEAR(found.ap50, all.ap50, kSame);
    EXPECT_NEAR(found.ar100, all.recall, kSame);
    EXPECT_NEAR(found.ar1, literalMeans(images, numClasses, 0, 1e10, 1).recall, kSame);
    EXPECT_NEAR(found.ar10, literalMeans(images, numClasses, 0, 1e10, 10).recall, kSame);
    const Means small = literalMeans(images, numClasses, 0, 32 * 32, 100);
    const Means medium = literalMeans(images, numClasses, 32 * 32, 96 * 96, 100);
    const Means large = literalMeans(images, numClasses, 96 * 96, 1e10, 100);
    EXPECT_NEAR(found.apSmall, small.ap, kSame);
    EXPECT_NEAR(found.apMedium, medium.ap, kSame);
    EXPECT_NEAR(found.apLarge, large.ap, kSame);
    EXPECT_NEAR(found.arSmall, small.recall, kSame);
    EXPECT_NEAR(found.arMedium, medium.recall, kSame);
    EXPECT_NEAR(found.arLarge, large.recall, kSame);
    double sum = 0;
    int64_t count = 0;
    for (const double ap : found.classAp)
        if (ap >= 0) {
            sum += ap;
            ++count;
        }
    EXPECT_NEAR(found.ap, count ? sum / static_cast<double>(count) : -1, kSame);
}

TEST(Coco, AgreesWithTheLiteralEvaluation) {
    for (uint64_t seed = 0; seed < 10; ++seed) {
        SCOPED_TRACE(seed);
        test::SceneOptions options;
        options.numClasses = 1 + static_cast<int>(seed % 4) * 2;
        options.crowdShare = seed % 3 * 0.2;
        options.maxLabels = seed % 2 ? 8 : 30;
        expectAgreement(test::randomScene(seed, options), options.numClasses);
    }
}

TEST(Coco, AgreesWhenALimitCuts) {
    test::SceneOptions options;
    options.images = 3;
    options.numClasses = 1;
    options.maxLabels = 120;
    options.maxFalseAlarms = 150;
    expectAgreement(test::randomScene(77, options), 1);
}

}  // namespace
}  // namespace qat
