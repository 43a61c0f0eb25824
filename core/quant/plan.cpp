// Resolving a configuration into a plan.
#include "quant/plan.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "base/error.h"
#include "config/pattern.h"
#include "run/executor.h"

namespace qat {
namespace {

template <class T>
bool assign(T& target, const std::optional<T>& given) {
    if (given) target = *given;
    return given.has_value();
}

bool apply(TensorQuantConfig& config, const TensorQuantOverride& given) {
    bool any = assign(config.dtype, given.dtype);
    any |= assign(config.scheme, given.scheme);
    any |= assign(config.observer, given.observer);
    any |= assign(config.symmetric, given.symmetric);
    any |= assign(config.bitWidth, given.bitWidth);
    any |= assign(config.channelAxis, given.channelAxis);
    any |= assign(config.groupSize, given.groupSize);
    any |= assign(config.reduceRange, given.reduceRange);
    any |= assign(config.narrowRange, given.narrowRange);
    if (given.min) config.min = given.min, any = true;
    if (given.max) config.max = given.max, any = true;
    any |= assign(config.fixed, given.fixed);
    return any;
}

void apply(FakeQuantizeConfig& config, const FakeQuantizeOverride& given) {
    assign(config.type, given.type);
    assign(config.gradFactor, given.gradFactor);
    assign(config.momentum, given.momentum);
    assign(config.eps, given.eps);
    assign(config.scaleType, given.scaleType);
    assign(config.learnOffset, given.learnOffset);
    if (given.clipDecay) config.clipDecay = given.clipDecay;
}

bool apply(CalibrationConfig& config, const CalibrationOverride& given) {
    bool any = assign(config.method, given.method);
    any |= assign(config.numBatches, given.numBatches);
    any |= assign(config.percentile, given.percentile);
    any |= assign(config.clipWeight, given.clipWeight);
    return any;
}

constexpr int64_t kProbeSize = 64;  // pixels: channel counts do not depend on it

// What the patterns make of one layer.
struct LayerAnswer {
    bool skip = false;
    bool activationBitsGiven = false, calibrationGiven = false;
    Resolved weight, activation;
    LayerValues values;
};

std::string headOf(const Graph& graph) {
    const ValueId map = graph.output("head.0");
    const auto maker = map.valid() ? graph.producer(map) : std::nullopt;
    if (!maker) return "";
    const std::string& name = graph.node(*maker).name;
    return name.substr(0, name.find(".cat") + 1);
}

class Resolver {
public:
    Resolver(const Graph& graph, const Config& config) : m_graph(graph), m_config(config), m_head(headOf(graph)), m_origins(config) {
        for (const LayerConfig& entry : config.quantization.layerConfigs) m_patterns.emplace_back(entry.pattern);
        for (const FusionPattern& entry : config.qat.fusionPatterns) m_fusions.emplace_back(entry.pattern);
        m_hits.resize(m_patterns.size());
    }

