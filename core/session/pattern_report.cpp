// Matching, and the warnings.
#include "session/pattern_report.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "config/fields.h"
#include "config/pattern.h"
#include "quant/fusions.h"

namespace qat {
namespace {

std::vector<std::string> layersOf(const std::string& pattern, const ModelDescription& model) {
    const LayerPattern expression(pattern);
    std::vector<std::string> layers;
    for (const LayerInfo& layer : model.layers)
        if (expression.matches(layer.name, layer.aliases)) layers.push_back(layer.name);
    return layers;
}

// Keys that an entry sets, all but its pattern.
std::set<std::string> keysOf(LayerConfig entry) {
    std::set<std::string> keys;
    for (const auto& row : layerRows())
        if (row.info.path != "pattern" && slotValues(row.slot(entry))) keys.insert(row.info.path);
    return keys;
}

PatternMatch match(std::string key, const std::string& pattern, int line, const ModelDescription& model) {
    PatternMatch found{std::move(key), pattern, line, layersOf(pattern, model), {}};
    if (found.layers.empty()) found.warnings.emplace_back("matches no layer");
    const std::string escaped = withEscapedDots(pattern);
    if (escaped == pattern) return found;
    const size_t fewer = found.layers.size() - std::min(found.layers.size(), layersOf(escaped, model).size());
    if (fewer > 0)
        found.warnings.push_back(
            str("matches ", fewer, " layers only because its dots stand for any character; dots are written \\."));
    return found;
}

// Compares what a fusion states with what the graph has.
PatternMatch matchFusion(std::string key, const FusionPattern& fusion, const ModelDescription& model) {
    PatternMatch found = match(std::move(key), fusion.pattern, 0, model);
    found.modules = fusion.modules;
    std::map<std::vector<std::string>, std::vector<std::string>> others;
    for (const LayerInfo& layer : model.layers)
        if (std::ranges::find(found.layers, layer.name) != found.layers.end() &&
            !beginsWith(layer.unit, fusion.modules))
            others[layer.unit].push_back(layer.name);
    const std::string stated = activationOf(fusion.modules);
    for (const auto& [unit, layers] : others) {
        if (!stated.empty() && activationOf(unit) != stated)
            found.warnings.push_back(str("names ", stated, ", but ", layers.size(),
                                         layers.size() == 1 ? " layer it matches is " : " layers it matches are ",
                                         joinedWords(unit, " + "), ", ", layers.front(),
                                         " first: it does not act there"));
        found.others.push_back({unit, layers});
    }
    return found;
}

// For each layer a later entry sets at least the same keys.
bool isShadowed(const Config& config, const std::vector<PatternMatch>& matches, size_t index) {
    const auto& entries = config.quantization.layerConfigs;
    const std::set<std::string> keys = keysOf(entries[index]);
    if (matches[index].layers.empty()) return false;
    return std::ranges::all_of(matches[index].layers, [&](const std::string& layer) {
        std::set<std::string> left = keys;
        for (size_t later = index + 1; later < entries.size(); ++later)
            if (std::ranges::find(matches[later].layers, layer) != matches[later].layers.end())
                for (const auto& key : keysOf(entries[later])) left.erase(key);
        return left.empty();
    });
}

}  // namespace

std::vector<PatternMatch> matchPatterns(const Config& config, const ModelDescription& model) {
    std::vector<PatternMatch> matches;
    const auto& entries = config.quantization.layerConfigs;
    for (size_t i = 0; i < entries.size(); ++i)
        matches.push_back(match(str(kLayerConfigsPath, "[", i, "]"), entries[i].pattern, entries[i].line, model));
    for (size_t i = 0; i < entries.size(); ++i)
        if (isShadowed(config, matches, i))
            matches[i].warnings.emplace_back("has no effect: later patterns override all it sets");
    for (size_t i = 0; i < config.qat.fusionPatterns.size(); ++i)
        matches.push_back(matchFusion(str(kFusionPatternsPath, "[", i, "]"), config.qat.fusionPatterns[i], model));
    return matches;
}

}  // namespace qat
