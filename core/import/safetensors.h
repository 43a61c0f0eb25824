// The safetensors format: a JSON header and raw tensors, read and written.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "import/checkpoint.h"

namespace qat {

struct Safetensors {
    std::vector<NamedTensor> tensors;  // in the order of the header
    std::map<std::string, std::string> metadata;
};

enum class Elements {
    Keep,   // F32, F16, I64 and U8 as stored, bit by bit; the others as for Widen
    Widen,  // floating types to float32, the others to int64
};

// Throws Error{BadInput} without the file's name: headers that are cut off, above 100 MB or not as the format says, and
// tensors that overlap, leave gaps, or do not fill the file to its end.
Safetensors parseSafetensors(std::span<const std::byte> file, Elements elements, const BytesDone& done = keepBytes);

// The same with Elements::Keep from a file. Throws Error{Io} if it cannot be opened, Error{BadInput} "FILE: reason".
Safetensors readSafetensors(const std::filesystem::path& path);

// Writes float32, float16, int64 and uint8 tensors, on any device, with their own element type; storedType is not
// looked at. The file is replaced at once or not at all. Names must be UTF-8, unique and not `__metadata__`; metadata
// that is not UTF-8 gets replacement characters. Throws Error{Io}.
void writeSafetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                      const std::map<std::string, std::string>& metadata);

}  // namespace qat
