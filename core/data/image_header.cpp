// Bounds-checked walks over JPEG segments, PNG chunks and the fixed headers of BMP and WebP.
#include "data/image_header.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace qat {
namespace {

// Numbers out of a block of bytes; outside the block everything is zero, so that walks end by themselves.
class Reader {
public:
    Reader(std::span<const std::byte> bytes, bool bigEndian) : m_bytes(bytes), m_bigEndian(bigEndian) {}
    uint32_t number(size_t offset, int count) const {
        uint32_t value = 0;
        for (int i = 0; i < count; ++i) {
            const auto byte = byteAt(offset + static_cast<size_t>(i));
            value |= byte << 8 * (m_bigEndian ? count - 1 - i : i);
        }
        return value;
    }
    uint32_t byteAt(size_t offset) const {
        return offset < m_bytes.size() ? std::to_integer<uint32_t>(m_bytes[offset]) : 0;
    }
    bool textAt(size_t offset, std::string_view text) const {
        return offset <= m_bytes.size() && asText().substr(offset).starts_with(text);
    }
    std::string_view asText() const { return {reinterpret_cast<const char*>(m_bytes.data()), m_bytes.size()}; }
    std::span<const std::byte> from(size_t offset) const { return m_bytes.subspan(std::min(offset, m_bytes.size())); }
    size_t size() const { return m_bytes.size(); }

private:
    std::span<const std::byte> m_bytes;
    bool m_bigEndian;
};

// Orientation 5 to 8 of a TIFF block as EXIF keeps it: width and height change places.
bool isTransposed(std::span<const std::byte> tiff) {
    const bool bigEndian = Reader(tiff, true).textAt(0, "MM");
    const Reader reader(tiff, bigEndian);
    if (!bigEndian && !reader.textAt(0, "II")) return false;
    const size_t directory = reader.number(4, 4);
    const size_t count = reader.number(directory, 2);
    for (size_t i = 0; i < count; ++i) {
        const size_t entry = directory + 2 + 12 * i;
        if (reader.number(entry, 2) != 0x0112) continue;
        const uint32_t orientation = reader.number(entry + 8, 2);
        return orientation >= 5 && orientation <= 8;
    }
    return false;
}

ImageHeader upright(uint32_t width, uint32_t height, bool transposed, bool complete) {
    const auto w = static_cast<int>(width), h = static_cast<int>(height);
    return transposed ? ImageHeader{h, w, complete} : ImageHeader{w, h, complete};
}

bool isFrameStart(uint32_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

std::optional<ImageHeader> readJpeg(const Reader& reader) {
    bool transposed = false, tagged = false;
    for (size_t at = 2; at + 4 <= reader.size();) {
        if (reader.byteAt(at) != 0xFF) return std::nullopt;
        const uint32_t marker = reader.byteAt(at + 1);
        if (marker == 0xFF) {  // fill byte
            ++at;
            continue;
        }
        const size_t length = reader.number(at + 2, 2);
        if (marker == 0xE1 && !tagged && reader.textAt(at + 4, std::string_view("Exif\0\0", 6))) {
            transposed = isTransposed(reader.from(at + 10));
            tagged = true;
        }
        if (isFrameStart(marker)) {
            // Inside coded data every 0xFF is escaped, so the pair can only be the end-of-image marker.
            const bool complete = reader.asText().find("\xFF\xD9", at) != std::string_view::npos;
            return upright(reader.number(at + 7, 2), reader.number(at + 5, 2), transposed, complete);
        }
        if (length < 2 || marker == 0xDA || marker == 0xD9) return std::nullopt;
        at += 2 + length;
    }
    return std::nullopt;
}

std::optional<ImageHeader> readPng(const Reader& reader) {
    bool transposed = false, complete = false;
    for (size_t at = 8; at + 12 <= reader.size() && !complete;) {
        if (reader.textAt(at + 4, "eXIf")) transposed = isTransposed(reader.from(at + 8));
        complete = reader.textAt(at + 4, "IEND");
        at += 12 + size_t{reader.number(at, 4)};
    }
    return upright(reader.number(16, 4), reader.number(20, 4), transposed, complete);
}

std::optional<ImageHeader> readBmp(const Reader& reader) {
    if (reader.number(14, 4) == 12) return upright(reader.number(18, 2), reader.number(20, 2), false, true);
    // Rows from top to bottom are marked by a negative height.
    const auto height = static_cast<int32_t>(reader.number(22, 4));
    return upright(reader.number(18, 4), static_cast<uint32_t>(std::llabs(height)), false, true);
}

std::optional<ImageHeader> readWebp(const Reader& reader) {
    const bool complete = reader.size() >= size_t{reader.number(4, 4)} + 8;
    if (reader.textAt(12, "VP8X")) return upright(reader.number(24, 3) + 1, reader.number(27, 3) + 1, false, complete);
    if (reader.textAt(12, "VP8 "))
        return upright(reader.number(26, 2) & 0x3FFF, reader.number(28, 2) & 0x3FFF, false, complete);
    if (!reader.textAt(12, "VP8L")) return std::nullopt;
    const uint32_t packed = reader.number(21, 4);
    return upright((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, false, complete);
}

}  // namespace

std::optional<ImageHeader> readImageHeader(std::span<const std::byte> file) {
    const Reader big(file, true), little(file, false);
    if (big.textAt(0, "\xFF\xD8\xFF")) return readJpeg(big);
    if (big.textAt(0, "\x89PNG\r\n\x1A\n")) return readPng(big);
    if (big.textAt(0, "BM")) return readBmp(little);
    if (big.textAt(0, "RIFF") && big.textAt(8, "WEBP")) return readWebp(little);
    return std::nullopt;
}

}  // namespace qat
