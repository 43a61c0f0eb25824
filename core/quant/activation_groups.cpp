// A group is a draft until its last reader has spoken.
#include "quant/activation_groups.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/error.h"
#include "ops/activation.h"
#include "quant/declared_quantizers.h"
#include "quant/fusions.h"
#include "quant/scale_groups.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr int64_t kProbeSize = 64;  // pixels: channel counts do not depend on it

// The picture itself, or what normalisation makes of it.
bool carriesPicture(const Graph& graph, ValueId value) {
    for (auto maker = graph.producer(value); maker; maker = graph.producer(value)) {
        const Node& node = graph.node(*maker);
        if (!std::holds_alternative<Binary>(node.op)) return false;
        const auto other = graph.producer(node.inputs[1]);  // a column of stored numbers
        if (!other || !isStored(graph.value(graph.node(*other).inputs.front()).kind)) return false;
        value = node.inputs.front();
    }
    return graph.value(value).kind == ValueKind::Input;
}

class GroupBuilder {
public:
    GroupBuilder(const Graph& graph, const Config& config, const ScaleGroups& scaleGroups,
                 std::vector<std::string>& warnings)
        : m_graph(graph), m_config(config), m_warnings(warnings), m_scaleGroups(scaleGroups) {}

    std::vector<ActivationGroup> make(const std::map<NodeId, LayerSettings>& layerSettings,
                                      const LayerSettingsResolver& resolver) {
        for (const auto& [id, settings] : layerSettings) addReader(id, settings);
        if (m_config.quantization.asDeclared) addDeclared(resolver);
        addRequantized();
        addResults(layerSettings);
        std::vector<ActivationGroup> groups;
        for (auto& [place, draft] : m_drafts) {
            const ScaleGroup& members = m_scaleGroups.all()[place];
            draft.group.sources = members.sources;
            draft.group.observed = members.observed;
            draft.group.largest = members.largest;
            draft.group.name = m_graph.value(members.sources.front()).name;
            groups.push_back(std::move(draft.group));
        }
        return groups;
    }

private:
    struct Draft {
        ActivationGroup group;
        bool bitsGiven = false;  // whether a pattern asked for any
        NodeId calibratedBy;     // the reader whose pattern about calibration holds
    };

    Draft& draftOf(ValueId value) {
        const auto place = m_scaleGroups.find(value);
        ensure(place.has_value(), "a value in flight");
        return m_drafts[*place];
    }
    const Draft* findDraft(ValueId value) const {
        const auto place = m_scaleGroups.find(value);
        const auto found = place ? m_drafts.find(*place) : m_drafts.end();
        return found == m_drafts.end() ? nullptr : &found->second;
    }

    // Every input in flight is quantized: one of a convolution, both of a product.
    void addReader(NodeId reader, const LayerSettings& settings) {
        const Node& node = m_graph.node(reader);
        for (size_t i = 0; i < traitsOf(node.op).layer.activations; ++i) {
            const ValueId input = node.inputs[i];
            if (!m_scaleGroups.find(input)) continue;  // stored
            Draft& draft = draftOf(input);
            if (!draft.group.readers.empty() && draft.group.readers.back() == reader) continue;
            const CalibrationConfig before = draft.group.how.calibration;
            widen(draft, reader, input, settings);
            keepCalibration(draft, before, settings);
        }
    }

    // The group follows the reader that asks for the most bits.
    void widen(Draft& draft, NodeId reader, ValueId input, const LayerSettings& settings) {
        ActivationGroup& group = draft.group;
        Resolved wanted = settings.activation;
        const bool readsImage = carriesPicture(m_graph, input);
        if (readsImage && !settings.activationBitsGiven && wanted.tensor.bitWidth < 8) {
            wanted.tensor.bitWidth = 8;
            wanted.origin = "image input";
        }
        draft.bitsGiven |= settings.activationBitsGiven;
        if (!group.readers.empty() && group.how.tensor.bitWidth != wanted.tensor.bitWidth && draft.bitsGiven)
            m_warnings.push_back(str(m_graph.node(reader).name, " shares its input range with ",
                                     m_graph.node(group.readers.front()).name, ": both read it with ",
                                     std::max(group.how.tensor.bitWidth, wanted.tensor.bitWidth), " bits"));
        if (group.readers.empty() || wanted.tensor.bitWidth > group.how.tensor.bitWidth) group.how = wanted;
        group.readers.push_back(reader);
    }

