// Layer error and the sensitivity sweep on a whole detector.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "analysis/calibrated_model.h"
#include "analysis/layer_error.h"
#include "analysis/sensitivity.h"
#include "base/error.h"
#include "quant/plan.h"
#include "support/assets.h"

namespace qat::test {
namespace {

TEST(LayerError, IsZeroForIdenticalGraphs) {
    const CalibratedModel model = calibratedModel(8, 8);
    const auto errors =
        measureLayerError(model.floatGraph, model.floatGraph.clone(true), noiseImages(2), CancelToken());
    ASSERT_EQ(errors.size(), 66u);  // 63 layers and three head outputs
    for (const LayerError& error : errors) EXPECT_EQ(error.error.mse(), 0) << error.layer;
}

TEST(LayerError, NamesLayersInOrderThenHeads) {
    const CalibratedModel model = calibratedModel(8, 8);
    const auto errors = measureLayerError(model.floatGraph, model.quantized, noiseImages(1), CancelToken());
    const auto nodes = quantizableNodes(model.floatGraph);
    ASSERT_EQ(errors.size(), nodes.size() + 3);
    for (size_t i = 0; i < nodes.size(); ++i) {
        EXPECT_EQ(errors[i].layer, model.floatGraph.node(nodes[i]).name);
        EXPECT_GT(errors[i].error.mse(), 0) << errors[i].layer;
    }
    EXPECT_EQ(errors[nodes.size()].layer, "head.0");
    EXPECT_EQ(errors.back().layer, "head.2");
}

TEST(LayerError, FewerBitsHurtMore) {
    const CalibratedModel eight = calibratedModel(8, 8), four = calibratedModel(4, 4);
    const auto fine = measureLayerError(eight.floatGraph, eight.quantized, noiseImages(1), CancelToken());
    const auto coarse = measureLayerError(four.floatGraph, four.quantized, noiseImages(1), CancelToken());
    for (size_t i = fine.size() - 3; i < fine.size(); ++i)
        EXPECT_GT(fine[i].error.sqnrDb(), coarse[i].error.sqnrDb() + 6) << fine[i].layer;
}

TEST(LayerError, StopsOnRequest) {
    const CalibratedModel model = calibratedModel(8, 8);
    CancelToken cancel;
    cancel.request(StopLevel::FinishBatch);
    EXPECT_THROW(measureLayerError(model.floatGraph, model.quantized, noiseImages(2), cancel), Error);
}

TEST(Sensitivity, ReuseAndFullPassesScoreAlike) {
    const CalibratedModel model = calibratedModel(8, 8);
    int64_t lastDone = 0, lastTotal = 0;
    const auto progress = [&](int64_t done, int64_t total) { lastDone = done, lastTotal = total; };
    const auto reused = measureSensitivity({model.floatGraph, *model.quantizers, {4}, true}, noiseImages(1), 1,
                                           CancelToken(), progress);
    EXPECT_EQ(lastDone, 63);
    EXPECT_EQ(lastTotal, 63);
    const auto full = measureSensitivity({model.floatGraph, *model.quantizers, {4}, false}, noiseImages(1), 1,
                                         CancelToken(), progress);
    ASSERT_EQ(reused.size(), 63u);
    ASSERT_EQ(full.size(), 63u);
    for (size_t i = 0; i < full.size(); ++i) {
        EXPECT_EQ(reused[i].layer, full[i].layer);
        EXPECT_GT(full[i].error.noiseToSignal(), 0) << full[i].layer;
        EXPECT_EQ(reused[i].error.noiseToSignal(), full[i].error.noiseToSignal()) << full[i].layer;
    }
}

TEST(Sensitivity, RowsAreLayersThenWidths) {
    const CalibratedModel model = calibratedModel(8, 8);
    const auto rows = measureSensitivity({model.floatGraph, *model.quantizers, {8, 3}}, noiseImages(1), 1,
                                         CancelToken(), [](int64_t, int64_t) {});
    ASSERT_EQ(rows.size(), 126u);
    for (size_t i = 0; i < rows.size(); i += 2) {
        EXPECT_EQ(rows[i].layer, rows[i + 1].layer);
        EXPECT_EQ(rows[i].bits, 8);
        EXPECT_EQ(rows[i + 1].bits, 3);
        EXPECT_LT(rows[i].error.noiseToSignal(), rows[i + 1].error.noiseToSignal()) << rows[i].layer;
    }
}

// The sweep looks at the graphs, and leaves both as they were.
TEST(Sensitivity, ChangesNothing) {
    const CalibratedModel model = calibratedModel(8, 8);
    const std::string before = dumpGraph(model.floatGraph);
    const at::Tensor weight = model.floatGraph.value(*model.floatGraph.findValue("model.0.conv.weight")).data->clone();
    measureSensitivity({model.floatGraph, *model.quantizers, {2}, false}, noiseImages(1), 1, CancelToken(),
                       [](int64_t, int64_t) {});
    EXPECT_EQ(dumpGraph(model.floatGraph), before);
    EXPECT_TRUE(at::equal(weight, *model.floatGraph.value(*model.floatGraph.findValue("model.0.conv.weight")).data));
}

TEST(Sensitivity, NeedsImagesAndStopsOnRequest) {
    const CalibratedModel model = calibratedModel(8, 8);
    EXPECT_THROW(measureSensitivity({model.floatGraph, *model.quantizers, {4}}, noiseImages(0), 0, CancelToken(),
                                    [](int64_t, int64_t) {}),
                 Error);
    CancelToken cancel;
    int rows = 0;
    const auto stopAfterThree = [&](int64_t, int64_t) {
        if (++rows == 3) cancel.request(StopLevel::FinishBatch);
    };
    EXPECT_THROW(
        measureSensitivity({model.floatGraph, *model.quantizers, {4}}, noiseImages(1), 1, cancel, stopAfterThree),
        Error);
    EXPECT_EQ(rows, 3);
}

// Stopped within the second batch: the rest gives the same bits, and another sweep's state is none.
TEST(Sensitivity, GoesOnFromItsState) {
    const CalibratedModel model = calibratedModel(8, 8);
    const ScratchFolder scratch;
    const SensitivityJob job{.floatGraph = model.floatGraph,
                             .quantizers = *model.quantizers,
                             .bits = {4},
                             .state = scratch.path() / "sweep.json",
                             .identity = "job"};
    const auto whole = measureSensitivity({model.floatGraph, *model.quantizers, {4}}, noiseImages(2), 2, CancelToken(),
                                          [](int64_t, int64_t) {});
    CancelToken cancel;
    EXPECT_THROW(measureSensitivity(job, noiseImages(2), 2, cancel,
                                    [&](int64_t done, int64_t) {
                                        if (done == 70) cancel.request(StopLevel::FinishBatch);
                                    }),
                 Error);
    for (const char* identity : {"another", "job"}) {
        SensitivityJob again = job;
        again.identity = identity;
        int rows = 0;
        int64_t resumed = 0;
        if (std::string(identity) == "another")
            again.state = scratch.path() / "copy.json", std::filesystem::copy_file(job.state, again.state);
        const auto parts = measureSensitivity(
            again, noiseImages(2), 2, CancelToken(), [&](int64_t, int64_t) { ++rows; },
            [&](int64_t done) { resumed = done; });
        EXPECT_EQ(resumed, std::string(identity) == "job" ? 70 : 0);
        EXPECT_EQ(rows, 126 - resumed);
        ASSERT_EQ(parts.size(), whole.size());
        for (size_t i = 0; i < whole.size(); ++i)
            EXPECT_EQ(parts[i].error.text(), whole[i].error.text()) << whole[i].layer;
    }
}

}  // namespace
}  // namespace qat::test
