// Calibration: the ranges are those of the data, every way to stop or fail is told apart.
#include "quant/calibrate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "models/yolov8.h"
#include "run/executor.h"
#include "support/peak_memory.h"
#include "support/tensors.h"

namespace qat {
namespace {

struct Calibration : testing::Test {
    Random random{0};
    Graph original = buildYolov8("n", 2, random);
    Graph graph = original.clone(true);
    Config config;
    std::optional<QuantizerSet> set;
    CancelToken cancel;
    int64_t reported = 0;

    Calibration() { config.calibration.method = CalibrationMethod::MinMax; }
    void insert() { set.emplace(graph, resolvePlan(graph, config)); }
    at::Tensor batch(int index) const {
        return test::randomTensor({2, 3, 64, 64}, 100 + static_cast<uint64_t>(index), 0, 0.2 + 0.2 * index);
    }
    void run(int batches) {
        int given = 0;
        calibrate(
            original, graph, *set, [&] { return given < batches ? batch(given++) : at::Tensor(); },
            [&](int64_t done) { reported = done; }, cancel);
    }
    // Extremes of a group's sources in one batch, by another path.
    std::pair<float, float> extremes(const Quantizer& q, int index) const {
        float low = std::numeric_limits<float>::infinity(), high = -low;
        Executor executor(original, {.outputs = {"head.0", "head.1", "head.2"}});
        executor.setHook([&](ValueId id, const at::Tensor& value) {
            if (std::find(q.observed.begin(), q.observed.end(), id) == q.observed.end()) return;
            low = std::min(low, value.min().item<float>());
            high = std::max(high, value.max().item<float>());
        });
        executor.run(batch(index));
        return {low, high};
    }
    ErrorKind failure(int batches) {
        try {
            run(batches);
        } catch (const Error& error) {
            return error.kind();
        }
        ADD_FAILURE() << "no error";
        return ErrorKind::Internal;
    }
};

TEST_F(Calibration, MinMaxTakesTheExtremesOfAllBatches) {
    config.quantization.activation.observer = ObserverKind::MinMax;
    insert();
    run(3);
    EXPECT_EQ(reported, 3);
    for (const char* layer : {"model.0.conv", "model.2.cv2.conv", "model.15.cv1.conv", "model.22.cv3.1.2"}) {
        const Quantizer& q = *set->inputOf(*graph.findNode(layer));
        std::pair<float, float> range = extremes(q, 0);
        for (int i = 1; i < 3; ++i) {
            const auto [low, high] = extremes(q, i);
            range = {std::min(range.first, low), std::max(range.second, high)};
        }
        EXPECT_EQ(q.observer.range().low.front(), range.first) << layer;
        EXPECT_EQ(q.observer.range().high.front(), range.second) << layer;
        const QParams params = chooseQParams(range.first, range.second, q.grid, scaleFloor(1e-5, 8));
        EXPECT_EQ(graph.value(q.scale).data->item<float>(), params.scale) << layer;
        EXPECT_EQ(graph.value(q.zeroPoint).data->item<float>(), params.zeroPoint) << layer;
    }
}

TEST_F(Calibration, MovingAverageMovesOncePerBatchByTheMomentum) {
    config.quantization.fakeQuantize.momentum = 0.25;
    insert();
    run(2);
    const Quantizer& q = *set->inputOf(*graph.findNode("model.2.cv2.conv"));
    ASSERT_EQ(q.observed.size(), 3u) << "a group of several members counts as one";
    const auto first = extremes(q, 0), second = extremes(q, 1);
    EXPECT_FLOAT_EQ(q.observer.range().low.front(), first.first + 0.25f * (second.first - first.first));
    EXPECT_FLOAT_EQ(q.observer.range().high.front(), first.second + 0.25f * (second.second - first.second));
}

TEST_F(Calibration, WeightsAreLeftAsTheyWere) {
    insert();
    const Quantizer& q = *set->weightOf(*graph.findNode("model.3.conv"));
    const at::Tensor before = graph.value(q.scale).data->clone();
    run(1);
    EXPECT_TRUE(at::equal(*graph.value(q.scale).data, before));
}

TEST_F(Calibration, MemoryDoesNotGrowWithTheNumberOfImages) {
    config.calibration.method = CalibrationMethod::Percentile;
    const auto peakOf = [&](int batches, Scheme scheme) {
        config.quantization.activation.scheme = scheme;
        graph = original.clone(true);
        insert();
        test::PeakMemory::restart();
        run(batches);
        return test::PeakMemory::bytes();
    };
    for (const Scheme scheme : {Scheme::PerTensor, Scheme::PerChannel}) {
        const int64_t few = peakOf(2, scheme);
        EXPECT_GT(few, 1 << 20);
        EXPECT_LE(peakOf(12, scheme), few * 101 / 100);
    }
}

TEST_F(Calibration, NoImagesAreAnError) {
    insert();
    EXPECT_EQ(failure(0), ErrorKind::BadInput);
}

TEST_F(Calibration, StopsAfterTheBatchThatWasRunning) {
    insert();
    cancel.request(StopLevel::FinishBatch);
    EXPECT_EQ(failure(5), ErrorKind::Cancelled);
    EXPECT_EQ(reported, 1);
}

TEST_F(Calibration, RangesFromTheFusedPassMoveTheSameObservers) {
    insert();
    run(1);
    BatchObserver observer(*set);
    Executor executor(graph, {.outputs = {"head.0", "head.1", "head.2"}, .grad = true});
    int told = 0;
    executor.setRangeSink([&](ValueId id) { return observer.wants(id); },
                          [&](ValueId id, float low, float high) {
                              ++told;
                              observer.seeRange(id, low, high);
                          });
    executor.run(batch(3));
    observer.endBatch();
    int expected = 0;
    for (const Quantizer& q : set->all()) expected += q.weight ? 0 : static_cast<int>(q.nodes.size());
    EXPECT_EQ(told, expected) << "every activation quantizer reports once";
    EXPECT_THROW(observer.seeRange(original.inputs().front(), std::numeric_limits<float>::quiet_NaN(), 0), Error);
    observer.seeRange(original.output("decoded"), -1, 1);  // nobody observes it
}

}  // namespace
}  // namespace qat
