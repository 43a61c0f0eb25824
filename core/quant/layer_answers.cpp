// Later patterns override earlier ones, and all of them the head policy.
#include "quant/layer_answers.h"

#include "base/error.h"
#include "quant/overrides.h"

namespace qat {
namespace {

void applyEntry(const LayerConfig& entry, LayerAnswer& answer) {
    if (entry.skip) answer.skip = *entry.skip;
    applyOverride(answer.weight.tensor, entry.weight);
    applyOverride(answer.activation.tensor, entry.activation);
    answer.activationBitsGiven |= entry.activation.bitWidth.has_value();
    answer.calibrationGiven |= entry.calibration != CalibrationOverride{};
    for (Resolved* how : {&answer.weight, &answer.activation}) {
        applyOverride(how->fakeQuantize, entry.fakeQuantize);
        applyOverride(how->calibration, entry.calibration);
    }
}

}  // namespace

LayerAnswers::LayerAnswers(const Graph& graph, const Config& config)
    : m_graph(graph), m_config(config), m_origins(config) {
    for (const LayerConfig& entry : config.quantization.layerConfigs) m_patterns.emplace_back(entry.pattern);
    m_hits.resize(m_patterns.size());
}

LayerAnswer LayerAnswers::of(const Node& layer) {
    const QuantizationConfig& q = m_config.quantization;
    LayerAnswer answer;
    answer.weight = {q.weight, q.fakeQuantize, m_config.calibration, ""};
    answer.activation = {q.activation, q.fakeQuantize, m_config.calibration, ""};
    answer.values = m_origins.sections();
    if (m_config.qat.useLsq) answer.weight.fakeQuantize.type = answer.activation.fakeQuantize.type = FakeQuantKind::Lsq;
    applyHeadPolicy(layer, answer);
    const auto aliases = layerAliases(m_graph, layer.name);
    for (size_t i = 0; i < m_patterns.size(); ++i) {
        if (!m_patterns[i].matches(layer.name, aliases)) continue;
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

std::vector<std::string> LayerAnswers::unmatched() const {
    std::vector<std::string> sentences;
    const auto& entries = m_config.quantization.layerConfigs;
    for (size_t i = 0; i < m_hits.size(); ++i)
        if (m_hits[i] == 0)
            sentences.push_back(str("quantization.layer_configs pattern ", i + 1, " (line ", entries[i].line, ", \"",
                                    entries[i].pattern, "\") matches no layer"));
    return sentences;
}

void LayerAnswers::applyHeadPolicy(const Node& layer, LayerAnswer& answer) const {
    answer.skip = isInHead(layer.role) && m_config.qat.skipDetectionHead;
    if (answer.skip) answer.values["skip"] = {"true", "qat_params.skip_detection_head"};
    if (layer.role != NodeRole::HeadLast) return;
    for (const auto& [how, key] :
         {std::pair{&answer.weight, "config.weight.bit_width"}, {&answer.activation, "config.activation.bit_width"}}) {
        if (how->tensor.bitWidth >= 8) continue;
        how->tensor.bitWidth = 8;
        answer.values[key] = {"8", "head policy"};
    }
}

// Without mixed precision the widths of patterns do not count; everything else they say does.
LayerConfig LayerAnswers::counted(LayerConfig entry) const {
    if (!m_config.qat.useMixedPrecision) entry.weight.bitWidth = entry.activation.bitWidth = std::nullopt;
    return entry;
}

}  // namespace qat
