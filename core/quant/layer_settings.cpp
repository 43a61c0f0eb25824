// Later patterns override earlier ones, and all of them what the network declares, which comes before the policies of
// branches.
#include "quant/layer_settings.h"

#include "base/error.h"
#include "quant/branch_policies.h"
#include "quant/declared_quantizers.h"
#include "quant/overrides.h"

namespace qat {
namespace {

void applyEntry(const LayerConfig& entry, LayerSettings& settings) {
    if (entry.skip) settings.skip = *entry.skip;
    applyOverride(settings.weight.tensor, entry.weight);
    applyOverride(settings.activation.tensor, entry.activation);
    settings.activationBitsGiven |= entry.activation.bitWidth.has_value();
    settings.calibrationGiven |= entry.calibration != CalibrationOverride{};
    for (Resolved* how : {&settings.weight, &settings.activation}) {
        applyOverride(how->fakeQuantize, entry.fakeQuantize);
        applyOverride(how->calibration, entry.calibration);
    }
}

}  // namespace

LayerSettingsResolver::LayerSettingsResolver(const Graph& graph, const Config& config, const ScaleGroups& scaleGroups)
    : m_graph(graph), m_config(config), m_scaleGroups(scaleGroups), m_origins(config) {
    for (const LayerConfig& entry : config.quantization.layerConfigs) m_patterns.emplace_back(entry.pattern);
    m_hits.resize(m_patterns.size());
}

LayerSettings LayerSettingsResolver::ofSections() const {
    const QuantizationConfig& q = m_config.quantization;
    LayerSettings settings;
    settings.weight = {q.weight, q.fakeQuantize, m_config.calibration, ""};
    settings.activation = {q.activation, q.fakeQuantize, m_config.calibration, ""};
    settings.values = m_origins.sections();
    if (m_config.qat.useLsq)
        settings.weight.fakeQuantize.type = settings.activation.fakeQuantize.type = FakeQuantKind::Lsq;
    return settings;
}

LayerSettings LayerSettingsResolver::of(const Node& layer) {
    const QuantizationConfig& q = m_config.quantization;
    LayerSettings settings = ofSections();
    applyPolicies(layer, settings);
    applyDeclared(layer, settings);
    const auto aliases = layerAliases(m_graph, layer.name);
    for (size_t i = 0; i < m_patterns.size(); ++i) {
        if (!m_patterns[i].matches(layer.name, aliases)) continue;
        ++m_hits[i];
        applyEntry(counted(q.layerConfigs[i]), settings);
        m_origins.apply(i, settings.values);
    }
    // The width of a floating point type is part of the type.
    for (Resolved* how : {&settings.weight, &settings.activation})
        if (const int bits = floatBits(how->tensor.dtype)) how->tensor.bitWidth = bits;
    settings.weight.origin = settings.values.at("config.weight.bit_width").origin;
    settings.activation.origin = settings.values.at("config.activation.bit_width").origin;
    return settings;
}

Resolved LayerSettingsResolver::ofDeclared(const DeclaredQuantizer& declared) const {
    LayerSettings settings = ofSections();
    apply(declared, settings.activation, settings.values);
    settings.activation.origin = settings.values.at("config.activation.bit_width").origin;
    return settings.activation;
}

std::vector<std::string> LayerSettingsResolver::unmatched() const {
    std::vector<std::string> sentences;
    const auto& entries = m_config.quantization.layerConfigs;
    for (size_t i = 0; i < m_hits.size(); ++i)
        if (m_hits[i] == 0)
            sentences.push_back(str("quantization.layer_configs pattern ", i + 1, " (line ", entries[i].line, ", \"",
                                    entries[i].pattern, "\") matches no layer"));
    return sentences;
}

void LayerSettingsResolver::applyPolicies(const Node& layer, LayerSettings& settings) const {
    settings.skip = isInHead(layer.role) && m_config.qat.skipDetectionHead;
    if (settings.skip) settings.values["skip"] = {"true", "qat_params.skip_detection_head"};
    if (!m_config.quantization.branchPolicies) return;
    for (const BranchPolicy* policy : policiesOf(m_graph, layer)) apply(*policy, settings);
}

void LayerSettingsResolver::applyDeclared(const Node& layer, LayerSettings& settings) const {
    if (m_graph.declared.empty() || !m_config.quantization.asDeclared) return;
    const DeclaredQuantizer* weight = declaredWeight(m_graph, layer);
    const auto group = m_scaleGroups.find(layer.inputs.front());
    const DeclaredQuantizer* input = group ? declaredRange(m_graph, m_scaleGroups.all()[*group]) : nullptr;
    const QuantizationConfig& q = m_config.quantization;
    const auto lay = [&](const DeclaredQuantizer& declared, int configured, Resolved& how, const char* key) {
        how.tensor.bitWidth = configured;
        settings.values[key] = m_origins.sections().at(key);
        apply(declared, how, settings.values);
    };
    if (weight) lay(*weight, q.weight.bitWidth, settings.weight, "config.weight.bit_width");
    if (input) lay(*input, q.activation.bitWidth, settings.activation, "config.activation.bit_width");
    if (weight || input) settings.declared = (weight ? weight : input)->reason;
}

// Without mixed precision the widths of patterns do not count; everything else they say does.
LayerConfig LayerSettingsResolver::counted(LayerConfig entry) const {
    if (!m_config.qat.useMixedPrecision) entry.weight.bitWidth = entry.activation.bitWidth = std::nullopt;
    return entry;
}

}  // namespace qat
