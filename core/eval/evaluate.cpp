// The validation loop.
#include "eval/evaluate.h"

#include <ATen/ATen.h>

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"
#include "data/letterbox.h"
#include "eval/post_processing.h"
#include "passes/pipeline.h"
#include "run/executor.h"

namespace qat {
namespace {

using Clock = std::chrono::steady_clock;

double msSince(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Labels as the public validator sees them: scaled with the picture into the input (shifted by the unrounded padding)
// and back like a detection. The detour moves a box by up to half a pixel, which counts at IoU 0.95.
void addLabels(const at::Tensor& targets, const Batch& batch, std::vector<ImageDetections>& images) {
    const float height = static_cast<float>(batch.images.size(2)), width = static_cast<float>(batch.images.size(3));
    const auto rows = targets.accessor<float, 2>();
    for (int64_t r = 0; r < rows.size(0); ++r) {
        const auto i = static_cast<size_t>(rows[r][0]);
        const float x = rows[r][2] * width, y = rows[r][3] * height, w = rows[r][4] * width, h = rows[r][5] * height;
        const ImageInfo& info = batch.info[i];
        const Box box = toOriginal({x - w / 2, y - h / 2, x + w / 2, y + h / 2}, info.ratio, info.padLeft, info.padTop,
                                   {info.width, info.height});
        images[i].labels.push_back({box, static_cast<int32_t>(rows[r][1])});
    }
}

// The graph's own inference form.
class OwnPath {
public:
    OwnPath(const Graph& graph, bool precise)
        : m_graph(inferenceForm(graph)),
          m_executor(m_graph, {.outputs = {decodedOutput(m_graph)}, .frozen = true, .precise = precise}) {}
    at::Tensor decoded(const at::Tensor& images) { return m_executor.run(images).front().cpu(); }

private:
    const Graph m_graph;
    Executor m_executor;
};

}  // namespace

ImageDetections detectionsOf(const at::Tensor& decoded, const ImageInfo& info, const ModelInfo& model,
                             const NmsOptions& options) {
    const at::Tensor rows = decoded.cpu().contiguous();
    ImageDetections image{info.path, info.width, info.height, {}, {}};
    image.detections =
        detectionsIn({rows.data_ptr<float>(), static_cast<size_t>(rows.numel())}, model, rows.size(1), options);
    for (Detection& detection : image.detections)
        detection.box = toOriginal(detection.box, info.ratio, info.padLeft, info.padTop, {info.width, info.height});
    return image;
}

EvaluationResult evaluate(const Graph& graph, Loader& loader, const EvaluationOptions& options,
                          const CancelToken& cancel, const std::function<void(int64_t, int64_t)>& progress) {
    std::optional<OwnPath> own;
    if (!options.decode) own.emplace(graph, options.precise);
    const NmsOptions boxes = options.nms.value_or(validateOptions(graph.info));
    MetricsAccumulator metrics(static_cast<int>(graph.info.numClasses));
    EvaluationResult result;
    const int64_t total = loader.batchesPerEpoch();
    int64_t done = 0, images = 0;
    std::string damaged;
    loader.startEpoch(0);
    for (auto start = Clock::now(); auto batch = loader.next(); start = Clock::now()) {
        result.preprocessMs += msSince(start);
        start = Clock::now();
        const at::Tensor decoded = own ? own->decoded(batch->images) : options.decode(batch->images);
        result.inferenceMs += msSince(start);
        start = Clock::now();
        std::vector<ImageDetections> found;
        for (size_t i = 0; i < batch->info.size(); ++i)
            found.push_back(detectionsOf(decoded[static_cast<int64_t>(i)], batch->info[i], graph.info, boxes));
        addLabels(batch->targets, *batch, found);
        for (size_t i = 0; i < found.size(); ++i) {
            if (batch->info[i].damaged) {
                if (damaged.empty()) damaged = batch->info[i].path;
                continue;
            }
            metrics.add(found[i].detections, found[i].labels);
            if (options.keepDetections) result.images.push_back(std::move(found[i]));
            ++images;
        }
        result.postprocessMs += msSince(start);
        if (progress) progress(++done, total);
        cancel.poll();
    }
    require(images > 0 || damaged.empty(), ErrorKind::BadInput,
            "there is nothing to measure: not one picture can be decoded, the first is ", damaged);
    for (double* ms : {&result.preprocessMs, &result.inferenceMs, &result.postprocessMs})
        *ms /= static_cast<double>(std::max<int64_t>(images, 1));
    result.metrics = metrics.result();
    return result;
}

}  // namespace qat
