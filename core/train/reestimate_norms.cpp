// Batch statistics through momentum 1 on a copy of the graph.
#include "train/reestimate_norms.h"

#include <ATen/ATen.h>

#include "base/error.h"
#include "run/executor.h"
#include "train/distiller.h"

namespace qat {
namespace {

// The statistics of all batch norms, which from now on keep only those of the newest batch.
std::vector<ValueId> keepNewest(Graph& graph) {
    std::vector<ValueId> values;
    for (const NodeId id : graph.order()) {
        auto* norm = std::get_if<BatchNorm>(&graph.node(id).op);
        if (!norm) continue;
        norm->momentum = 1;
        values.insert(values.end(), {graph.node(id).inputs[3], graph.node(id).inputs[4]});
    }
    return values;
}

}  // namespace

NormStatistics reestimateNorms(const Graph& graph, const std::function<at::Tensor()>& nextBatch,
                               const CancelToken& cancel, const std::function<void(int64_t)>& done) {
    const at::NoGradGuard noGrad;
    Graph copy = graph.clone(true);
    const std::vector<ValueId> values = keepNewest(copy);
    if (values.empty()) return {};
    std::vector<at::Tensor> sums;
    for (const ValueId id : values) sums.push_back(at::zeros_like(*copy.value(id).data, at::kDouble));
    Executor executor(copy, {.outputs = trainedOutputs(copy), .train = true});
    int64_t batches = 0;
    for (at::Tensor images = nextBatch(); images.defined(); images = nextBatch()) {
        cancel.poll();
        executor.run(images);
        for (size_t i = 0; i < values.size(); ++i) sums[i].add_(*copy.value(values[i]).data);
        done(++batches);
    }
    NormStatistics statistics;
    for (size_t i = 0; batches > 0 && i < values.size(); ++i) {
        const at::Tensor mean = (sums[i] / static_cast<double>(batches)).to(at::kFloat);
        require(at::isfinite(mean).all().item<bool>(), ErrorKind::BadInput, graph.value(values[i]).name,
                ": the statistics estimated again are not finite");
        statistics.emplace_back(values[i], std::make_shared<at::Tensor>(mean));
    }
    return statistics;
}

NormStatistics exchangeNorms(Graph& graph, const NormStatistics& statistics) {
    NormStatistics before;
    for (const auto& [id, tensor] : statistics) {
        before.emplace_back(id, graph.value(id).data);
        graph.value(id).data = tensor;
    }
    return before;
}

}  // namespace qat
