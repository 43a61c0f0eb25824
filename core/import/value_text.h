// Pickled values as text: single ones, and whole dictionaries as JSON.
#pragma once

#include <optional>
#include <string>

#include "import/pickle.h"

namespace qat {

// A single value as text; nothing for containers, None, and text that is not UTF-8.
std::optional<std::string> scalarText(const PickleValue& value);

// The value as JSON in the order of the file: None as null, tuples and sets as arrays, keys as text, numbers that are
// not finite as "inf", "-inf" or "nan", objects of any class as "<class>". Throws Error{BadInput} if it is nested more
// than 30 deep, as a dictionary that contains itself, or takes more than 1 MB, or if a key is not a single value.
std::string valueJson(const PickleValue& value);

}  // namespace qat