    // A group is calibrated as the first reader with a pattern about calibration asks; without one, by the defaults.
    void keepCalibration(Draft& draft, const CalibrationConfig& before, const LayerSettings& settings) {
        ActivationGroup& group = draft.group;
        const NodeId reader = group.readers.back();
        if (!draft.calibratedBy.valid()) {
            group.how.calibration = settings.activation.calibration;
            if (settings.calibrationGiven) draft.calibratedBy = reader;
            return;
        }
        group.how.calibration = before;
        if (settings.calibrationGiven && !(settings.activation.calibration == before))
            m_warnings.push_back(str(m_graph.node(reader).name, " shares its input range with ",
                                     m_graph.node(draft.calibratedBy).name, ": it is calibrated as that one asks"));
    }

    // Grids that the network declares and no layer reads, quantized or not: results that are handed out as they are.
    void addDeclared(const LayerSettingsResolver& resolver) {
        if (m_graph.declared.empty()) return;
        std::set<size_t> read;
        for (const NodeId id : m_graph.order()) {
            const Node& node = m_graph.node(id);
            for (size_t i = 0; i < traitsOf(node.op).layer.activations; ++i)
                if (const auto place = m_scaleGroups.find(node.inputs[i])) read.insert(*place);
        }
        for (size_t place = 0; place < m_scaleGroups.all().size(); ++place) {
            if (read.contains(place)) continue;
            if (const DeclaredQuantizer* declared = declaredRange(m_graph, m_scaleGroups.all()[place]))
                m_drafts[place].group.how = resolver.ofDeclared(*declared);
        }
    }

    // Sources of a join that keep their own grid have the width of its result, or else of the widest source, where no
    // layer reads them. Backwards, so that what is joined again knows its own.
    void addRequantized() {
        const auto& joins = m_scaleGroups.joins();
        for (auto join = joins.rbegin(); join != joins.rend(); ++join) {
            const Node& node = m_graph.node(join->node);
            const Resolved* how = join->mode == JoinMode::Requantize ? howOf(node) : nullptr;
            if (!how) continue;
            const Resolved wanted = *how;
            for (const ValueId input : node.inputs)
                if (!findDraft(input) && m_scaleGroups.find(input)) draftOf(input).group.how = wanted;
        }
    }

    const Resolved* howOf(const Node& join) const {
        if (const Draft* result = findDraft(join.outputs.front())) return &result->group.how;
        const Resolved* widest = nullptr;
        for (const ValueId input : join.inputs) {
            const Draft* draft = findDraft(input);
            if (draft && (!widest || draft->group.how.tensor.bitWidth > widest->tensor.bitWidth))
                widest = &draft->group.how;
        }
        return widest;
    }

    // Groups of results that only an activation reads.
    void addResults(const std::map<NodeId, LayerSettings>& layerSettings) {
        Fusions fusions(m_graph, m_config);
        for (const auto& [id, settings] : layerSettings) {
            if (!fusions.splitActivation(m_graph.node(id))) continue;
            const ValueId result = m_graph.node(id).outputs.front();
            const auto* activation = std::get_if<Activation>(&m_graph.node(m_graph.users(result).front()).op);
            if (!activation) continue;  // a batch norm stands between them
            ActivationGroup& group = draftOf(result).group;
            group.how = settings.activation;
            group.before = activation->kind;
        }
        for (std::string& sentence : fusions.unmatchedFusions()) m_warnings.push_back(std::move(sentence));
    }

