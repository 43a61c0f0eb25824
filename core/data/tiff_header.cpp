// A bounds-checked walk over the entries of one directory.
#include "data/tiff_header.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace qat {
namespace {

constexpr uint64_t kMostEntries = 4096;
constexpr uint64_t kMostPieces = uint64_t{1} << 20;  // strips or tiles that are looked at

// Tags of the directory.
enum : uint64_t {
    kWidth = 256,
    kHeight = 257,
    kOrientation = 274,
    kStripOffsets = 273,
    kStripBytes = 279,
    kSampleFormat = 339,
    kTileWidth = 322,
    kTileHeight = 323,
    kTileOffsets = 324,
    kTileBytes = 325
};

// Places are counted from the start of the block. Classic files have 4 bytes for an offset, big ones 8.
struct Layout {
    const PictureBytes& file;
    size_t start;
    bool bigEndian, wide;

    uint64_t number(uint64_t at, int count) const { return file.number(start + at, count, bigEndian); }
    int offsetBytes() const { return wide ? 8 : 4; }
};

struct Entry {
    uint64_t tag = 0, type = 0, count = 0;
    uint64_t values = 0;  // where they are
};

int bytesOf(uint64_t type) {
    switch (type) {
        case 1:
            return 1;  // BYTE
        case 3:
            return 2;  // SHORT
        case 4:
            return 4;  // LONG
        case 16:
            return 8;  // LONG8
        default:
            return 0;  // no whole number without a sign
    }
}

std::optional<Layout> layoutAt(const PictureBytes& file, size_t start) {
    const bool bigEndian = file.textAt(start, "MM");
    if (!bigEndian && !file.textAt(start, "II")) return std::nullopt;
    const uint64_t version = file.number(start + 2, 2, bigEndian);
    if (version != 42 && version != 43) return std::nullopt;
    return Layout{file, start, bigEndian, version == 43};
}

// False if the directory or a value of it lies beyond the end of the file.
bool forEachEntry(const Layout& in, const std::function<void(const Entry&)>& see) {
    const uint64_t end = in.file.size() - std::min(in.start, in.file.size());
    const uint64_t directory = in.number(in.wide ? 8 : 4, in.offsetBytes());
    if (directory > end) return false;
    const int countBytes = in.wide ? 8 : 2;
    const uint64_t entries = std::min(in.number(directory, countBytes), kMostEntries), size = in.wide ? 20 : 12;
    bool there = directory + static_cast<uint64_t>(countBytes) + entries * size <= end;
    for (uint64_t i = 0; i < entries; ++i) {
        const uint64_t at = directory + static_cast<uint64_t>(countBytes) + i * size;
        Entry entry{in.number(at, 2), in.number(at + 2, 2), in.number(at + 4, in.offsetBytes()),
                    at + (in.wide ? 12 : 8)};
        const auto each = static_cast<uint64_t>(bytesOf(entry.type));
        const auto inside = static_cast<uint64_t>(in.offsetBytes());
        if (each == 0) continue;
        if (entry.count > inside / each) entry.values = in.number(entry.values, in.offsetBytes());
        there = there && entry.values <= end && entry.count <= (end - entry.values) / each;
        see(entry);
    }
    return there;
}

uint64_t valueOf(const Layout& in, const Entry& entry, uint64_t index = 0) {
    const int each = bytesOf(entry.type);
    if (index >= entry.count || entry.values > in.file.size()) return 0;
    return in.number(entry.values + index * static_cast<uint64_t>(each), each);
}

// Whether every strip or tile lies within the file.
bool piecesAreThere(const Layout& in, const Entry& offsets, const Entry& bytes) {
    const uint64_t size = in.file.size();
    for (uint64_t i = 0; i < std::min({offsets.count, bytes.count, kMostPieces}); ++i) {
        const uint64_t at = valueOf(in, offsets, i), length = valueOf(in, bytes, i);
        if (at > size || length > size - at) return false;
    }
    return true;
}

int64_t cut(uint64_t value) {
    return static_cast<int64_t>(std::min<uint64_t>(value, UINT32_MAX));
}

}  // namespace

std::optional<ImageHeader> readTiffHeader(const PictureBytes& file) {
    const auto in = layoutAt(file, 0);
    if (!in) return std::nullopt;
    ImageHeader header;
    header.format = ImageFormat::Tiff;
    Entry offsets, bytes;
    int64_t tileWidth = 0, tileHeight = 0;
    uint64_t orientation = 1;
    const bool there = forEachEntry(*in, [&](const Entry& entry) {
        // Of a size that is stated twice the larger counts, whichever the decoder takes.
        const auto grow = [&](int64_t& size) { size = std::max(size, cut(valueOf(*in, entry))); };
        switch (entry.tag) {
            case kWidth:
                grow(header.width);
                break;
            case kHeight:
                grow(header.height);
                break;
            case kOrientation:
                orientation = valueOf(*in, entry);
                break;
            case kSampleFormat:
                header.floating = valueOf(*in, entry) == 3;
                break;
            case kTileWidth:
                grow(tileWidth);
                break;
            case kTileHeight:
                grow(tileHeight);
                break;
            case kStripOffsets:
            case kTileOffsets:
                offsets = entry;
                break;
            case kStripBytes:
            case kTileBytes:
                bytes = entry;
                break;
            default:
                break;
        }
    });
    header.complete = there && piecesAreThere(*in, offsets, bytes);
    header.room = tileWidth > 0 && tileHeight > INT64_MAX / tileWidth ? INT64_MAX : tileWidth * tileHeight;
    if (isTransposed(orientation)) std::swap(header.width, header.height);
    return header;
}

uint64_t tiffOrientation(const PictureBytes& file, size_t start) {
    uint64_t orientation = 1;
    if (const auto in = layoutAt(file, start))
        forEachEntry(*in, [&](const Entry& entry) {
            if (entry.tag == kOrientation) orientation = valueOf(*in, entry);
        });
    return orientation;
}

}  // namespace qat
