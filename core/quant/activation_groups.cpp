// A group is a draft until its last reader has spoken.
#include "quant/activation_groups.h"

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "quant/fusions.h"
#include "quant/scale_groups.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr int64_t kProbeSize = 64;  // pixels: channel counts do not depend on it

class Drafts {
public:
    Drafts(const Graph& graph, const Config& config, std::vector<std::string>& warnings)
        : m_graph(graph), m_config(config), m_warnings(warnings), m_scaleGroups(graph) {}

    std::vector<ActivationGroup> make(const std::map<NodeId, LayerAnswer>& answers) {
        for (const auto& [id, answer] : answers) addReader(id, answer);
        addResults(answers);
        std::vector<ActivationGroup> groups;
        for (auto& [place, draft] : m_drafts) {
            draft.group.sources = m_scaleGroups.all()[place].sources;
            draft.group.name = m_graph.value(draft.group.sources.front()).name;
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

    void addReader(NodeId reader, const LayerAnswer& answer) {
        Draft& draft = m_drafts[m_scaleGroups.of(m_graph.node(reader).inputs.front())];
        const CalibrationConfig before = draft.group.how.calibration;
        widen(draft, reader, answer);
        keepCalibration(draft, before, answer);
    }

    // The group follows the reader that asks for the most bits.
    void widen(Draft& draft, NodeId reader, const LayerAnswer& answer) {
        ActivationGroup& group = draft.group;
        Resolved wanted = answer.activation;
        const bool readsImage = m_graph.value(m_graph.node(reader).inputs.front()).kind == ValueKind::Input;
        if (readsImage && !answer.activationBitsGiven && wanted.tensor.bitWidth < 8) {
            wanted.tensor.bitWidth = 8;
            wanted.origin = "image input";
        }
        draft.bitsGiven |= answer.activationBitsGiven;
        if (!group.readers.empty() && group.how.tensor.bitWidth != wanted.tensor.bitWidth && draft.bitsGiven)
            m_warnings.push_back(str(m_graph.node(reader).name, " shares its input range with ",
                                     m_graph.node(group.readers.front()).name, ": both read it with ",
                                     std::max(group.how.tensor.bitWidth, wanted.tensor.bitWidth), " bits"));
        if (group.readers.empty() || wanted.tensor.bitWidth > group.how.tensor.bitWidth) group.how = wanted;
        group.readers.push_back(reader);
    }

    // A group is calibrated as the first reader with a pattern about calibration asks; without one, by the defaults.
    void keepCalibration(Draft& draft, const CalibrationConfig& before, const LayerAnswer& answer) {
        ActivationGroup& group = draft.group;
        const NodeId reader = group.readers.back();
        if (!draft.calibratedBy.valid()) {
            group.how.calibration = answer.activation.calibration;
            if (answer.calibrationGiven) draft.calibratedBy = reader;
            return;
        }
        group.how.calibration = before;
        if (answer.calibrationGiven && !(answer.activation.calibration == before))
            m_warnings.push_back(str(m_graph.node(reader).name, " shares its input range with ",
                                     m_graph.node(draft.calibratedBy).name, ": it is calibrated as that one asks"));
    }

    // Groups of results that only an activation reads.
    void addResults(const std::map<NodeId, LayerAnswer>& answers) {
        const Fusions fusions(m_graph, m_config);
        for (const auto& [id, answer] : answers) {
            const ValueId result = m_graph.node(id).outputs.front();
            const auto users = m_graph.users(result);
            const auto* activation = users.size() == 1 ? std::get_if<Activation>(&m_graph.node(users[0]).op) : nullptr;
            if (!activation || !fusions.splitActivation(m_graph.node(id))) continue;
            ActivationGroup& group = m_drafts[m_scaleGroups.of(result)].group;
            group.how = answer.activation;
            group.before = activation->kind;
        }
    }

    const Graph& m_graph;
    const Config& m_config;
    std::vector<std::string>& m_warnings;
    const ScaleGroups m_scaleGroups;
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

// Symmetric grids waste almost half their codes on SiLU, which makes nothing below -0.2785.
void shiftNegative(const Graph& graph, std::vector<ActivationGroup>& groups) {
    const auto isSilu = [&](ValueId source) {
        const auto maker = graph.producer(source);
        const auto* activation = maker ? std::get_if<Activation>(&graph.node(*maker).op) : nullptr;
        return activation && activation->kind == ActivationKind::Silu;
    };
    for (ActivationGroup& group : groups) {
        TensorQuantConfig& tensor = group.how.tensor;
        if (!tensor.symmetric || floatBits(tensor.dtype) > 0 || tensor.bitWidth < 2 ||
            !std::ranges::all_of(group.sources, isSilu))
            continue;
        tensor.symmetric = false;
        tensor.dtype = DType::QUInt8;
    }
}

}  // namespace

std::vector<ActivationGroup> activationGroups(const Graph& graph, const Config& config,
                                              const std::map<NodeId, LayerAnswer>& answers,
                                              std::vector<std::string>& warnings) {
    std::vector<ActivationGroup> groups = Drafts(graph, config, warnings).make(answers);
    shareRanges(graph, groups, warnings);
    if (config.repair.shiftNegative) shiftNegative(graph, groups);
    return groups;
}

}  // namespace qat
