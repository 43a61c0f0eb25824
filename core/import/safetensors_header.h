// The JSON header of a safetensors file: names, types, shapes and places of tensors, and free text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "graph/types.h"
#include "import/element.h"

namespace qat {

template <class... Pieces>
void checkSafetensors(bool condition, const Pieces&... pieces) {
    require(condition, ErrorKind::BadInput, pieces...);
}

struct SafetensorsEntry {
    std::string name;
    StoredType type = StoredType::Float32;
    Shape shape;
    uint64_t begin = 0, end = 0;  // in bytes from the start of the data
};

struct SafetensorsHeader {
    std::vector<SafetensorsEntry> entries;  // in the order of the text
    std::map<std::string, std::string> metadata;
};

// Throws Error{BadInput} naming the tensor or the place in the text: wrong JSON, unknown or repeated or missing keys,
// unknown element types. Places are not checked against each other.
SafetensorsHeader parseSafetensorsHeader(std::string_view json);

// The text in the order of the entries, padded with spaces to a multiple of 8 bytes. Names must be UTF-8 and differ.
std::string formatSafetensorsHeader(const SafetensorsHeader& header);

}  // namespace qat
