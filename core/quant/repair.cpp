// The float network leaves behind what each layer should have made: its results at some places, and their means. The
// quantized one is then run in stages: after each stage some layers have their inputs, which come from repaired layers
// only; they are repaired, and the next stage computes with what they have become.
#include "quant/repair.h"

#include <ATen/ATen.h>

#include <map>
#include <optional>

#include "base/error.h"
#include "ops/fake_quantize.h"
#include "ops/fixed_split.h"
#include "quant/conv_samples.h"
#include "quant/rounding.h"
#include "quant/staged_run.h"
#include "run/executor.h"

namespace qat {
namespace {

// A layer's results: at the sampled places, and the mean of each channel over all places.
struct Results {
    at::Tensor sampled, sums;  // [groups, O / groups, places], double [O]
    double places = 0;         // all of them

    void add(const ConvSamples& samples, const at::Tensor& y) {
        if (!sums.defined()) {
            const at::Tensor some = samples.results(y);
            sampled = at::empty({some.size(0), some.size(1), ConvSamples::kPlaces});
            sums = at::zeros({y.size(1)}, at::kDouble);
        }
        sampled.index_copy_(2, samples.places(), samples.results(y));
        sums += channelSums(y);
        places += static_cast<double>(y.numel()) / static_cast<double>(y.size(1));
    }
    at::Tensor means() const { return sums / places; }
};

// What the kernels of a layer read.
struct Columns {
    at::Tensor sampled, sums;  // [groups, K, places], double [groups, K]

    void add(const ConvSamples& samples, const Conv2d& conv, const at::Tensor& x, const at::Tensor& weight,
             const Shape& result) {
        const at::Tensor some = samples.columns(x, weight.size(2), weight.size(3));
        const at::Tensor all = columnSums(conv, x, result, weight.size(2), weight.size(3));
        if (!sums.defined())
            sampled = at::empty({some.size(0), some.size(1), ConvSamples::kPlaces}), sums = at::zeros_like(all);
        sampled.index_copy_(2, samples.places(), some);
        sums += all;
    }
};

// A layer on its way.
struct Repaired {
    const Quantizer* weight = nullptr;
    std::optional<ConvSamples> samples;
    Results wanted, made;
    Columns read;
    LayerRepair report;
};

class Repair {
public:
    Repair(const Graph& floatGraph, Graph& quantized, const QuantizerSet& set, const RepairImages& images,
           const RepairConfig& config, uint64_t seed)
        : m_float(floatGraph), m_quantized(quantized), m_images(images), m_config(config), m_seed(seed) {
        for (const Quantizer& q : set.all())
            if (q.weight && std::holds_alternative<Conv2d>(quantized.node(q.layers.front()).op))
                m_layers[q.layers.front()].weight = &q;
    }

    std::vector<LayerRepair> run(const CancelToken& cancel, const std::function<void(int64_t, int64_t)>& done) {
        const at::NoGradGuard noGrad;
        std::vector<NodeId> layers;
        for (const auto& [layer, repaired] : m_layers) layers.push_back(layer);
        const StagedRun simulation(m_quantized, layers);
        runFloat(simulation, cancel);
        int64_t count = 0;
        for (size_t stage = 0; stage < simulation.stages(); ++stage) {
            gather(simulation, stage, cancel);
            for (const NodeId layer : simulation.pausedAt(stage)) {
                repair(simulation, layer);
                done(++count, static_cast<int64_t>(m_layers.size()));
                cancel.poll();
            }
        }
        return reports();
    }

private:
    const Conv2d& convOf(NodeId layer) const { return std::get<Conv2d>(m_quantized.node(layer).op); }
    const at::Tensor& stored(ValueId id) const { return *m_quantized.value(id).data; }

