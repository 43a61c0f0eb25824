// Validation of a detector: every image of a loader through a graph, then the metrics.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "data/loader.h"
#include "eval/metrics.h"
#include "eval/nms.h"
#include "graph/graph.h"

namespace qat {

// Detections of one image and what is there, in pixels of the original image.
struct ImageDetections {
    std::string path;
    int width = 0, height = 0;
    std::vector<Detection> detections;
    std::vector<LabelBox> labels;
};

struct EvaluationOptions {
    std::optional<NmsOptions> nms{};  // else validateOptions()
    bool keepDetections = false;
    bool precise = false;  // as in ExecutorOptions
    // What makes decoded outputs of a batch's images, instead of the graph's inference form.
    std::function<at::Tensor(const at::Tensor& images)> decode{};
};

struct EvaluationResult {
    DetectionMetrics metrics;                                     // matched on the original images
    std::vector<ImageDetections> images;                          // if kept, loader order
    double preprocessMs = 0, inferenceMs = 0, postprocessMs = 0;  // wall time an image, as seen by this thread
};

// Detections of one decoded output [4 + classes, A] of the model (detectionsIn), mapped back to the original image;
// without labels.
ImageDetections detectionsOf(const at::Tensor& decoded, const ImageInfo& info, const ModelInfo& model,
                             const NmsOptions& options);

// Runs the graph's inferenceForm, or what options.decode says, over one epoch of the loader, on the graph's device;
// boxes are found on the processor: a quantized model is measured in integer arithmetic, so its figures do not depend
// on the number of threads. progress(done, total) counts batches. Throws Error{Cancelled} on request.
EvaluationResult evaluate(const Graph& graph, Loader& loader, const EvaluationOptions& options,
                          const CancelToken& cancel, const std::function<void(int64_t, int64_t)>& progress = {});

}  // namespace qat
