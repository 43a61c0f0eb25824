// Places tensors in safetensors files and takes them out again.
#include "import/safetensors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "import/byte_reader.h"
#include "import/read_mapped.h"
#include "import/safetensors_header.h"
#include "import/tensor_source.h"

namespace qat {
namespace {

constexpr uint64_t kLargestHeader = 100'000'000;

void checkSize(const SafetensorsEntry& entry, size_t dataBytes) {
    checkSafetensors(entry.begin <= entry.end && entry.end <= dataBytes, "tensor ", inQuotes(entry.name), " from byte ",
                     entry.begin, " to ", entry.end, " lies outside the data of ", dataBytes, " bytes");
    const uint64_t width = elementBytes(entry.type), bytes = entry.end - entry.begin;
    try {
        const int64_t count = checkedElementCount(entry.shape, static_cast<int64_t>(std::max<size_t>(dataBytes, 1)));
        checkSafetensors(static_cast<uint64_t>(count) * width == bytes, "its ", count, " elements do not take ", bytes,
                         " bytes");
    } catch (const Error& error) {
        throw Error(error.kind(), str("tensor ", inQuotes(entry.name), ": ", error.what()));
    }
}

// Every byte of the data belongs to exactly one tensor.
void checkPlaces(const std::vector<SafetensorsEntry>& entries, size_t dataBytes) {
    std::vector<const SafetensorsEntry*> sorted;
    for (const SafetensorsEntry& entry : entries) sorted.push_back(&entry);
    std::ranges::sort(sorted, {}, [](const SafetensorsEntry* entry) { return std::pair(entry->begin, entry->end); });
    uint64_t at = 0;
    for (const SafetensorsEntry* entry : sorted) {
        checkSize(*entry, dataBytes);
        checkSafetensors(entry->begin >= at, "tensor ", inQuotes(entry->name), " overlaps another one at byte ",
                         entry->begin);
        checkSafetensors(entry->begin == at, entry->begin - at, " bytes of no tensor lie before ",
                         inQuotes(entry->name));
        at = entry->end;
    }
    checkSafetensors(at == dataBytes, dataBytes - at, " bytes follow the last tensor");
}

std::optional<at::ScalarType> keptType(StoredType type) {
    switch (type) {
        case StoredType::Float32:
            return at::kFloat;
        case StoredType::Float16:
            return at::kHalf;
        case StoredType::Int64:
            return at::kLong;
        case StoredType::UInt8:
            return at::kByte;
        default:
            return std::nullopt;
    }
}

TensorPtr copyTensor(const SafetensorsEntry& entry, std::span<const std::byte> bytes, at::ScalarType type) {
    at::Tensor tensor = at::empty(entry.shape, type);
    if (!bytes.empty()) std::memcpy(tensor.data_ptr(), bytes.data(), bytes.size());
    return std::make_shared<at::Tensor>(std::move(tensor));
}

TensorPtr loadTensor(const SafetensorsEntry& entry, std::span<const std::byte> data, Elements elements) {
    const auto bytes = data.subspan(entry.begin, entry.end - entry.begin);
    const auto kept = elements == Elements::Keep ? keptType(entry.type) : std::nullopt;
    if (kept) return copyTensor(entry, bytes, *kept);
    const auto most = static_cast<int64_t>(std::max<size_t>(data.size(), 1));
    return readTensor({entry.type, bytes, 0, entry.shape, contiguousStrides(entry.shape)}, most);
}

StoredType typeToStore(const at::Tensor& tensor) {
    for (const StoredType type : {StoredType::Float32, StoredType::Float16, StoredType::Int64, StoredType::UInt8})
        if (keptType(type) == tensor.scalar_type()) return type;
    fail(ErrorKind::Internal, "safetensors for tensors of ", at::toString(tensor.scalar_type()));
}

// Wide elements first, so that every tensor is aligned in the file without gaps.
std::vector<size_t> layoutOrder(const std::vector<SafetensorsEntry>& entries) {
    std::vector<size_t> order(entries.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::ranges::stable_sort(order, std::greater<>(), [&](size_t i) { return elementBytes(entries[i].type); });
    return order;
}

}  // namespace

Safetensors parseSafetensors(std::span<const std::byte> file, Elements elements, const BytesDone& done) {
    ByteReader reader(file, "safetensors");
    const auto headerBytes = reader.take<uint64_t>();
    checkSafetensors(headerBytes <= kLargestHeader, "its header of ", headerBytes, " bytes is above the limit of ",
                     kLargestHeader);
    const std::string_view text = reader.takeText(headerBytes);
    checkSafetensors(text.starts_with('{'), "its header does not start with a brace");
    SafetensorsHeader header = parseSafetensorsHeader(text);
    const auto data = reader.take(reader.remaining());
    checkPlaces(header.entries, data.size());
    Safetensors result;
    result.metadata = std::move(header.metadata);
    result.tensors.reserve(header.entries.size());
    for (SafetensorsEntry& entry : header.entries) {
        TensorPtr tensor = loadTensor(entry, data, elements);
        done(data.subspan(entry.begin, entry.end - entry.begin));
        result.tensors.push_back({std::move(entry.name), std::move(tensor), std::string(typeName(entry.type))});
    }
    return result;
}

Safetensors readSafetensors(const std::filesystem::path& path) {
    return readMapped(path, [](std::span<const std::byte> file) { return parseSafetensors(file, Elements::Keep); });
}

void writeSafetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
    SafetensorsHeader header{{}, metadata};
    for (const NamedTensor& named : tensors)
        header.entries.push_back({named.name, typeToStore(*named.tensor), named.tensor->sizes().vec(), 0, 0});
    const auto order = layoutOrder(header.entries);
    uint64_t dataBytes = 0;
    for (const size_t i : order) {
        header.entries[i].begin = dataBytes;
        dataBytes += tensors[i].tensor->nbytes();
        header.entries[i].end = dataBytes;
    }
    const std::string text = formatSafetensorsHeader(header);
    const uint64_t headerBytes = text.size();
    std::string bytes;
    bytes.reserve(sizeof(headerBytes) + text.size() + dataBytes);
    bytes.append(reinterpret_cast<const char*>(&headerBytes), sizeof(headerBytes)).append(text);
    for (const size_t i : order) {
        const at::Tensor tensor = tensors[i].tensor->detach().cpu().contiguous();
        bytes.append(static_cast<const char*>(tensor.data_ptr()), tensor.nbytes());
    }
    writeFileAtomic(path, bytes);
}

}  // namespace qat