    // The first images begin their staged run beside it.
    void runFloat(const StagedRun& simulation, const CancelToken& cancel) {
        std::map<ValueId, NodeId> layerOf;  // its result has the same id in both graphs
        for (const auto& [layer, repaired] : m_layers) layerOf[m_quantized.node(layer).outputs.front()] = layer;
        Executor reference(m_float, {.outputs = trainedOutputs(m_float)});
        int64_t first = 0;
        const auto look = [&](ValueId value, const at::Tensor& y) {
            const auto layer = layerOf.at(value);
            Repaired& repaired = m_layers.at(layer);
            if (!repaired.samples)
                repaired.samples.emplace(convOf(layer), Shape{m_images.count, y.size(1), y.size(2), y.size(3)}, m_seed,
                                         static_cast<uint64_t>(value.index));
            repaired.wanted.add(repaired.samples->within(first, y.size(0)), y);
        };
        reference.setHook(look, [&](ValueId value) { return layerOf.contains(value); });
        const auto next = m_images.open();
        for (at::Tensor images = next(); images.defined(); images = next()) {
            reference.run(images);
            cancel.poll();
            if (first + images.size(0) <= m_images.kept)
                m_kept.push_back({first, images.size(0), simulation.begin(images)});
            first += images.size(0);
        }
        require(first == m_images.count && first > 0, ErrorKind::BadInput, "repair got ", first, " images of ",
                m_images.count);
    }

    // What the layers before which a stage ends read and make.
    void gather(const StagedRun& simulation, size_t stage, const CancelToken& cancel) {
        int64_t first = 0;
        for (Kept& kept : m_kept) {
            simulation.advance(kept.state, stage);
            see(simulation, kept.state, stage, kept.first, kept.images);
            first += kept.images;
            cancel.poll();
        }
        if (first == m_images.count) return;
        const auto next = m_images.open();
        int64_t at = 0;
        for (at::Tensor images = next(); images.defined(); images = next()) {
            const int64_t begin = at;
            at += images.size(0);
            if (begin < first) continue;
            StagedRun::State state = simulation.begin(images);
            simulation.advance(state, stage);
            see(simulation, state, stage, begin, images.size(0));
            cancel.poll();
        }
    }

    void see(const StagedRun& simulation, const StagedRun::State& state, size_t stage, int64_t first, int64_t images) {
        for (const NodeId layer : simulation.pausedAt(stage)) {
            Repaired& repaired = m_layers.at(layer);
            const ConvSamples samples = repaired.samples->within(first, images);
            const at::Tensor y = simulation.result(state, layer);
            repaired.made.add(samples, y);
            if (!roundsWeight(repaired)) continue;
            repaired.read.add(samples, convOf(layer), simulation.input(state, layer, 0),
                              stored(repaired.weight->observed.front()), y.sizes().vec());
        }
    }

    void repair(const StagedRun& simulation, NodeId layer) {
        Repaired& repaired = m_layers.at(layer);
        repaired.report = {m_quantized.node(layer).name, static_cast<int>(repaired.weight->grid.bits),
                           errorShare(repaired), 0};
        if (roundsWeight(repaired)) moveWeight(repaired, layer, simulation.input({}, layer, 1));
        if (m_config.biasCorrection) correctBias(repaired, layer);
        repaired.report.after = errorShare(repaired);
        repaired.made = repaired.wanted = {};
        repaired.read = {};
    }

    static double errorShare(const Repaired& repaired) {
        const OneThread one;
        const at::Tensor& wanted = repaired.wanted.sampled;
        return ((repaired.made.sampled - wanted).square().sum(at::kDouble) / wanted.square().sum(at::kDouble))
            .item<double>();
    }

    at::Tensor biasOf(NodeId layer) const {
        const Node& node = m_quantized.node(layer);
        return node.inputs.size() > 2 ? stored(node.inputs[2]).detach() : at::Tensor();
    }

    // Whether the codes of its weight are whole numbers around zero.
    bool roundsWeight(const Repaired& repaired) const {
        const auto& op = std::get<FakeQuantize>(m_quantized.node(repaired.weight->nodes.front()).op);
        return m_config.adaround && op.format == NumberFormat::Integer &&
               plainZeroPoints(op, stored(repaired.weight->zeroPoint)).count_nonzero().item<int64_t>() == 0;
    }

