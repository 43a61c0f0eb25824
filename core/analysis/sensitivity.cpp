// The sweep over the prefix cache.
#include "analysis/sensitivity.h"

#include <ATen/ATen.h>

#include <optional>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "ops/forward.h"
#include "run/executor.h"
#include "run/prefix_cache.h"

namespace qat {
namespace {

at::Tensor quantized(const QuantizerTrial& trial, const at::Tensor& x) { return fakeQuantize(trial.op, x, trial.scale, trial.zeroPoint); }

class Sweep {
public:
    explicit Sweep(const SensitivityJob& job) : m_job(job) {
        for (const auto& output : job.floatGraph.outputs())
            if (output.name.starts_with("head.")) m_heads.push_back(output.name);
        for (const Quantizer& weight : job.quantizers.all()) {
            if (!weight.weight) continue;
            const NodeId node = weight.layers.front();
            for (const int bits : job.bits) rows.push_back({node, job.floatGraph.node(node).name, bits, {}});
        }
        m_cache.emplace(job.floatGraph, m_heads);
    }

    void addBatch(const at::Tensor& images, const CancelToken& cancel, const std::function<void()>& rowDone) {
        const at::NoGradGuard noGrad;
        m_cache->fill(images);
        for (LayerSensitivity& row : rows) {
            const auto outputs = m_job.reuse ? m_cache->rerun(row.node, layerOutput(row)) : fullPass(row, images);
            for (size_t i = 0; i < outputs.size(); ++i) row.error.add(m_cache->outputs()[i], outputs[i]);
            rowDone();
            cancel.poll();
        }
    }

    std::vector<LayerSensitivity> rows;

private:
    at::Tensor quantizedWeight(const LayerSensitivity& row) const {
        return quantized(quantizerAt(m_job.floatGraph, *m_job.quantizers.weightOf(row.node), row.bits),
                         *m_job.floatGraph.value(m_job.floatGraph.node(row.node).inputs[1]).data);
    }

    std::optional<QuantizerTrial> inputGrid(const LayerSensitivity& row) const {
        const Quantizer* input = m_job.weightsOnly ? nullptr : m_job.quantizers.inputOf(row.node);
        return input ? std::optional(quantizerAt(m_job.floatGraph, *input, row.bits)) : std::nullopt;
    }

    // What the layer makes of its quantized input and weight.
    at::Tensor layerOutput(const LayerSensitivity& row) const {
        const Node& node = m_job.floatGraph.node(row.node);
        std::vector<at::Tensor> inputs;
        for (const ValueId id : node.inputs) inputs.push_back(m_cache->value(id));
        // In the executor's memory order: a convolution of a strided view rounds differently.
        const auto order = inputs[0].dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
        if (const auto grid = inputGrid(row)) inputs[0] = quantized(*grid, inputs[0]).contiguous(order);
        inputs[1] = quantizedWeight(row);
        return forward(node.op, inputs, false).front();
    }

    // The same without reuse: a copy of the graph with this layer quantized, run from the image on.
    std::vector<at::Tensor> fullPass(const LayerSensitivity& row, const at::Tensor& images) const {
        Graph graph = m_job.floatGraph.clone(false);
        const Node& node = graph.node(row.node);
        graph.value(node.inputs[1]).data = std::make_shared<at::Tensor>(quantizedWeight(row));
        if (const auto grid = inputGrid(row)) {
            const ValueId scale = graph.addBuffer("sweep.scale", std::make_shared<at::Tensor>(grid->scale), {grid->scale.numel()});
            const ValueId zero = graph.addBuffer("sweep.zero_point", std::make_shared<at::Tensor>(grid->zeroPoint), {grid->zeroPoint.numel()});
            const ValueId x = graph.node(row.node).inputs[0];
            const NodeId quantizer = graph.insertAfter(x, "sweep.quant", grid->op, {x, scale, zero});
            graph.replaceUsesIn(row.node, x, graph.node(quantizer).outputs.front());
        }
        return Executor(graph, {.outputs = m_heads}).run(images);
    }

    const SensitivityJob& m_job;
    std::vector<std::string> m_heads;
    std::optional<PrefixCache> m_cache;
};

}  // namespace

std::vector<LayerSensitivity> measureSensitivity(const SensitivityJob& job, const std::function<at::Tensor()>& next, int64_t batches,
                                                 const CancelToken& cancel, const std::function<void(int64_t, int64_t)>& progress) {
    Sweep sweep(job);
    const int64_t total = batches * static_cast<int64_t>(sweep.rows.size());
    int64_t done = 0;
    for (at::Tensor images = next(); images.defined(); images = next())
        sweep.addBatch(images, cancel, [&] { progress(++done, total); });
    require(done > 0, ErrorKind::BadInput, "the sensitivity sweep got no images");
    return std::move(sweep.rows);
}

}  // namespace qat
