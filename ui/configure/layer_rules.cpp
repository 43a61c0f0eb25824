// Finds a layer's own entry, or appends one: later entries win.
#include "configure/layer_rules.h"

#include "base/error.h"
#include "config/config_io.h"
#include "config/pattern.h"

namespace qat::ui {
namespace {

std::string entry(size_t index, const char* key) {
    return str("quantization.layer_configs[", index, "]", *key ? "." : "", key);
}

int bitsOf(LayerRule rule) {
    return rule == LayerRule::Bits4 ? 4 : rule == LayerRule::Bits8 ? 8 : 16;
}

std::string applied(std::string text, const std::string& layer, LayerRule rule) {
    const std::string pattern = patternForLayer(layer);
    const std::vector<LayerConfig> entries = readConfig(text).config.quantization.layerConfigs;
    size_t own = entries.size();
    for (size_t i = entries.size(); i-- > 0;) {
        if (entries[i].pattern != pattern) continue;
        if (rule == LayerRule::Default)
            text = removeConfigValue(text, entry(i, ""));
        else if (own == entries.size())
            own = i;
    }
    if (rule == LayerRule::Default) return text;
    if (own == entries.size()) text = setConfigValue(text, entry(own, "pattern"), pattern);
    if (rule == LayerRule::Float) return setConfigValue(text, entry(own, "skip"), "true");
    // Not skipped any more, whatever an earlier pattern says.
    bool skipped = false;
    for (size_t i = 0; i < entries.size(); ++i)
        if (LayerPattern(entries[i].pattern).matches(layer)) skipped = entries[i].skip.value_or(skipped);
    if (skipped) text = setConfigValue(text, entry(own, "skip"), "false");
    return setConfigValue(text, entry(own, "config.weight.bit_width"), std::to_string(bitsOf(rule)));
}

}  // namespace

QString withLayerRule(const QString& text, const QStringList& layers, LayerRule rule) {
    std::string result = text.toStdString();
    for (const QString& layer : layers) result = applied(std::move(result), layer.toStdString(), rule);
    return QString::fromStdString(result);
}

}  // namespace qat::ui
