// The list of figures: which counts, what is said of it, and that files keep all of its bits.
#include "task/metrics.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "task/detect_metrics.h"
#include "task/metrics_json.h"

namespace qat {
namespace {

TEST(Metrics, DetectorsAreJudgedByMap) {
    const Metrics metrics = detectMetrics(0.1, 0.2, 0.6, 0.4);
    EXPECT_EQ(metrics.score(), 0.4);
    EXPECT_EQ(metrics.fitness, 0.1 * 0.6 + 0.9 * 0.4);
    EXPECT_EQ(metrics.sentence(), "mAP50-95 0.4, mAP50 0.6");
    std::string keys;
    for (const Metric& metric : metrics.values) keys += metric.key + " ";
    EXPECT_EQ(keys, "precision(B) recall(B) mAP50(B) mAP50-95(B) ") << "the columns of results.csv";
    EXPECT_EQ(metrics.of("recall"), 0.2);
}

TEST(Metrics, SayWhatTheyLack) {
    EXPECT_THROW(Metrics{}.score(), Error);
    EXPECT_THROW(detectMetrics(0, 0, 0, 0).of("top-1"), Error);
}

TEST(Metrics, ComeBackFromJsonWithAllBits) {
    const Metrics before = detectMetrics(1.0 / 3.0, 0.1, 2.0 / 3.0, 1e-300);
    const Metrics after = metricsFrom(nlohmann::json::parse(metricsJson(before).dump()));
    EXPECT_EQ(after.primary, before.primary);
    EXPECT_EQ(after.fitness, before.fitness);
    ASSERT_EQ(after.values.size(), before.values.size());
    for (size_t i = 0; i < after.values.size(); ++i) {
        EXPECT_EQ(after.values[i].key, before.values[i].key);
        EXPECT_EQ(after.values[i].label, before.values[i].label);
        EXPECT_EQ(after.values[i].value, before.values[i].value);
        EXPECT_EQ(after.values[i].decimals, before.values[i].decimals);
        EXPECT_EQ(after.values[i].headline, before.values[i].headline);
    }
}

TEST(Metrics, ARecommendedConfidenceComesBackAndIsMissingInOlderFiles) {
    DetectionMetrics measured;
    EXPECT_FALSE(metricsFrom(metricsJson(detectMetrics(measured))).confidence);
    measured.confidence = 1.0 / 3.0;
    EXPECT_EQ(metricsFrom(nlohmann::json::parse(metricsJson(detectMetrics(measured)).dump())).confidence, 1.0 / 3.0);
}

TEST(Metrics, FilesWithoutAPrimaryOneAreRefused) {
    nlohmann::json stored = metricsJson(detectMetrics(0, 0, 0, 0));
    stored["primary"] = "top-1";
    EXPECT_THROW(metricsFrom(stored), Error);
    EXPECT_THROW(metricsFrom(nlohmann::json::object()), nlohmann::json::exception);
}

}  // namespace
}  // namespace qat
