// Values that people and programs put into text: JSON, or the way Python prints its dictionaries.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qat {

// JSON text of the same value, in the order of the text, with keys as text; nothing if it is neither JSON nor a Python
// literal, is not UTF-8, is longer than 1 MB or nested more than 30 deep. {0: 'cat', 1: None} is {"0":"cat","1":null}.
std::optional<std::string> literalJson(std::string_view text);

}  // namespace qat
