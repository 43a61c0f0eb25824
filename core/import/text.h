// Text from foreign files: making it fit for a message, and checking that it is UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace qat {

// The text in quotes, cut to 100 bytes, with everything but printable ASCII shown as '?'.
std::string inQuotes(std::string_view text);

// Well-formed UTF-8: no overlong forms, surrogates or values above U+10FFFF.
bool isUtf8(std::string_view text);

}  // namespace qat
