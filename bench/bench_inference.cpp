// Inference at 640 x 640 with folded batch norms, up to the decoded boxes and scores; milliseconds an image.
#include <ATen/ATen.h>

#include <memory>

#include "benches.h"
#include "run/executor.h"
#include "subject.h"

namespace qat::bench {
namespace {

struct Detector {
    Graph graph;
    Executor executor;
    explicit Detector(Graph model) : graph(std::move(model)), executor(graph, {.outputs = {"decoded"}}) {}
};

Contender batchOf(const Settings& settings, int64_t batch, const std::string& baseline) {
    const Unit unit{"ms/image", 0, 1.0 / static_cast<double>(batch)};
    return {"inference.b" + std::to_string(batch), baseline, unit, [=] {
                const auto detector = std::make_shared<Detector>(subjectModel(settings, true));
                return [detector, images = noiseImages(batch, 640)] { detector->executor.run(images); };
            }};
}

}  // namespace

void benchInference(const Settings& settings, Table& table) {
    compare(settings, {2, 11}, {batchOf(settings, 1, ""), batchOf(settings, 16, "")}, table);
}

}  // namespace qat::bench