    QuantPlan resolve() {
        QuantPlan plan;
        std::map<NodeId, LayerAnswer> answers;
        for (const NodeId id : quantizableNodes(m_graph)) {
            const LayerAnswer answer = answerFor(m_graph.node(id));
            plan.values[id] = answer.values;
            if (answer.skip) plan.skipped.push_back(m_graph.node(id).name);
            else {
                plan.weights.push_back({id, answer.weight});
                answers.emplace(id, answer);
            }
        }
        for (size_t i = 0; i < m_hits.size(); ++i)
            if (m_hits[i] == 0)
                plan.warnings.push_back(str("quantization.layer_configs pattern ", i + 1, " (line ", m_config.quantization.layerConfigs[i].line,
                                            ", \"", m_config.quantization.layerConfigs[i].pattern, "\") matches no layer"));
        makeGroups(plan, answers);
        shareRanges(plan);
        if (m_config.repair.shiftNegative) shiftNegative(plan);
        return plan;
    }

private:
    LayerAnswer answerFor(const Node& node) {
        const QuantizationConfig& q = m_config.quantization;
        LayerAnswer answer;
        answer.weight = {q.weight, q.fakeQuantize, m_config.calibration, ""};
        answer.activation = {q.activation, q.fakeQuantize, m_config.calibration, ""};
        answer.values = m_origins.sections();
        if (m_config.qat.useLsq) answer.weight.fakeQuantize.type = answer.activation.fakeQuantize.type = FakeQuantKind::Lsq;
        applyHeadPolicy(node, answer);
        const auto aliases = layerAliases(m_graph, node);
        for (size_t i = 0; i < m_patterns.size(); ++i)
            if (m_patterns[i].matches(node.name, aliases)) {
                ++m_hits[i];
                applyEntry(counted(q.layerConfigs[i]), answer);
                m_origins.apply(i, answer.values);
            }
        // The width of a floating point type is part of the type.
        for (Resolved* how : {&answer.weight, &answer.activation})
            if (const int bits = floatBits(how->tensor.dtype)) how->tensor.bitWidth = bits;
        answer.weight.origin = answer.values.at("config.weight.bit_width").origin;
        answer.activation.origin = answer.values.at("config.activation.bit_width").origin;
        return answer;
    }

    void applyHeadPolicy(const Node& node, LayerAnswer& answer) const {
        const bool inHead = !m_head.empty() && node.name.starts_with(m_head);
        answer.skip = inHead && m_config.qat.skipDetectionHead;
        if (answer.skip) answer.values["skip"] = {"true", "qat_params.skip_detection_head"};
        const bool last = inHead && node.inputs.size() == 3 && !node.name.ends_with(".conv");
        if (!last) return;
        for (const auto& [how, key] : {std::pair{&answer.weight, "config.weight.bit_width"}, {&answer.activation, "config.activation.bit_width"}})
            if (how->tensor.bitWidth < 8) {
                how->tensor.bitWidth = 8;
                answer.values[key] = {"8", "head policy"};
            }
    }

    // Without mixed precision the widths of patterns do not count; everything else they say does.
    LayerConfig counted(LayerConfig entry) const {
        if (!m_config.qat.useMixedPrecision) entry.weight.bitWidth = entry.activation.bitWidth = std::nullopt;
        return entry;
    }

    static void applyEntry(const LayerConfig& entry, LayerAnswer& answer) {
        assign(answer.skip, entry.skip);
        apply(answer.weight.tensor, entry.weight);
        apply(answer.activation.tensor, entry.activation);
        answer.activationBitsGiven |= entry.activation.bitWidth.has_value();
        for (Resolved* how : {&answer.weight, &answer.activation}) {
            apply(how->fakeQuantize, entry.fakeQuantize);
            answer.calibrationGiven |= apply(how->calibration, entry.calibration);
        }
    }

    // Whether the layer's own result is quantized, in front of its activation: the last fusion that matches it has none.
    bool splitsActivation(const Node& node) const {
        if (!m_config.qat.fuseModules) return false;
        bool splits = false;
        const auto aliases = layerAliases(m_graph, node);
        for (size_t i = 0; i < m_fusions.size(); ++i) {
            if (!m_fusions[i].matches(node.name, aliases)) continue;
            const auto& modules = m_config.qat.fusionPatterns[i].modules;
            splits = std::ranges::none_of(modules, [](const std::string& module) { return module == "relu" || module == "silu" || module == "act"; });
        }
        return splits;
    }

    // Groups of results that only an activation reads.
    void addResults(const std::map<NodeId, LayerAnswer>& answers, std::map<int32_t, ActivationGroup>& groups) {
        for (const auto& [id, answer] : answers) {
            const ValueId result = m_graph.node(id).outputs.front();
            const auto users = m_graph.users(result);
            const auto* activation = users.size() == 1 ? std::get_if<Activation>(&m_graph.node(users[0]).op) : nullptr;
            if (!activation || !splitsActivation(m_graph.node(id))) continue;
            ActivationGroup& group = groups[root(result.index)];
            group.how = answer.activation;
            group.before = activation->kind;
        }
    }

