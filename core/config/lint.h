// What is doubtful about a configuration whose single values are all legal.
#pragma once

#include <string>
#include <vector>

#include "config/config_io.h"
#include "config/yaml_tree.h"

namespace qat {

// One value as the file states it. Elements of lists count one by one under the key of the list.
struct StatedValue {
    std::string path;  // quantization.layer_configs[0].config.weight.observer
    std::string text;
    TextPlace place;
};

// Contradictions between keys, and patterns that say something else than they seem to. Places come from what the
// file states; a rule about keys that are only defaults has no place.
void lintConfig(const Config& config, const std::vector<StatedValue>& stated, std::vector<ConfigIssue>& issues);

// One warning for each setting that is read but not acted on yet.
void lintSupport(const std::vector<StatedValue>& stated, std::vector<ConfigIssue>& issues);

}  // namespace qat