    // To the codes that are learned; `before`: the weight that made the results. They follow, since they are linear in
    // it.
    void moveWeight(Repaired& repaired, NodeId layer, const at::Tensor& before) {
        const at::Tensor rounded = roundedWeight(repaired, layer);
        Results& made = repaired.made;
        const int64_t groups = made.sampled.size(0), outputs = made.sampled.size(1);
        const at::Tensor change = (rounded - before).reshape({groups, outputs, -1});
        made.sampled += products(change, repaired.read.sampled);
        made.sums += products(change.to(at::kDouble), repaired.read.sums.unsqueeze(2)).flatten();
        set(repaired.weight->observed.front(), rounded);
    }

    at::Tensor roundedWeight(const Repaired& repaired, NodeId layer) const {
        const Quantizer& q = *repaired.weight;
        const auto& op = std::get<FakeQuantize>(m_quantized.node(q.nodes.front()).op);
        const at::Tensor weight = stored(q.observed.front()).detach().contiguous();
        const at::Tensor scale = spreadOver(op, weight, plainScales(op, stored(q.scale))).expand_as(weight);
        at::Tensor results = repaired.wanted.sampled;
        const int64_t groups = results.size(0), outputs = results.size(1);
        if (const at::Tensor bias = biasOf(layer); bias.defined())
            results = results - bias.reshape({groups, outputs, 1});
        const at::Tensor& columns = repaired.read.sampled;
        const at::Tensor rows = columns.transpose(1, 2);
        const double places = static_cast<double>(ConvSamples::kPlaces);
        const auto squares = [&] {
            const OneThread one;
            return results.square().sum(at::kDouble).item<double>();
        };
        const RoundingResult rounded = learnRounding({.weight = weight.reshape({groups, outputs, -1}),
                                                      .scale = scale.reshape({groups, outputs, -1}),
                                                      .gram = products(columns, rows) / places,
                                                      .cross = products(results, rows) / places,
                                                      .constant = squares() / places,
                                                      .qmin = static_cast<double>(op.qmin),
                                                      .qmax = static_cast<double>(op.qmax)},
                                                     {m_config.adaroundIterations, m_config.adaroundWeight});
        return rounded.codes.reshape(weight.sizes()) * scale;
    }

    void correctBias(Repaired& repaired, NodeId layer) {
        Results& made = repaired.made;
        const at::Tensor shift = (repaired.wanted.means() - made.means()).to(at::kFloat), bias = biasOf(layer);
        made.sampled += shift.reshape({made.sampled.size(0), -1, 1});
        const at::Tensor corrected = bias.defined() ? bias + shift : shift;
        Node& node = m_quantized.node(layer);
        if (bias.defined()) return set(node.inputs[2], corrected);
        const ValueId added = m_quantized.addParameter(node.name + ".bias", std::make_shared<at::Tensor>(corrected),
                                                       corrected.sizes().vec());
        m_quantized.node(layer).inputs.push_back(added);
    }

    void set(ValueId value, const at::Tensor& tensor) {
        // The memory order stays: it decides how a convolution computes.
        at::Tensor ordered = at::empty_like(stored(value));
        m_quantized.value(value).data = std::make_shared<at::Tensor>(ordered.copy_(tensor));
    }

    std::vector<LayerRepair> reports() const {
        std::vector<LayerRepair> reports;
        for (const NodeId id : m_quantized.order())
            if (const auto found = m_layers.find(id); found != m_layers.end()) reports.push_back(found->second.report);
        return reports;
    }

    struct Kept {
        int64_t first, images;
        StagedRun::State state;
    };

    const Graph& m_float;
    Graph& m_quantized;
    const RepairImages& m_images;
    const RepairConfig& m_config;
    const uint64_t m_seed;
    std::map<NodeId, Repaired> m_layers;
    std::vector<Kept> m_kept;  // the first images
};

}  // namespace

std::vector<LayerRepair> repairLayers(const Graph& floatGraph, Graph& quantized, const QuantizerSet& set,
                                      const RepairImages& images, const RepairConfig& config, uint64_t seed,
                                      const CancelToken& cancel, const std::function<void(int64_t, int64_t)>& done) {
    require(images.count > 0, ErrorKind::BadInput, "repair got no images");
    return Repair(floatGraph, quantized, set, images, config, seed).run(cancel, done);
}

}  // namespace qat
