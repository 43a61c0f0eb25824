// Detections of the file against those of the simulation.
#include "session/parity.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "eval/box_iou.h"
#include "eval/nms.h"
#include "export/runtime_check.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr double kIou = 0.95, kShare = 0.99, kScore = 0.02;

struct Tally {
    int64_t boxes = 0, matched = 0;
    double worstScore = 0;

    // Every box of one side looks for its partner on the other.
    void add(const std::vector<Detection>& from, const std::vector<Detection>& to) {
        for (const Detection& a : from) {
            ++boxes;
            const auto partner = std::ranges::find_if(to, [&](const Detection& b) { return a.classIndex == b.classIndex && boxIou(a.box, b.box) >= kIou; });
            if (partner == to.end()) continue;
            ++matched;
            worstScore = std::max(worstScore, std::abs(static_cast<double>(a.score) - partner->score));
        }
    }
};

std::vector<Detection> detections(std::span<const float> decoded, int64_t classes, int64_t anchors) {
    return nonMaxSuppression(decoded, classes, anchors, NmsOptions::predict());
}

}  // namespace

ParityReport checkParity(const std::filesystem::path& onnx, const Graph& graph, const std::function<at::Tensor()>& next, const CancelToken& cancel) {
    if (const std::string missing = missingOnnxRuntime(); !missing.empty()) return {false, false, "the exported file was not run: " + missing};
    Executor executor(graph, {.outputs = {"decoded"}});
    Tally tally;
    std::string runtime;
    int64_t images = 0;
    for (at::Tensor image = next(); image.defined(); image = next(), ++images) {
        cancel.poll();
        const at::Tensor simulated = executor.run(image).front().contiguous();
        const at::Tensor planar = image.contiguous();
        RuntimeOptions options;
        options.cancel = &cancel;
        const auto run = runOnnxRuntime(onnx, {{"images", planar.sizes().vec(), {planar.data_ptr<float>(), planar.data_ptr<float>() + planar.numel()}}}, options);
        if (!run) return {false, false, "the exported file was not run: no runtime is installed"};
        runtime = run->runtime;
        require(run->outputs.size() == 1 && static_cast<int64_t>(run->outputs[0].values.size()) == simulated.numel(), ErrorKind::Internal,
                onnx.string(), ": the runtime's output has another size than the simulation's");
        const int64_t anchors = simulated.size(2), classes = graph.info.numClasses;
        const auto ours = detections({simulated.data_ptr<float>(), static_cast<size_t>(simulated.numel())}, classes, anchors);
        const auto theirs = detections(run->outputs[0].values, classes, anchors);
        tally.add(ours, theirs);
        tally.add(theirs, ours);
    }
    const double share = tally.boxes ? static_cast<double>(tally.matched) / static_cast<double>(tally.boxes) : 1.0;
    const bool agrees = share >= kShare && tally.worstScore <= kScore;
    return {true, agrees, str(runtime, " against the simulation on ", images, " images: ", tally.matched, " of ", tally.boxes,
                              " boxes matched at IoU 0.95, largest score difference ", tally.worstScore, agrees ? "" : ": the exported file differs")};
}

}  // namespace qat
