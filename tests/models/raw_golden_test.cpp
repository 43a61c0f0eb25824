// Raw maps and decoded boxes of the trained detector against the reference implementation.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <iostream>

#include "base/error.h"
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

struct Arithmetic {
    const char* name;
    bool frozen, precise;
    double boxes;  // allowed, pixels
};

Differences differencesOf(const Graph& graph, const std::filesystem::path& assets, const std::string& image,
                          bool complete, const Arithmetic& how) {
    Executor executor(graph, {.outputs = kOutputs, .frozen = how.frozen, .precise = how.precise});
    const auto made = executor.run(test::goldenInput(assets, image));
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

// The goldens are float32 results themselves: a run in double precision lies 1.3e-3 and 1.5e-3 pixels from their boxes.
// Sums in double add little to that; sums in float32, in the order of the kernel, add up to one and a half times as
// much.
TEST(RawGolden, MapsAndBoxesAgreeUnfoldedAndFolded) {
    QAT_REQUIRE_ASSETS(assets);
    Graph graph = test::trainedYolov8n(assets);
    for (const bool folded : {false, true}) {
        if (folded) foldBatchNorm(graph);
        for (const Arithmetic& how :
             {Arithmetic{"precise", false, true, 2e-3}, Arithmetic{"plain", false, false, 4.5e-3},
              Arithmetic{"frozen", true, false, 4.5e-3}})
            for (const auto& [image, complete] : {std::pair{"000000000110", true}, {"000000000113", false}}) {
                const Differences d = differencesOf(graph, assets, image, complete, how);
                const std::string what = str(how.name, folded ? " folded " : " unfolded ", image);
                EXPECT_LT(d.maps, 1e-3) << what;
                EXPECT_LT(d.boxes, how.boxes) << what;
                EXPECT_LT(d.scores, 1e-4) << what;
                std::cout << what << ": maps " << d.maps << ", boxes " << d.boxes << ", scores " << d.scores << "\n";
            }
    }
}

}  // namespace
}  // namespace qat
