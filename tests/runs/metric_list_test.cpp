// The list by which a run folder says what its model is judged by.
#include "runs/metric_list.h"

#include <gtest/gtest.h>

#include "runs/event_line.h"
#include "runs/run_record.h"

namespace qat::test {
namespace {

MetricList classifier() {
    return {"classification",
            {{.key = "entropy", .label = "entropy", .decimals = 2},
             {.key = "accuracy_top5", .label = "top-5", .headline = true},
             {.key = "accuracy_top1", .label = "top-1", .decimals = 3, .headline = true, .primary = true}}};
}

TEST(MetricList, ThePrimaryOneIsTheFirstHeadline) {
    const std::vector<MetricName> headlines = classifier().headlines();
    ASSERT_EQ(headlines.size(), 2u);
    EXPECT_EQ(headlines[0].label, "top-1");
    EXPECT_EQ(headlines[1].label, "top-5");
}

TEST(MetricList, IsSoundWithOnePrimaryMetricAndNamesOfTheirOwn) {
    EXPECT_TRUE(classifier().isSound());
    EXPECT_TRUE(listOfEarlierVersions().isSound());
    EXPECT_FALSE(MetricList{}.isSound());
    MetricList list = classifier();
    list.metrics[0].primary = true;
    EXPECT_FALSE(list.isSound()) << "two primary ones";
    list = classifier();
    list.metrics[0].label = "top-1";
    EXPECT_FALSE(list.isSound()) << "two of one label";
    list = classifier();
    list.metrics[0].key = "";
    EXPECT_FALSE(list.isSound()) << "one without a key";
}

TEST(MetricList, OfARunIsThatOfItsEvents) {
    RunRecord record;
    record.apply(eventLine(0, ScalarEvent{"metrics/mAP50-95(B)", 1, 0.25}));
    EXPECT_EQ(*record.scores()->last(), 0.25) << "a folder without a list is a detector's";
    EXPECT_EQ(record.apply(eventLine(0, classifier())), kRunIdentity | kRunScalars);
    EXPECT_EQ(record.metrics.metrics, classifier().metrics);
    EXPECT_EQ(record.scores(), nullptr);
    record.apply(eventLine(1, ScalarEvent{"metrics/accuracy_top1", 1, 0.5}));
    record.apply(eventLine(1, ScalarEvent{"ptq/top-1", 0, 0.75}));
    EXPECT_EQ(*record.scores()->last(), 0.5);
    EXPECT_EQ(*record.score(series::kPtq), 0.75);
}

TEST(MetricList, IsTakenFromNobodyWhoHasNone) {
    for (const char* line : {R"({"type":"metrics"})", R"({"type":"metrics","metrics":[]})",
                             R"({"type":"metrics","metrics":[7,{"key":3}]})",
                             R"({"type":"metrics","metrics":[{"key":"a","label":"a"}]})"}) {
        RunRecord record;
        EXPECT_EQ(record.apply(line), 0u) << line;
        EXPECT_EQ(record.metrics.metrics, listOfEarlierVersions().metrics) << line;
    }
    EXPECT_FALSE(readMetricList("{"));
    EXPECT_FALSE(readMetricList("[]"));
    const auto wild = readMetricList(R"({"metrics":[{"key":"a","label":"a","primary":true,"decimals":1e9}]})");
    ASSERT_TRUE(wild);
    EXPECT_EQ(wild->primary().decimals, 9) << "more say nothing";
}

}  // namespace
}  // namespace qat::test
