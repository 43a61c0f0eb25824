// What reader and editor do with a configuration text that is parsed already.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config_io.h"
#include "config/edit_text.h"
#include "config/yaml_tree.h"

namespace qat {

ConfigReading readParsed(std::string_view text, const YamlDocument& document);

// A changed text, and the tree it was checked with.
struct EditedText {
    std::string text;
    YamlDocument document;
};
EditedText withValueSet(std::string_view text, const YamlDocument& before, std::string_view path,
                        std::string_view value);

// The steps of a path that names a field; throws Error{BadInput} if it names none.
std::vector<PathStep> fieldSteps(std::string_view path);

}  // namespace qat
