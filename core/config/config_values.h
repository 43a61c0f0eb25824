// The values of all keys of a text at once, as a form shows them.
#pragma once

#include <string_view>
#include <vector>

#include "config/config_io.h"

namespace qat {

// What configValueAt() says of every key of configFields(), in that order; the text is parsed once. Never throws on bad
// text: every key then has its default and line 0.
std::vector<ConfigValueAt> configValuesAt(std::string_view text);

}  // namespace qat
