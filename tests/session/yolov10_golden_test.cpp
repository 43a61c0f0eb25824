// YOLOv10n with random weights against its authors' package: both heads' raw maps and decoded outputs, the losses of
// both and their gradients.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "loss/end_to_end_loss.h"
#include "models/golden_batch.h"
#include "run/executor.h"
#include "session/model_source.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat {
namespace {

using namespace test;
using json = nlohmann::json;

Graph randomYolov10n(const std::filesystem::path& assets) {
    return openModel(assets / "models/yolov10n_random.pt").graph;
}

at::Tensor npy(const std::filesystem::path& file) {
    NpyArray array = readNpy(file);
    return at::from_blob(array.values.data(), array.shape, at::kFloat).clone();
}

TEST(Yolov10Golden, RawMapsAndDecodedOutputsOfBothHeads) {
    QAT_REQUIRE_ASSETS(assets);
    Graph graph = randomYolov10n(assets);
    EXPECT_EQ(graph.info.head, kOneToOne) << "which its authors deploy";
    const auto folder = assets / "goldens/yolov10n_random/raw";
    const std::string picture = "000000000110_320_";
    const at::Tensor input = npy(folder / (picture + "input_u8.npy")) / 255;
    for (const std::string_view head : {kOneToOne, kOneToMany}) {
        deployHead(graph, head);
        std::vector<std::string> outputs = graph.outputNames(OutputRole::RawHead);
        outputs.push_back(decodedOutput(graph));
        const auto made = Executor(graph, {.outputs = outputs}).run(input);
        for (int level = 0; level < 3; ++level) {
            const at::Tensor expected = npy(folder / str(picture, head, "_map", level, ".npy"));
            EXPECT_LT(maxDifference(made[static_cast<size_t>(level)], expected), 1e-3) << head << " " << level;
        }
        const at::Tensor decoded = npy(folder / str(picture, head, "_decoded.npy"));
        EXPECT_LT(maxDifference(made[3].narrow(1, 0, 4), decoded.narrow(1, 0, 4)), 2e-2) << head << ", pixels";
        EXPECT_LT(maxDifference(made[3].narrow(1, 4, 80), decoded.narrow(1, 4, 80)), 1e-4) << head << ", scores";
    }
}

TEST(Yolov10Golden, LossesAndGradientsOfBothHeads) {
    QAT_REQUIRE_ASSETS(assets);
    const auto batches = readJson(assets / "goldens/yolov10n_random/loss.json").at("batches");
    ASSERT_FALSE(batches.empty());
    const Graph stored = randomYolov10n(assets);
    const auto one = stored.outputNames(OutputRole::RawHead), many = stored.outputNames(OutputRole::OtherRawHead);
    for (const json& batch : batches) {
        const Graph graph = stored.clone(true);
        requireGradients(graph);
        const bool train = batch.at("mode") == "train";
        const EndToEndLoss loss({one, many}, {}, HeadBalance::Equal);
        Executor executor(graph, {.outputs = loss.outputs(), .train = train, .grad = true});
        const LossValue value = loss.of(executor.run(batchOf(assets, batch)), targetsOf(batch));
        const double total = batch.at("total_times_batch");
        EXPECT_NEAR(value.total.item<double>(), total, 1e-4 * total);
        for (const auto& [name, term] : value.terms) {
            const double expected = batch.at("items").at("one2one_" + name);
            EXPECT_NEAR(term, expected, 1e-4 * expected) << name;
        }
        value.total.backward();
        for (const auto& [name, golden] : batch.at("gradients").items())
            expectGradient(graph.value(*graph.findValue(name)).data->grad(), golden, name);
        if (train) expectRunning(graph, batch.at("running_after_one_step"));
    }
}

}  // namespace
}  // namespace qat
