// The sweep over the prefix cache.
#include "analysis/sensitivity.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "graph/device.h"
#include "ops/kernels.h"
#include "run/executor.h"
#include "run/prefix_cache.h"

namespace qat {
namespace {

at::Tensor quantized(const QuantizerTrial& trial, const at::Tensor& x) {
    const at::Device device = x.device();
    return kernelsOf(device).forward(trial.op, {x, trial.scale.to(device), trial.zeroPoint.to(device)}, false).front();
}

// What joins sources of one grid with a scale a channel has the grid's channels once for each of them.
at::Tensor quantizedInput(QuantizerTrial trial, const at::Tensor& x) {
    const int64_t channels = trial.scale.numel(), read = x.size(1);
    if (channels > 1 && read != channels && read % channels == 0) {
        trial.scale = trial.scale.repeat({read / channels});
        trial.zeroPoint = trial.zeroPoint.repeat({read / channels});
    }
    return quantized(trial, x);
}

class Sweep {
public:
    explicit Sweep(const SensitivityJob& job) : m_job(job), m_heads(trainedOutputs(job.floatGraph)) {
        for (const Quantizer& weight : job.quantizers.all()) {
            if (!weight.weight) continue;
            const NodeId node = weight.layers.front();
            for (const int bits : job.bits) rows.push_back({node, job.floatGraph.node(node).name, bits, {}});
        }
        m_cache.emplace(job.floatGraph, m_heads);
    }

    // From row `first` on.
    void addBatch(const at::Tensor& images, size_t first, const CancelToken& cancel,
                  const std::function<void()>& rowDone) {
        const at::NoGradGuard noGrad;
        m_cache->fill(images);
        for (size_t at = first; at < rows.size(); ++at) {
            LayerSensitivity& row = rows[at];
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
                         *m_job.floatGraph.value(weightOf(m_job.floatGraph.node(row.node))).data);
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
        if (const auto grid = inputGrid(row)) inputs[0] = quantizedInput(*grid, inputs[0]).contiguous(order);
        inputs[1] = quantizedWeight(row);
        return kernelsOf(inputs[0].device()).forward(node.op, inputs, false).front();
    }

    // The same without reuse: a copy of the graph with this layer quantized, run from the image on.
    std::vector<at::Tensor> fullPass(const LayerSensitivity& row, const at::Tensor& images) const {
        Graph graph = m_job.floatGraph.clone(false);
        const Node& node = graph.node(row.node);
        graph.value(weightOf(node)).data = std::make_shared<at::Tensor>(quantizedWeight(row));
        if (const auto grid = inputGrid(row)) {
            const auto stored = [&](const char* name, const at::Tensor& numbers) {
                return graph.addBuffer(name, std::make_shared<at::Tensor>(numbers.to(deviceOf(graph))),
                                       {numbers.numel()});
            };
            const ValueId scale = stored("sweep.scale", grid->scale),
                          zero = stored("sweep.zero_point", grid->zeroPoint);
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

// The sweep's state on disk: how many rows of all batches are done, and the sums of every row.
class SweepState {
public:
    SweepState(const SensitivityJob& job, std::vector<LayerSensitivity>& rows) : m_job(job), m_rows(rows) {}

    // How many rows are done; 0 without a state of this sweep. Another one's, or a damaged one, is none.
    int64_t restore() {
        std::error_code unreadable;
        if (m_job.state.empty() || !std::filesystem::is_regular_file(m_job.state, unreadable)) return 0;
        const auto json = nlohmann::json::parse(readFile(m_job.state), nullptr, false);
        try {
            if (json.at("identity") != m_job.identity || json.at("rows").size() != m_rows.size()) return 0;
            std::vector<ErrorSums> sums;
            for (const auto& row : json.at("rows")) sums.push_back(ErrorSums::fromText(row.get<std::string>()));
            const auto done = json.at("done").get<int64_t>();
            for (size_t i = 0; i < sums.size(); ++i) m_rows[i].error = sums[i];
            return done;
        } catch (const nlohmann::json::exception&) {
        } catch (const Error&) {
        }
        return 0;
    }

    void keep(int64_t done, bool now) {
        if (m_job.state.empty() || (!now && std::chrono::steady_clock::now() - m_kept < kInterval)) return;
        nlohmann::json rows = nlohmann::json::array();
        for (const LayerSensitivity& row : m_rows) rows.push_back(row.error.text());
        writeFileAtomic(m_job.state,
                        nlohmann::json{{"identity", m_job.identity}, {"done", done}, {"rows", rows}}.dump() + "\n");
        m_kept = std::chrono::steady_clock::now();
    }

private:
    static constexpr std::chrono::seconds kInterval{1};  // a row takes some milliseconds, a file too

    const SensitivityJob& m_job;
    std::vector<LayerSensitivity>& m_rows;
    std::chrono::steady_clock::time_point m_kept = std::chrono::steady_clock::now();
};

}  // namespace

std::vector<LayerSensitivity> measureSensitivity(const SensitivityJob& job, const std::function<at::Tensor()>& next,
                                                 int64_t batches, const CancelToken& cancel,
                                                 const std::function<void(int64_t, int64_t)>& progress,
                                                 const std::function<void(int64_t)>& resumed) {
    Sweep sweep(job);
    SweepState state(job, sweep.rows);
    const auto rows = static_cast<int64_t>(sweep.rows.size()), total = batches * rows;
    int64_t done = state.restore(), begin = 0;
    if (done > 0 && resumed) resumed(done);
    for (at::Tensor images = next(); images.defined(); images = next(), begin += rows) {
        if (begin + rows <= done) continue;
        sweep.addBatch(images, static_cast<size_t>(std::max<int64_t>(done - begin, 0)), cancel, [&] {
            progress(++done, total);
            state.keep(done, cancel.requested());
        });
    }
    require(done > 0, ErrorKind::BadInput, "the sensitivity sweep got no images");
    return std::move(sweep.rows);
}

}  // namespace qat
