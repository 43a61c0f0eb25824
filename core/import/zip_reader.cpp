// Reads the central directory: the local headers of PyTorch's files carry neither sizes nor checksums.
#include "import/zip_reader.h"

#include "base/error.h"
#include "base/text.h"
#include "import/byte_reader.h"
#include "import/crc32.h"

namespace qat {
namespace {

constexpr std::string_view kSubject = "zip";
constexpr uint32_t kEndSignature = 0x06054b50, kCentralSignature = 0x02014b50, kLocalSignature = 0x04034b50;
constexpr size_t kEndBytes = 22, kLocalBytes = 30, kLongestComment = 0xffff;
constexpr uint16_t kEncrypted = 1;

template <class... Pieces>
void requireZip(bool condition, const Pieces&... pieces) {
    require(condition, ErrorKind::BadInput, pieces...);
}

// The end record is the last thing in the file but for a comment whose length it states.
size_t findEndRecord(std::span<const std::byte> file) {
    requireZip(file.size() >= kEndBytes, "the zip archive ends after ", file.size(), " bytes");
    const size_t last = file.size() - kEndBytes, first = last > kLongestComment ? last - kLongestComment : 0;
    for (size_t at = last + 1; at-- > first;) {
        ByteReader reader(file, kSubject, at);
        if (reader.take<uint32_t>() != kEndSignature) continue;
        reader.take(kEndBytes - 6);
        if (reader.take<uint16_t>() == reader.remaining()) return at;
    }
    fail(ErrorKind::BadInput, "the zip archive has no end record: the file is cut short or damaged");
}

struct Directory {
    size_t offset = 0, bytes = 0, entries = 0;
};

Directory readEndRecord(std::span<const std::byte> file) {
    const size_t at = findEndRecord(file);
    ByteReader reader(file, kSubject, at + 4);
    const auto disk = reader.take<uint16_t>(), directoryDisk = reader.take<uint16_t>();
    const auto entriesHere = reader.take<uint16_t>(), entries = reader.take<uint16_t>();
    const auto bytes = reader.take<uint32_t>(), offset = reader.take<uint32_t>();
    requireZip(entries != 0xffff && bytes != 0xffffffff && offset != 0xffffffff,
               "zip64 archives, as written above 4 GiB, are not supported");
    requireZip(disk == 0 && directoryDisk == 0 && entriesHere == entries,
               "the zip archive is split over several files");
    requireZip(offset <= at && bytes <= at - offset, "the zip directory at offset ", offset, " lies outside the file");
    return {offset, bytes, entries};
}

struct CentralRecord {
    std::string_view name;
    uint16_t flags = 0, method = 0;
    uint32_t crc = 0, packedBytes = 0, bytes = 0, localOffset = 0;
};

CentralRecord readCentralRecord(ByteReader& reader) {
    const size_t at = reader.offset();
    requireZip(reader.take<uint32_t>() == kCentralSignature, "zip offset ", at,
               ": no directory entry where one should be");
    CentralRecord record;
    reader.take(4);  // versions
    record.flags = reader.take<uint16_t>();
    record.method = reader.take<uint16_t>();
    reader.take(4);  // time and date
    record.crc = reader.take<uint32_t>();
    record.packedBytes = reader.take<uint32_t>();
    record.bytes = reader.take<uint32_t>();
    const auto nameBytes = reader.take<uint16_t>(), extraBytes = reader.take<uint16_t>();
    const auto commentBytes = reader.take<uint16_t>();
    reader.take(8);  // disk and attributes
    record.localOffset = reader.take<uint32_t>();
    record.name = reader.takeText(nameBytes);
    reader.take(size_t{extraBytes} + commentBytes);
    return record;
}

// TorchScript packs what a program is, which is not read here: NAME/code/...
bool isProgramText(std::string_view name) {
    const size_t folder = name.find('/');
    return folder != std::string_view::npos && name.substr(folder).starts_with("/code/");
}

// The bytes of an entry: its local header says only how far after it they start.
std::span<const std::byte> locate(std::span<const std::byte> beforeDirectory, const CentralRecord& record) {
    requireZip(record.localOffset <= beforeDirectory.size(), "zip entry ", inQuotes(record.name),
               " lies outside the file");
    ByteReader reader(beforeDirectory, kSubject, record.localOffset);
    requireZip(reader.take<uint32_t>() == kLocalSignature, "zip offset ", record.localOffset, ": no header of entry ",
               inQuotes(record.name));
    reader.take(kLocalBytes - 8);
    const auto nameBytes = reader.take<uint16_t>(), extraBytes = reader.take<uint16_t>();
    requireZip(reader.takeText(nameBytes) == record.name, "zip entry ", inQuotes(record.name),
               " has another name in its own header");
    reader.take(extraBytes);
    requireZip(record.bytes <= reader.remaining(), "zip entry ", inQuotes(record.name), " of ", record.bytes,
               " bytes reaches past its end");
    return reader.take(record.bytes);
}

}  // namespace

ZipReader::ZipReader(std::span<const std::byte> file) {
    const Directory directory = readEndRecord(file);
    ByteReader reader(file.first(directory.offset + directory.bytes), kSubject, directory.offset);
    m_entries.reserve(directory.entries);
    m_byName.reserve(directory.entries);
    for (size_t i = 0; i < directory.entries; ++i) {
        const CentralRecord record = readCentralRecord(reader);
        requireZip((record.flags & kEncrypted) == 0, "zip entry ", inQuotes(record.name), " is encrypted");
        if (record.method != 0 && isProgramText(record.name)) continue;
        requireZip(record.method == 0 && record.packedBytes == record.bytes, "zip entry ", inQuotes(record.name),
                   " is compressed, which PyTorch never does");
        const bool fresh = m_byName.emplace(record.name, m_entries.size()).second;
        requireZip(fresh, "zip entry ", inQuotes(record.name), " occurs twice");
        m_entries.push_back({record.name, locate(file.first(directory.offset), record), record.crc});
    }
}

const ZipEntry* ZipReader::find(std::string_view name) const {
    const auto found = m_byName.find(name);
    return found == m_byName.end() ? nullptr : &m_entries[found->second];
}

void verifyChecksum(const ZipEntry& entry) {
    // PyTorch can be told to leave checksums out; a true one of 0 merely goes unchecked.
    requireZip(entry.crc == 0 || crc32(entry.bytes) == entry.crc, "zip entry ", inQuotes(entry.name),
               " is damaged: its checksum does not fit");
}

}  // namespace qat
