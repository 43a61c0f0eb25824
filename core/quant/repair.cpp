// Both networks run once under a hook. The float one leaves behind what each layer should have made; in the quantized one a
// layer is repaired the moment its result is there, and the result replaced by that of the repaired layer, which is what the
// layers behind it then read.
#include "quant/repair.h"

#include <ATen/ATen.h>

#include <map>
#include <optional>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "quant/conv_samples.h"
#include "quant/rounding.h"
#include "run/executor.h"

namespace qat {
namespace {

std::vector<std::string> headNames(const Graph& graph) {
    std::vector<std::string> names;
    for (const auto& output : graph.outputs())
        if (output.name.starts_with("head.")) names.push_back(output.name);
    if (names.empty()) names.push_back(graph.outputs().front().name);
    return names;
}

at::Tensor channelMeans(const at::Tensor& y) { return y.mean({0, 2, 3}, false, at::kDouble); }

// What the float network makes at a layer.
struct Wanted {
    ConvSamples samples;
    at::Tensor results, means;  // [groups, O / groups, places], [O]
};

// New numbers of a layer; applied when nothing runs any more.
struct Repaired {
    NodeId layer;
    at::Tensor weight, bias;  // undefined: stays
};

class Repair {
public:
    Repair(const Graph& floatGraph, Graph& quantized, const QuantizerSet& set, const RepairConfig& config, uint64_t seed)
        : m_float(floatGraph), m_quantized(quantized), m_config(config), m_seed(seed) {
        for (const Quantizer& q : set.all())
            if (q.weight && std::holds_alternative<Conv2d>(quantized.node(q.layers.front()).op))
                m_layers[quantized.node(q.layers.front()).outputs.front()] = &q;
    }

    std::vector<LayerRepair> run(const at::Tensor& images, const CancelToken& cancel, const std::function<void(int64_t, int64_t)>& done) {
        const at::NoGradGuard noGrad;
        const std::vector<std::string> heads = headNames(m_float);
        Executor reference(m_float, {.outputs = heads});
        reference.setHook([&](ValueId value, const at::Tensor& y) { wantFrom(value, y); });
        reference.run(images);
        cancel.poll();
        Executor simulation(m_quantized, {.outputs = heads});
        simulation.setHook([&](ValueId value, const at::Tensor& tensor) {
            keepInput(value, tensor);
            if (!m_layers.contains(value)) return;
            repair(value, tensor);
            done(static_cast<int64_t>(m_repairs.size()), static_cast<int64_t>(m_wanted.size()));
            cancel.poll();
        });
        simulation.run(images);
        apply();
        return std::move(m_repairs);
    }

private:
    const Node& layerOf(ValueId value) const { return m_quantized.node(m_layers.at(value)->layers.front()); }
    const at::Tensor& stored(ValueId id) const { return *m_quantized.value(id).data; }

    void wantFrom(ValueId value, const at::Tensor& y) {
        if (!m_layers.contains(value)) return;
        const ConvSamples samples(std::get<Conv2d>(layerOf(value).op), y.sizes().vec(), m_seed, static_cast<uint64_t>(value.index));
        m_wanted.emplace(value, Wanted{samples, samples.results(y), channelMeans(y)});
        m_readers[layerOf(value).inputs.front()]++;
    }

    // Inputs of layers, until the last one that reads them is repaired.
    void keepInput(ValueId value, const at::Tensor& tensor) {
        if (m_readers.contains(value)) m_inputs[value] = tensor;
    }

    at::Tensor takeInput(ValueId value) {
        const at::Tensor x = m_inputs.at(value);
        if (--m_readers[value] == 0) m_inputs.erase(value);
        return x;
    }

    double errorShare(const Wanted& wanted, const at::Tensor& y) const {
        const at::Tensor results = wanted.samples.results(y);
        return ((results - wanted.results).square().sum(at::kDouble) / wanted.results.square().sum(at::kDouble)).item<double>();
    }

    void repair(ValueId value, const at::Tensor& y) {
        const Node& layer = layerOf(value);
        const Wanted& wanted = m_wanted.at(value);
        const at::Tensor x = takeInput(layer.inputs.front());
        LayerRepair report{layer.name, static_cast<int>(m_layers.at(value)->grid.bits), errorShare(wanted, y), 0};
        Repaired repaired{m_layers.at(value)->layers.front(), {}, {}};
        if (m_config.adaround) repaired.weight = roundedWeight(value, x);
        if (repaired.weight.defined()) {
            const auto& conv = std::get<Conv2d>(layer.op);
            y.copy_(at::conv2d(x, repaired.weight, biasOf(layer), conv.stride, conv.padding, conv.dilation, conv.groups));
        }
        if (m_config.biasCorrection) {
            const at::Tensor shift = (wanted.means - channelMeans(y)).to(at::kFloat);
            repaired.bias = biasOf(layer).defined() ? biasOf(layer) + shift : shift;
            y.add_(shift.reshape({1, -1, 1, 1}));
        }
        report.after = errorShare(wanted, y);
        m_repairs.push_back(report);
        m_repaired.push_back(std::move(repaired));
    }

