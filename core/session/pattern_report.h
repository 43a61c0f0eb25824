// What the patterns of a configuration match in a model, and which of them do not do what they seem to.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "session/inspect.h"

namespace qat {

// Layers that a fusion matches and that are another unit in the graph than it states.
struct OtherUnit {
    std::vector<std::string> unit;  // conv, bn, silu
    std::vector<std::string> layers;
};

struct PatternMatch {
    std::string key;  // quantization.layer_configs[2] or qat_params.fusion_patterns[0]
    std::string pattern;
    int line = 0;                     // 1-based in the file, 0 if not known
    std::vector<std::string> layers;  // in execution order
    std::vector<std::string> warnings;
    std::vector<std::string> modules{};  // of a fusion
    std::vector<OtherUnit> others{};     // a unit that goes on after the stated modules is none of them
};

// One entry a pattern, in file order. Warnings: it matches nothing; later entries override everything it sets on every
// layer it matches; its dots match more than dots would; it names an activation that a layer does not have.
std::vector<PatternMatch> matchPatterns(const Config& config, const ModelDescription& model);

}  // namespace qat