    static bool adds(const Op& op) {
        const auto* binary = std::get_if<Binary>(&op);
        return binary && binary->kind == BinaryKind::Add;
    }

    int32_t root(int32_t value) {
        while (m_parent[value] != value) value = m_parent[value] = m_parent[m_parent[value]];
        return value;
    }
    void join(ValueId a, ValueId b) { m_parent[root(b.index)] = root(a.index); }

    void joinValues() {
        m_parent.resize(m_graph.valueCount());
        std::iota(m_parent.begin(), m_parent.end(), 0);
        for (const NodeId id : m_graph.order()) {
            const Node& node = m_graph.node(id);
            if (!carries(node.op) && !adds(node.op)) continue;
            for (const ValueId input : node.inputs) join(node.inputs.front(), input);
            if (!adds(node.op))
                for (const ValueId output : node.outputs) join(node.inputs.front(), output);
        }
    }

    void makeGroups(QuantPlan& plan, const std::map<NodeId, LayerAnswer>& answers) {
        joinValues();
        std::map<int32_t, ActivationGroup> groups;
        for (const auto& [id, answer] : answers) {
            const int32_t key = root(m_graph.node(id).inputs.front().index);
            const CalibrationConfig before = groups[key].how.calibration;
            widen(groups[key], id, answer, m_bitsGiven[key], plan.warnings);
            keepCalibration(groups[key], before, answer, m_calibratedBy[key], plan.warnings);
        }
        addResults(answers, groups);
        std::vector<ValueId> made(m_graph.inputs());
        for (const NodeId id : m_graph.order())
            if (!carries(m_graph.node(id).op)) made.insert(made.end(), m_graph.node(id).outputs.begin(), m_graph.node(id).outputs.end());
        std::vector<int32_t> order;
        for (const ValueId value : made) {
            const auto group = groups.find(root(value.index));
            if (group == groups.end()) continue;
            if (group->second.sources.empty()) order.push_back(group->first);
            group->second.sources.push_back(value);
        }
        for (const int32_t key : order) {
            ActivationGroup& group = groups[key];
            group.name = m_graph.value(group.sources.front()).name;
            plan.groups.push_back(std::move(group));
        }
    }

    // A range per channel needs as many channels wherever the group is quantized.
    void shareRanges(QuantPlan& plan) const {
        std::optional<Graph> probed;
        for (ActivationGroup& group : plan.groups) {
            if (group.how.tensor.scheme != Scheme::PerChannel || group.sources.size() < 2) continue;
            if (!probed) {
                probed = m_graph.clone(false);
                probeShapes(*probed, {1, 3, kProbeSize, kProbeSize});
            }
            const auto channels = [&](ValueId source) { return probed->value(source).shape.at(1); };
            const auto other = std::ranges::find_if(group.sources, [&](ValueId source) { return channels(source) != channels(group.sources.front()); });
            if (other == group.sources.end()) continue;
            group.how.tensor.scheme = Scheme::PerTensor;
            plan.warnings.push_back(str(group.name, " and ", m_graph.value(*other).name, " share a range and have ", channels(group.sources.front()), " and ",
                                        channels(*other), " channels: the range is one for the whole tensor instead of one a channel"));
        }
    }

    // Symmetric grids waste almost half their codes on SiLU, which makes nothing below -0.2785.
    void shiftNegative(QuantPlan& plan) const {
        const auto isSilu = [&](ValueId source) {
            const auto maker = m_graph.producer(source);
            const auto* activation = maker ? std::get_if<Activation>(&m_graph.node(*maker).op) : nullptr;
            return activation && activation->kind == ActivationKind::Silu;
        };
        for (ActivationGroup& group : plan.groups) {
            TensorQuantConfig& tensor = group.how.tensor;
            if (!tensor.symmetric || floatBits(tensor.dtype) > 0 || tensor.bitWidth < 2 || !std::ranges::all_of(group.sources, isSilu)) continue;
            tensor.symmetric = false;
            tensor.dtype = DType::QUInt8;
        }
    }