    at::Tensor biasOf(const Node& layer) const { return layer.inputs.size() > 2 ? stored(layer.inputs[2]).detach() : at::Tensor(); }

    // The weight on the codes that were learned; undefined where its codes are no whole numbers.
    at::Tensor roundedWeight(ValueId value, const at::Tensor& x) const {
        const Quantizer& q = *m_layers.at(value);
        const auto& op = std::get<FakeQuantize>(m_quantized.node(q.nodes.front()).op);
        const at::Tensor zero = plainZeroPoints(op, stored(q.zeroPoint));
        if (op.format != NumberFormat::Integer || zero.count_nonzero().item<int64_t>() > 0) return {};
        const Node& layer = layerOf(value);
        const Wanted& wanted = m_wanted.at(value);
        const at::Tensor weight = stored(q.observed.front()).detach().contiguous();
        const at::Tensor scale = spreadOver(op, weight, plainScales(op, stored(q.scale))).expand_as(weight);
        at::Tensor results = wanted.results;
        const int64_t groups = results.size(0), outputs = results.size(1);
        if (const at::Tensor bias = biasOf(layer); bias.defined()) results = results - bias.reshape({groups, outputs, 1});
        const at::Tensor columns = wanted.samples.columns(x, weight.size(2), weight.size(3)), rows = columns.transpose(1, 2);
        const double places = static_cast<double>(ConvSamples::kPlaces);
        const RoundingResult rounded = learnRounding({.weight = weight.reshape({groups, outputs, -1}),
                                                      .scale = scale.reshape({groups, outputs, -1}),
                                                      .gram = at::bmm(columns, rows) / places,
                                                      .cross = at::bmm(results, rows) / places,
                                                      .constant = results.square().sum(at::kDouble).item<double>() / places,
                                                      .qmin = static_cast<double>(op.qmin),
                                                      .qmax = static_cast<double>(op.qmax)},
                                                     {m_config.adaroundIterations, m_config.adaroundWeight});
        return rounded.codes.reshape(weight.sizes()) * scale;
    }

    void apply() {
        for (Repaired& repaired : m_repaired) {
            Node& layer = m_quantized.node(repaired.layer);
            if (repaired.weight.defined()) set(m_layers.at(layer.outputs.front())->observed.front(), repaired.weight);
            if (!repaired.bias.defined()) continue;
            if (layer.inputs.size() > 2) set(layer.inputs[2], repaired.bias);
            else {
                const ValueId added = m_quantized.addParameter(layer.name + ".bias", std::make_shared<at::Tensor>(repaired.bias), repaired.bias.sizes().vec());
                m_quantized.node(repaired.layer).inputs.push_back(added);
            }
        }
    }

    void set(ValueId value, const at::Tensor& tensor) {
        // The memory order stays: it decides how a convolution computes.
        at::Tensor ordered = at::empty_like(stored(value));
        m_quantized.value(value).data = std::make_shared<at::Tensor>(ordered.copy_(tensor));
    }

    const Graph& m_float;
    Graph& m_quantized;
    const RepairConfig& m_config;
    const uint64_t m_seed;
    std::map<ValueId, const Quantizer*> m_layers;  // by the layer's result, which has the same id in both graphs
    std::map<ValueId, Wanted> m_wanted;
    std::map<ValueId, int> m_readers;
    std::map<ValueId, at::Tensor> m_inputs;
    std::vector<LayerRepair> m_repairs;
    std::vector<Repaired> m_repaired;
};

}  // namespace

std::vector<LayerRepair> repairLayers(const Graph& floatGraph, Graph& quantized, const QuantizerSet& set, const at::Tensor& images,
                                      const RepairConfig& config, uint64_t seed, const CancelToken& cancel,
                                      const std::function<void(int64_t, int64_t)>& done) {
    require(images.defined() && images.numel() > 0, ErrorKind::BadInput, "repair got no images");
    return Repair(floatGraph, quantized, set, config, seed).run(images, cancel, done);
}

}  // namespace qat
