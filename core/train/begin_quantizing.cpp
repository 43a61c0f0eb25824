// Calibration between two epochs.
#include "train/begin_quantizing.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

#include "quant/calibrate.h"
#include "train/loader_options.h"

namespace qat {
namespace {

// Batches of training images, as many as the most demanding quantizer looks at.
std::function<at::Tensor()> calibrationImages(const TrainJob& job) {
    const auto loader = std::make_shared<Loader>(job.data, shuffledOptions(job.config));
    loader->startEpoch(0);
    int left = 0;
    for (const Quantizer& q : job.quantizers->all()) left = std::max(left, q.weight ? 0 : q.how.calibration.numBatches);
    return [loader, left]() mutable {
        const auto next = left-- > 0 ? loader->next() : std::nullopt;
        return next ? next->images : at::Tensor();
    };
}

}  // namespace

void beginQuantizing(const TrainJob& job, const Graph& plain, Graph* average, const CancelToken& cancel) {
    std::map<ValueId, TensorPtr> trained;
    for (Quantizer& q : job.quantizers->all()) {
        if (!q.weight) q.observer.restore({});
        for (const ValueId id : {q.scale, q.zeroPoint})
            if (job.graph.value(id).kind == ValueKind::Parameter) trained[id] = job.graph.value(id).data;
    }
    calibrate(
        plain, job.graph, *job.quantizers, calibrationImages(job), [](int64_t) {}, cancel);
    job.quantizers->followWeights(job.graph);
    job.quantizers->startLearnedScales(job.graph);
    for (const auto& [id, held] : trained) {
        TensorPtr& started = job.graph.value(id).data;
        *held = *started;
        started = held;
    }
    for (const Quantizer& q : job.quantizers->all()) {
        for (const ValueId id : {q.scale, q.zeroPoint})
            if (Value& held = job.graph.value(id); held.kind == ValueKind::Parameter) held.data->requires_grad_(true);
        if (!average) continue;
        for (const ValueId id : {q.scale, q.zeroPoint})
            average->value(id).data = std::make_shared<at::Tensor>(job.graph.value(id).data->detach().clone());
    }
}

}  // namespace qat
