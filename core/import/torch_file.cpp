// Opens both containers; each yields one pickle and a source of storages.
#include "import/torch_file.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/error.h"
#include "base/text.h"
#include "import/byte_reader.h"
#include "import/description.h"
#include "import/literal_json.h"
#include "import/pickled_tensor.h"
#include "import/torch_model.h"
#include "import/zip_reader.h"

namespace qat {
namespace {

constexpr std::string_view kPickleSuffix = "/data.pkl";
// PROTO 2, LONG1 of ten bytes: 0x1950a86a20f9469cfc6c.
constexpr std::array<uint8_t, 14> kLegacyMagic{0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c,
                                               0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
constexpr int64_t kLegacyProtocol = 1001;

class ZipStorages final : public StorageSource {
public:
    ZipStorages(const ZipReader& zip, std::string prefix) : m_zip(zip), m_prefix(std::move(prefix)) {}

    std::span<const std::byte> bytes(std::string_view key) override {
        const ZipEntry* entry = m_zip.find(str(m_prefix, "/data/", key));
        // TorchScript names storages that constants share by their folder.
        if (!entry && key.starts_with("constants/")) entry = m_zip.find(str(m_prefix, '/', key));
        require(entry != nullptr, ErrorKind::BadInput, "the archive has no storage ", inQuotes(key));
        if (m_verified.emplace(entry->name, true).second) verifyChecksum(*entry);
        return entry->bytes;
    }

private:
    const ZipReader& m_zip;
    std::string m_prefix;
    std::unordered_map<std::string_view, bool> m_verified;
};

const ZipEntry& findPickle(const ZipReader& zip) {
    const ZipEntry* found = nullptr;
    for (const ZipEntry& entry : zip.entries()) {
        if (!entry.name.ends_with(kPickleSuffix)) continue;
        require(!found, ErrorKind::BadInput, "the archive has more than one data.pkl");
        found = &entry;
    }
    require(found != nullptr, ErrorKind::BadInput, "the archive has no data.pkl: it was not written by PyTorch");
    return *found;
}

class LegacyStorages final : public StorageSource {
public:
    std::span<const std::byte> bytes(std::string_view key) override {
        const auto found = m_byKey.find(key);
        require(found != m_byKey.end(), ErrorKind::BadInput, "the file has no storage ", inQuotes(key));
        return found->second;
    }
    void add(std::string_view key, std::span<const std::byte> bytes) {
        require(m_byKey.emplace(key, bytes).second, ErrorKind::BadInput, "the storage ", inQuotes(key),
                " occurs twice");
    }

private:
    std::unordered_map<std::string_view, std::span<const std::byte>> m_byKey;
};

// Bytes of an element by storage key: the storages themselves state only how many elements they have.
std::unordered_map<std::string_view, size_t> elementWidths(const Pickle& object) {
    std::unordered_map<std::string_view, size_t> widths;
    for (const PickleValue& persistent : object.persistentIds) {
        const auto parts = persistent.node()->args.items();
        if (!parts.empty() && parts[0].asText() == "module") continue;  // a class with its source text
        const StorageId id = parseStorageId(persistent);
        widths.emplace(id.key, elementBytes(id.type));
    }
    return widths;
}

LegacyStorages readLegacyStorages(std::span<const std::byte> file, const Pickle& object, const Pickle& keys) {
    require(keys.root.is(PickleKind::List), ErrorKind::BadInput, "the list of storages is not a list");
    const auto widths = elementWidths(object);
    ByteReader reader(file, "storages", keys.end);
    LegacyStorages storages;
    for (const PickleValue& key : keys.root.items()) {
        const auto width = widths.find(key.asText().value_or(""));
        require(key.asText() && width != widths.end(), ErrorKind::BadInput, "the storage ",
                inQuotes(key.asText().value_or("")), " is of no known type");
        const auto count = reader.take<int64_t>();
        const bool fits = count >= 0 && static_cast<uint64_t>(count) <= reader.remaining() / width->second;
        require(fits, ErrorKind::BadInput, "storage ", inQuotes(*key.asText()), " of ", count,
                " elements reaches past the end of the file");
        storages.add(*key.asText(), reader.take(static_cast<size_t>(count) * width->second));
    }
    require(reader.remaining() == 0, ErrorKind::BadInput, reader.remaining(), " bytes follow the last storage");
    return storages;
}

// What exporters of TorchScript write beside the program, as JSON. Anything else is a file of somebody else's.
void readExport(const ZipEntry& entry, Checkpoint& checkpoint) {
    constexpr size_t kLongest = 10000;
    verifyChecksum(entry);
    const std::string_view text(reinterpret_cast<const char*>(entry.bytes.data()), entry.bytes.size());
    const auto json = literalJson(text);
    const auto described = nlohmann::ordered_json::parse(json.value_or(""), nullptr, false);
    if (!described.is_object()) return;
    std::map<std::string, std::string> texts;
    for (const auto& [key, value] : described.items())
        texts[key] = value.is_string() ? value.get<std::string>() : jsonText(value);
    takeDescription(checkpoint, texts);
    for (const auto& [key, value] : texts)
        if (key.size() + value.size() <= kLongest) checkpoint.metadata.emplace(key, value);
}

}  // namespace

bool isLegacyTorchFile(std::span<const std::byte> file) {
    return file.size() >= kLegacyMagic.size() &&
           std::equal(kLegacyMagic.begin(), kLegacyMagic.end(), file.begin(),
                      [](uint8_t expected, std::byte found) { return expected == static_cast<uint8_t>(found); });
}

Checkpoint readTorchZip(std::span<const std::byte> file, const BytesDone& done) {
    const ZipReader zip(file);
    const ZipEntry& entry = findPickle(zip);
    const std::string prefix(entry.name.substr(0, entry.name.size() - kPickleSuffix.size()));
    const ZipEntry* order = zip.find(prefix + "/byteorder");
    const std::string_view expected = "little";
    require(!order || std::equal(expected.begin(), expected.end(), order->bytes.begin(), order->bytes.end(),
                                 [](char a, std::byte b) { return a == static_cast<char>(b); }),
            ErrorKind::BadInput, "its numbers are not little-endian");
    verifyChecksum(entry);
    const Pickle pickle = unpickle(entry.bytes);
    ZipStorages storages(zip, prefix);
    Checkpoint checkpoint = buildCheckpoint(pickle.root, storages, file.size(), done);
    if (const ZipEntry* described = zip.find(prefix + "/extra/config.txt")) readExport(*described, checkpoint);
    return checkpoint;
}

Checkpoint readLegacyTorchFile(std::span<const std::byte> file, const BytesDone& done) {
    const Pickle magic = unpickle(file);
    const Pickle protocol = unpickle(file, magic.end);
    require(protocol.root.asInt() == kLegacyProtocol, ErrorKind::BadInput, "its protocol is not ", kLegacyProtocol);
    const Pickle system = unpickle(file, protocol.end);
    const PickleValue* littleEndian = system.root.find("little_endian");
    require(littleEndian && littleEndian->asBool() == true, ErrorKind::BadInput, "its numbers are not little-endian");
    const Pickle object = unpickle(file, system.end);
    const Pickle keys = unpickle(file, object.end);
    LegacyStorages storages = readLegacyStorages(file, object, keys);
    return buildCheckpoint(object.root, storages, file.size(), done);
}

}  // namespace qat