    // Adds a reader; the group follows the reader that asks for the most bits. bitsGiven: whether a pattern asked for any.
    void widen(ActivationGroup& group, NodeId reader, const LayerAnswer& answer, bool& bitsGiven, std::vector<std::string>& warnings) const {
        Resolved wanted = answer.activation;
        const bool readsImage = m_graph.value(m_graph.node(reader).inputs.front()).kind == ValueKind::Input;
        if (readsImage && !answer.activationBitsGiven && wanted.tensor.bitWidth < 8) {
            wanted.tensor.bitWidth = 8;
            wanted.origin = "image input";
        }
        bitsGiven |= answer.activationBitsGiven;
        if (!group.readers.empty() && group.how.tensor.bitWidth != wanted.tensor.bitWidth && bitsGiven)
            warnings.push_back(str(m_graph.node(reader).name, " shares its input range with ", m_graph.node(group.readers.front()).name,
                                   ": both read it with ", std::max(group.how.tensor.bitWidth, wanted.tensor.bitWidth), " bits"));
        if (group.readers.empty() || wanted.tensor.bitWidth > group.how.tensor.bitWidth) group.how = wanted;
        group.readers.push_back(reader);
    }

    // A group is calibrated as the first reader with a pattern about calibration asks; without one, by the defaults.
    void keepCalibration(ActivationGroup& group, const CalibrationConfig& before, const LayerAnswer& answer, NodeId& calibratedBy,
                         std::vector<std::string>& warnings) const {
        const NodeId reader = group.readers.back();
        if (!calibratedBy.valid()) {
            group.how.calibration = answer.activation.calibration;
            if (answer.calibrationGiven) calibratedBy = reader;
            return;
        }
        group.how.calibration = before;
        if (answer.calibrationGiven && !(answer.activation.calibration == before))
            warnings.push_back(str(m_graph.node(reader).name, " shares its input range with ", m_graph.node(calibratedBy).name,
                                   ": it is calibrated as that one asks"));
    }

    const Graph& m_graph;
    const Config& m_config;
    const std::string m_head;
    const ValueOrigins m_origins;
    std::vector<LayerPattern> m_patterns, m_fusions;
    std::vector<int> m_hits;
    std::vector<int32_t> m_parent;
    std::map<int32_t, bool> m_bitsGiven;  // by root of the group
    std::map<int32_t, NodeId> m_calibratedBy;
};

}  // namespace

const WeightPlan* QuantPlan::weightOf(NodeId node) const {
    const auto found = std::ranges::find(weights, node, &WeightPlan::node);
    return found == weights.end() ? nullptr : &*found;
}

const ActivationGroup* QuantPlan::groupRead(NodeId node) const {
    const auto found = std::ranges::find_if(groups, [&](const ActivationGroup& group) {
        return std::ranges::find(group.readers, node) != group.readers.end();
    });
    return found == groups.end() ? nullptr : &*found;
}

std::vector<NodeId> quantizableNodes(const Graph& graph) {
    std::vector<NodeId> nodes;
    for (const NodeId id : graph.order()) {
        const Node& node = graph.node(id);
        const bool multiplies = std::holds_alternative<Conv2d>(node.op) || std::holds_alternative<Linear>(node.op);
        if (multiplies && !node.name.ends_with(".dfl.conv")) nodes.push_back(id);
    }
    return nodes;
}

QuantPlan resolvePlan(const Graph& graph, const Config& config) { return Resolver(graph, config).resolve(); }

}  // namespace qat
