#include "config/table_name.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "config/architectures.h"

namespace qat {

bool namesTable(std::string_view name) {
    return name.ends_with(".yaml") || name.ends_with(".yml");
}

std::string tableWord(std::string_view file) {
    const size_t slash = file.find_last_of("/\\");
    std::string_view name = slash == std::string_view::npos ? file : file.substr(slash + 1);
    name = name.substr(0, name.find_last_of('.'));
    std::string word;
    for (const char c : name.substr(0, 64)) word += std::isalnum(static_cast<unsigned char>(c)) || c == '-' ? c : '_';
    return word.empty() ? "custom" : word;
}

std::string modelName(const ModelConfig& model) {
    return modelName(model, model.variant);
}

std::string modelName(const ModelConfig& model, std::string_view variant) {
    if (!namesTable(model.architecture)) return str(model.architecture, variant);
    return str(tableWord(model.architecture), variant.empty() ? "" : "-", variant);
}

namespace {

// Behind the source of a value that the name of the network made.
constexpr std::string_view kByName = ", model.architecture";

// Values that a name in the file made, where the command line gives another one.
void forgetNames(Config& config) {
    const bool renamed = config.sources.of("model.architecture") == kCommandLine;
    const auto forget = [&](const char* key, auto& value, auto usual) {
        const auto found = config.sources.byKey.find(key);
        if (found == config.sources.byKey.end() || !found->second.ends_with(kByName)) return;
        value = usual;
        config.sources.byKey.erase(found);
    };
    if (!renamed) return;
    forget("model.variant", config.model.variant, ModelConfig{}.variant);
    forget("quantization.default_qconfig", config.quantization.defaultQconfig, QuantizationConfig{}.defaultQconfig);
    forget("qat_params.fuse_modules", config.qat.fuseModules, QatConfig{}.fuseModules);
}

template <class T>
void settle(Config& config, const char* key, T& value, T settled) {
    if (config.sources.byKey.contains(key)) return;
    value = std::move(settled);
    config.sources.byKey[key] = str(config.sources.of("model.architecture"), kByName);
}

const Architecture* familyOf(std::string_view name) {
    const auto found = std::ranges::find(kArchitectures, name, &Architecture::name);
    return found == kArchitectures.end() ? nullptr : &*found;
}

// A family's own name, which is a member's where there is one only, is left.
void splitName(Config& config) {
    std::string_view name = config.model.architecture;
    const bool twin = name.starts_with(kQuantizedTwin);
    if (twin) name.remove_prefix(kQuantizedTwin.size());
    for (const Architecture& family : kArchitectures) {
        if (!name.starts_with(family.name) || (twin && !family.classifies)) continue;
        const std::string variant(name.substr(family.name.size()));
        if (std::ranges::find(family.variants, variant) == family.variants.end()) continue;
        config.sources.byKey.erase("model.variant");
        settle(config, "model.variant", config.model.variant, variant);
        if (twin) {
            settle(config, "quantization.default_qconfig", config.quantization.defaultQconfig,
                   std::string(kReferenceQconfig));
            settle(config, "qat_params.fuse_modules", config.qat.fuseModules, false);
        }
        config.model.architecture = family.name;
        return;
    }
}

}  // namespace

bool classifies(const ModelConfig& model) {
    const Architecture* family = familyOf(model.architecture);
    return family && isClassifier(*family, model.variant);
}

int usualSideOf(const ModelConfig& model) {
    const Architecture* family = familyOf(model.architecture);
    return family ? usualSide(*family, model.variant) : DataConfig{}.imgsz;
}

void settleModel(Config& config) {
    forgetNames(config);
    if (!namesTable(config.model.architecture)) splitName(config);
    const Architecture* family = familyOf(config.model.architecture);
    if (!config.sources.byKey.contains("model.variant")) {
        config.model.variant = namesTable(config.model.architecture) ? "" : ModelConfig{}.variant;
        if (family && family->classifies) config.model.variant = family->variants.front();
    }
}

}  // namespace qat
