#include "config/table_name.h"

#include <cctype>

#include "base/error.h"

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

void settleVariant(Config& config) {
    if (config.sources.byKey.contains("model.variant")) return;
    config.model.variant = namesTable(config.model.architecture) ? "" : ModelConfig{}.variant;
}

}  // namespace qat
