// Finds the text changes that set or remove one value of a YAML text; knows YAML's shapes, not our keys.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/yaml_span.h"
#include "config/yaml_tree.h"

namespace qat {

// One part of a dotted path: a key, or an index into a list.
struct PathStep {
    std::string key;
    size_t index = 0;
    bool isIndex = false;
};

// "a.b[2].c" in steps; empty if the path is not of that form.
std::vector<PathStep> parsePath(std::string_view path);

// The item at a path, or null. An alias on the way is followed.
const YamlItem* findItem(const YamlItem& root, const std::vector<PathStep>& steps);

// A value ready to be written: one scalar, or the elements of a list.
struct NewValue {
    bool isList = false;
    bool isText = false;             // elements may need quotes
    std::vector<std::string> parts;  // without quotes; a scalar has one part or none (then the key is emptied)
};

// Names the keys that may stand in a section, in order; new keys go after their predecessors.
using KeyOrder = std::function<std::vector<std::string>(const std::string& section)>;

// The changed text. Throws Error{BadInput} if the place cannot be edited. The result is a best effort: read it back.
std::string withValue(std::string_view text, const YamlItem& root, const std::vector<PathStep>& steps,
                      const NewValue& value, const KeyOrder& order);
std::string withoutValue(std::string_view text, const YamlItem& root, const std::vector<PathStep>& steps);

}  // namespace qat
