// What travels in the program: every bundled model opens, and the one without suppression needs none.
#include "session/bundled.h"

#include <gtest/gtest.h>

#include "config/config_io.h"
#include "data/loader.h"
#include "eval/evaluate.h"
#include "session/model_source.h"

namespace qat::test {
namespace {

double mapOf(const Graph& graph) {
    LoaderOptions options;
    options.imgsz = 160;
    Loader loader(openDataset("shapes:train=2,val=100", DataSplit::Val), options);
    return evaluate(graph, loader, {}, CancelToken()).metrics.map;
}

TEST(BundledModels, OpenAsTheirDemosConfigurationsSay) {
    for (const BundledModel& bundled : bundledModels()) {
        const ConfigReading reading = readConfig(bundled.demoConfig());
        ASSERT_TRUE(reading.valid()) << bundled.name;
        EXPECT_EQ(reading.config.model.pretrainedPath, bundled.name);
        const OpenedModel opened = openModel(reading.config, 0);
        EXPECT_EQ(opened.graph.info.numClasses, 6) << bundled.name;
        EXPECT_TRUE(noticesOf(opened).empty()) << bundled.name;
        EXPECT_LE(bundled.weights().size(), bundled.name == "builtin:shapes" ? 7'000'000u : 3'145'728u);
    }
    EXPECT_EQ(bundledNamed("builtin:circles"), nullptr);
}

TEST(BundledModels, OneBoxAnObjectNeedsNoSuppression) {
    Graph graph = openModel("builtin:shapes26").graph;
    ASSERT_EQ(graph.info.head, kOneToOne);
    const double plain = mapOf(graph);
    dropOtherHead(graph);
    graph.info.head.clear();                  // now its boxes are suppressed like those of any other detector
    EXPECT_NEAR(mapOf(graph), plain, 0.005);  // 60 epochs leave a few second boxes: 0.0032 of 200 pictures
    EXPECT_GT(plain, 0.8);
}

}  // namespace
}  // namespace qat::test
