// The element types of checkpoint files, and their conversion to the two types we compute with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace qat {

enum class StoredType : uint8_t {
    Float32,
    Float16,
    BFloat16,
    Float64,
    Float8E4M3,
    Float8E5M2,
    Int64,
    Int32,
    Int16,
    Int8,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Bool
};

size_t elementBytes(StoredType type);
bool isFloating(StoredType type);
std::string_view typeName(StoredType type);         // as PyTorch prints it: float16, int64, bool
std::string_view safetensorsName(StoredType type);  // F16, I64, BOOL
std::optional<StoredType> typeFromName(std::string_view name);
std::optional<StoredType> typeFromSafetensors(std::string_view name);

// Little-endian elements at `from`, aligned or not, to float. Exact but for Float64, which rounds to nearest.
// Floating types only.
void convertToFloat(StoredType type, const std::byte* from, size_t count, float* to);

// The same for integers and booleans. Throws Error{BadInput} if a UInt64 does not fit.
void convertToInt64(StoredType type, const std::byte* from, size_t count, int64_t* to);

}  // namespace qat
