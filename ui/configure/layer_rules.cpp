// Finds a layer's own entry, or appends one: later entries win.
#include "configure/layer_rules.h"

#include <QCoreApplication>
#include <algorithm>

#include "base/error.h"
#include "config/config_io.h"
#include "config/pattern.h"

namespace qat::ui {
namespace {

QString ruleText(const char* text) {
    return QCoreApplication::translate("LayerRules", text);
}

std::string entry(size_t index, const char* key) {
    return str("quantization.layer_configs[", index, "]", *key ? "." : "", key);
}

bool setsBits(LayerRule rule) {
    return widthOf(rule) > 0;
}

bool matches(const LayerConfig& entry, const LayerInfo& layer) {
    return !LayerPattern::complaint(entry.pattern) && LayerPattern(entry.pattern).matches(layer.name, layer.aliases);
}

// Whether an entry that comes later would undo the rule.
bool undoes(const LayerConfig& later, LayerRule rule) {
    if (rule == LayerRule::Float) return later.skip == false;
    return later.skip == true || (later.weight.bitWidth && *later.weight.bitWidth != widthOf(rule));
}

// Whether an entry says nothing but what rules write.
bool isPlain(const LayerConfig& entry) {
    LayerConfig plain;
    plain.pattern = entry.pattern;
    plain.skip = entry.skip;
    plain.weight.bitWidth = entry.weight.bitWidth;
    return plain == entry;
}

// Entries whose widths did not count so far, because they differ from the one of all layers. Weights of the layers that
// get a width now are not among them: whatever their own entries said, they have that one.
int sleepingEntries(const QuantizationConfig& plan, const std::vector<LayerInfo>& layers) {
    const auto differs = [](const std::optional<int>& width, int uniform) { return width && *width != uniform; };
    const auto isOwn = [&](const LayerConfig& e) {
        return std::ranges::any_of(layers, [&](const LayerInfo& l) { return patternForLayer(l.name) == e.pattern; });
    };
    return static_cast<int>(std::ranges::count_if(plan.layerConfigs, [&](const LayerConfig& e) {
        return (differs(e.weight.bitWidth, plan.weight.bitWidth) && !isOwn(e)) ||
               differs(e.activation.bitWidth, plan.activation.bitWidth);
    }));
}

void requireEffect(const Config& config, const LayerInfo& layer, LayerRule rule) {
    require(config.train.quantize, ErrorKind::BadInput,
            "train_params.quantize is false: nothing is quantized, so widths of layers would have no effect");
    DType type = config.quantization.weight.dtype;
    for (const LayerConfig& entry : config.quantization.layerConfigs)
        if (entry.weight.dtype && matches(entry, layer)) type = *entry.weight.dtype;
    require(!setsBits(rule) || floatBits(type) == 0, ErrorKind::BadInput, "the weights of ", layer.name,
            " are of a floating point type, which has a width of its own: ", floatBits(type), " bit");
}

bool isSkipped(const Config& config, const LayerInfo& layer) {
    bool skipped = config.qat.skipDetectionHead && std::ranges::any_of(layer.values, [](const LayerValue& value) {
                       return value.key == "skip" && value.origin == "qat_params.skip_detection_head";
                   });
    for (const LayerConfig& entry : config.quantization.layerConfigs)
        if (matches(entry, layer)) skipped = entry.skip.value_or(skipped);
    return skipped;
}

std::string withoutOwnEntries(std::string text, const std::string& pattern) {
    const std::vector<LayerConfig> entries = readConfig(text).config.quantization.layerConfigs;
    for (size_t i = entries.size(); i-- > 0;)
        if (entries[i].pattern == pattern) text = removeConfigValue(text, entry(i, ""));
    return text;
}

// The layer's own entry as the last one, so that no other comes after it. That the layer is not skipped stays said.
size_t moveToEnd(std::string& text, const LayerConfig& entryOfLayer, size_t own, size_t last) {
    text = removeConfigValue(text, entry(own, ""));
    text = setConfigValue(text, entry(last, "pattern"), entryOfLayer.pattern);
    if (entryOfLayer.skip == false) text = setConfigValue(text, entry(last, "skip"), "false");
    return last;
}

// The entry the rule goes into: the layer's own if no later one undoes it, else a new last one.
size_t ownEntry(std::string& text, const LayerInfo& layer, const std::string& pattern, LayerRule rule) {
    const std::vector<LayerConfig> entries = readConfig(text).config.quantization.layerConfigs;
    size_t own = entries.size();
    bool undone = false;
    for (size_t i = entries.size(); i-- > 0 && own == entries.size();) {
        if (entries[i].pattern == pattern)
            own = i;
        else
            undone |= undoes(entries[i], rule) && matches(entries[i], layer);
    }
    if (own == entries.size() || !undone) return own;
    if (!isPlain(entries[own])) return entries.size();
    return moveToEnd(text, entries[own], own, entries.size() - 1);
}

std::string applied(std::string text, const LayerInfo& layer, LayerRule rule) {
    const std::string pattern = patternForLayer(layer.name);
    if (rule == LayerRule::Default) return withoutOwnEntries(std::move(text), pattern);
    const Config config = readConfig(text).config;
    requireEffect(config, layer, rule);
    const size_t own = ownEntry(text, layer, pattern, rule);
    if (own == readConfig(text).config.quantization.layerConfigs.size())
        text = setConfigValue(text, entry(own, "pattern"), pattern);
    if (rule == LayerRule::Float) return setConfigValue(text, entry(own, "skip"), "true");
    if (isSkipped(config, layer)) text = setConfigValue(text, entry(own, "skip"), "false");
    return setConfigValue(text, entry(own, "config.weight.bit_width"), std::to_string(widthOf(rule)));
}

}  // namespace

int widthOf(LayerRule rule) {
    switch (rule) {
        case LayerRule::Bits4:
            return 4;
        case LayerRule::Bits8:
            return 8;
        case LayerRule::Bits16:
            return 16;
        case LayerRule::Float:
            return 0;
        case LayerRule::Default:
            break;
    }
    return -1;
}

RuledText withLayerRule(const QString& text, const std::vector<LayerInfo>& layers, LayerRule rule) {
    RuledText result;
    std::string changed = text.toStdString();
    const Config before = readConfig(changed).config;
    for (const LayerInfo& layer : layers) changed = applied(std::move(changed), layer, rule);
    if (setsBits(rule) && !before.qat.useMixedPrecision && widthOf(rule) != before.quantization.weight.bitWidth) {
        changed = setConfigValue(changed, "qat_params.use_mixed_precision", "true");
        result.mixedPrecision = true;
        result.woken = sleepingEntries(before.quantization, layers);
    }
    result.text = QString::fromStdString(changed);
    return result;
}

QString unmetRule(const std::vector<LayerInfo>& described, const QStringList& layers, LayerRule rule) {
    const int wanted = widthOf(rule);
    QString first;
    int unmet = 0;
    for (const LayerInfo& layer : described) {
        const QString name = QString::fromStdString(layer.name);
        if (wanted < 0 || layer.weightBits == wanted || !layers.contains(name)) continue;
        if (unmet++ > 0) continue;
        QString origin = QString::fromStdString(layer.weightOrigin);
        for (const LayerValue& value : layer.values)
            if (value.key == "skip" && layer.weightBits == 0) origin = QString::fromStdString(value.origin);
        first = layer.weightBits > 0
                    ? ruleText("%1 has %2 bit, set by: %3.").arg(name).arg(layer.weightBits).arg(origin)
                    : ruleText("%1 stays in float, set by: %2.").arg(name, origin);
    }
    if (unmet <= 1) return first;
    return ruleText("%1 of %2 layers have another width; %3").arg(unmet).arg(layers.size()).arg(first);
}

}  // namespace qat::ui
