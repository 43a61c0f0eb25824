// The validation loop.
#include "eval/evaluate.h"

#include <ATen/ATen.h>

#include <chrono>

#include "data/letterbox.h"
#include "run/executor.h"

namespace qat {
namespace {

using Clock = std::chrono::steady_clock;

double msSince(Clock::time_point start) { return std::chrono::duration<double, std::milli>(Clock::now() - start).count(); }

LabelBox labelInPixels(const ObjectLabel& label, int width, int height) {
    const float w = static_cast<float>(width), h = static_cast<float>(height);
    return {{(label.x - label.w / 2) * w, (label.y - label.h / 2) * h, (label.x + label.w / 2) * w, (label.y + label.h / 2) * h},
            label.classIndex};
}

}  // namespace

ImageDetections detectionsOf(const at::Tensor& decoded, const ImageInfo& info, int64_t numClasses, const NmsOptions& nms) {
    const at::Tensor rows = decoded.contiguous();
    ImageDetections image{info.path, info.width, info.height, {}, {}};
    image.detections = nonMaxSuppression({rows.data_ptr<float>(), static_cast<size_t>(rows.numel())}, numClasses, rows.size(1), nms);
    for (Detection& detection : image.detections)
        detection.box = toOriginal(detection.box, info.ratio, info.padLeft, info.padTop, {info.width, info.height});
    for (const ObjectLabel& label : info.labels) image.labels.push_back(labelInPixels(label, info.width, info.height));
    return image;
}

EvaluationResult evaluate(const Graph& graph, Loader& loader, const EvaluationOptions& options, const CancelToken& cancel,
                          const std::function<void(int64_t, int64_t)>& progress) {
    Executor executor(graph, {.outputs = {"decoded"}});
    MetricsAccumulator metrics(static_cast<int>(graph.info.numClasses));
    EvaluationResult result;
    const int64_t total = loader.batchesPerEpoch();
    int64_t done = 0, images = 0;
    loader.startEpoch(0);
    for (auto start = Clock::now(); auto batch = loader.next(); start = Clock::now()) {
        result.preprocessMs += msSince(start);
        start = Clock::now();
        const at::Tensor decoded = executor.run(batch->images).front();
        result.inferenceMs += msSince(start);
        start = Clock::now();
        for (size_t i = 0; i < batch->info.size(); ++i, ++images) {
            ImageDetections found = detectionsOf(decoded[static_cast<int64_t>(i)], batch->info[i], graph.info.numClasses, options.nms);
            metrics.add(found.detections, found.labels);
            if (options.keepDetections) result.images.push_back(std::move(found));
        }
        result.postprocessMs += msSince(start);
        if (progress) progress(++done, total);
        cancel.poll();
    }
    for (double* ms : {&result.preprocessMs, &result.inferenceMs, &result.postprocessMs}) *ms /= static_cast<double>(std::max<int64_t>(images, 1));
    result.metrics = metrics.result();
    return result;
}

}  // namespace qat
