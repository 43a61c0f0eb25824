// One step of the whole network against the reference: loss terms, gradients of named parameters, running statistics.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cstring>

#include "loss/detection_loss.h"
#include "models/golden_batch.h"
#include "models/trained.h"
#include "run/executor.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat {
namespace {

using namespace test;

TEST(LossGolden, TermsGradientsAndRunningStatisticsInBothModes) {
    QAT_REQUIRE_ASSETS(assets);
    const auto batches = test::readJson(assets / "goldens" / "yolov8n" / "loss.json").at("batches");
    ASSERT_EQ(batches.size(), 2u);
    const Graph trained = test::trainedYolov8n(assets);
    for (const auto& batch : batches) {
        const Graph graph = trained.clone(true);
        requireGradients(graph);
        const bool train = batch.at("mode") == "train";
        Executor executor(graph, {.outputs = {"head.0", "head.1", "head.2"}, .train = train, .grad = true});
        const DetectionLoss loss = detectionLoss(executor.run(batchOf(assets, batch)), targetsOf(batch), {});
        const auto& items = batch.at("items");
        const double box = items.at("box"), cls = items.at("cls"), dfl = items.at("dfl"),
                     total = batch.at("total_times_batch");
        EXPECT_NEAR(loss.box, box, 1e-4 * box);
        EXPECT_NEAR(loss.cls, cls, 1e-4 * cls);
        EXPECT_NEAR(loss.dfl, dfl, 1e-4 * dfl);
        EXPECT_NEAR(loss.total.item<double>(), total, 1e-4 * total);
        loss.total.backward();
        for (const auto& [name, golden] : batch.at("gradients").items())
            expectGradient(graph.value(*graph.findValue(name)).data->grad(), golden, name);
        if (train) expectRunning(graph, batch.at("running_after_one_step"));
    }
}

}  // namespace
}  // namespace qat