    const Graph& m_graph;
    const Config& m_config;
    std::vector<std::string>& m_warnings;
    const ScaleGroups& m_scaleGroups;
    std::map<size_t, Draft> m_drafts;  // by place of the scale group
};

// A range per channel needs as many channels wherever the group is quantized.
void shareRanges(const Graph& graph, std::vector<ActivationGroup>& groups, std::vector<std::string>& warnings) {
    std::optional<Graph> probed;
    for (ActivationGroup& group : groups) {
        if (group.how.tensor.scheme != Scheme::PerChannel || group.sources.size() < 2) continue;
        if (!probed) {
            probed = graph.clone(false);
            probeShapes(*probed, {1, 3, kProbeSize, kProbeSize});
        }
        const auto channels = [&](ValueId source) { return probed->value(source).shape.at(1); };
        const auto other = std::ranges::find_if(
            group.sources, [&](ValueId source) { return channels(source) != channels(group.sources.front()); });
        if (other == group.sources.end()) continue;
        group.how.tensor.scheme = Scheme::PerTensor;
        warnings.push_back(str(group.name, " and ", graph.value(*other).name, " share a range and have ",
                               channels(group.sources.front()), " and ", channels(*other),
                               " channels: the range is one for the whole tensor instead of one a channel"));
    }
}

void shiftNegative(const Graph& graph, std::vector<ActivationGroup>& groups) {
    const auto isShort = [&](ValueId source) {
        const auto maker = graph.producer(source);
        const auto* activation = maker ? std::get_if<Activation>(&graph.node(*maker).op) : nullptr;
        return activation && hasShortTail(traitsOf(activation->kind));
    };
    for (ActivationGroup& group : groups) {
        TensorQuantConfig& tensor = group.how.tensor;
        if (!tensor.symmetric || floatBits(tensor.dtype) > 0 || tensor.bitWidth < 2 ||
            !std::ranges::all_of(group.sources, isShort))
            continue;
        tensor.symmetric = false;
        tensor.dtype = DType::QUInt8;
    }
}

// Joins of which something is quantized, with the groups of what they read and make.
std::vector<PlannedJoin> plannedJoins(const Graph& graph, const ScaleGroups& scaleGroups,
                                      const std::vector<ActivationGroup>& groups) {
    std::map<size_t, size_t> placeOf;  // of the scale group -> in groups
    for (size_t i = 0; i < groups.size(); ++i) placeOf[*scaleGroups.find(groups[i].sources.front())] = i;
    const auto groupOf = [&](ValueId value) -> std::optional<size_t> {
        const auto place = scaleGroups.find(value);
        const auto found = place ? placeOf.find(*place) : placeOf.end();
        return found == placeOf.end() ? std::nullopt : std::optional(found->second);
    };
    std::vector<PlannedJoin> joins;
    for (const ScaleJoin& join : scaleGroups.joins()) {
        const Node& node = graph.node(join.node);
        PlannedJoin planned{join.node, join.mode, {}, groupOf(node.outputs.front())};
        for (const ValueId input : node.inputs) planned.inputs.push_back(groupOf(input));
        if (std::ranges::any_of(planned.inputs, [](const auto& group) { return group.has_value(); }))
            joins.push_back(std::move(planned));
    }
    return joins;
}

}  // namespace

void planActivations(const Graph& graph, const Config& config, const ScaleGroups& scaleGroups,
                     const LayerSettingsResolver& resolver, const std::map<NodeId, LayerSettings>& layerSettings,
                     QuantPlan& plan) {
    plan.groups = GroupBuilder(graph, config, scaleGroups, plan.warnings).make(layerSettings, resolver);
    shareRanges(graph, plan.groups, plan.warnings);
    if (config.repair.shiftNegative) shiftNegative(graph, plan.groups);
    plan.joins = plannedJoins(graph, scaleGroups, plan.groups);
}

}  // namespace qat
