// Raw maps and decoded boxes of the trained detector against the reference implementation.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/trained.h"
#include "passes/fold_batch_norm.h"
#include "run/executor.h"
#include "support/assets.h"
#include "support/tensors.h"

namespace qat {
namespace {

const std::vector<std::string> kOutputs{"head.0", "head.1", "head.2", "decoded"};

// Largest differences from the goldens of one image: raw maps (logits), boxes (pixels), scores.
struct Differences {
    double maps = 0, boxes = 0, scores = 0;
};

Differences differencesOf(const Graph& graph, const std::filesystem::path& assets, const std::string& image,
                          bool complete) {
    const auto made = Executor(graph, {.outputs = kOutputs}).run(test::goldenInput(assets, image));
    const auto golden = [&](const std::string& part) {
        return test::readNpyTensor(assets / "goldens" / "yolov8n" / "raw" / (image + "_640_" + part + ".npy"));
    };
    Differences d;
    for (size_t level = complete ? 0 : 1; level < 3; ++level)
        d.maps = std::max(d.maps, test::maxDifference(made[level], golden("map" + std::to_string(level))));
    const at::Tensor decoded = complete ? made[3] : made[3].slice(2, 6400);
    const at::Tensor expected = golden(complete ? "decoded" : "decoded_from_6400");
    d.boxes = test::maxDifference(decoded.slice(1, 0, 4), expected.slice(1, 0, 4));
    d.scores = test::maxDifference(decoded.slice(1, 4), expected.slice(1, 4));
    return d;
}

// The goldens are themselves float32 results: in exact arithmetic the boxes are 1.6e-3 pixels away from them. What is
// left over comes from the order in which convolutions add up, which differs from processor to processor.
TEST(RawGolden, MapsAndBoxesAgreeUnfoldedAndFolded) {
    QAT_REQUIRE_ASSETS(assets);
    Graph graph = test::trainedYolov8n(assets);
    for (const bool folded : {false, true}) {
        if (folded) foldBatchNorm(graph);
        for (const auto& [image, complete] : {std::pair{"000000000110", true}, {"000000000113", false}}) {
            const Differences d = differencesOf(graph, assets, image, complete);
            EXPECT_LT(d.maps, 1e-3) << image << " folded " << folded;
            // Float noise: the golden is itself 1.0e-3 and 1.6e-3 away from a run in double precision, and equally exact
            // float variants (order of sums, processor) lie 0.9e-3 to 2.8e-3 from it.
            EXPECT_LT(d.boxes, 3e-3) << image << " folded " << folded;
            EXPECT_LT(d.scores, 1e-4) << image << " folded " << folded;
            RecordProperty(std::string("maps_") + image + (folded ? "_folded" : ""), std::to_string(d.maps));
            RecordProperty(std::string("boxes_") + image + (folded ? "_folded" : ""), std::to_string(d.boxes));
        }
    }
}

}  // namespace
}  // namespace qat
