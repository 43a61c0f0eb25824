// Bounds-checked walks over JPEG segments, PNG chunks and the fixed headers of BMP, WebP and PFM.
#include "data/image_header.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "data/tiff_header.h"

namespace qat {
namespace {

constexpr size_t kMostJunk = 64 << 10;  // bytes of a JPEG file that belong to nothing, before the picture or after it

// Numbers in one byte order.
class Reader {
public:
    Reader(const PictureBytes& bytes, bool bigEndian) : m_bytes(bytes), m_bigEndian(bigEndian) {}
    uint32_t number(size_t offset, int count) const {
        return static_cast<uint32_t>(m_bytes.number(offset, count, m_bigEndian));
    }
    uint32_t byteAt(size_t offset) const { return m_bytes.byteAt(offset); }
    bool textAt(size_t offset, std::string_view text) const { return m_bytes.textAt(offset, text); }
    const PictureBytes& bytes() const { return m_bytes; }
    size_t size() const { return m_bytes.size(); }

private:
    const PictureBytes& m_bytes;
    bool m_bigEndian;
};

ImageHeader upright(ImageFormat format, int64_t width, int64_t height, uint64_t orientation, bool complete) {
    const bool known = orientation >= 1 && orientation <= 8;
    if (isTransposed(orientation)) std::swap(width, height);
    return {.format = format,
            .width = width,
            .height = height,
            .complete = complete,
            .orientation = known ? static_cast<int>(orientation) : 1};
}

bool isFrameStart(uint32_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// Restarts, temporary markers, starts and escapes stand alone, without a length.
bool standsAlone(uint32_t marker) {
    return marker <= 0x01 || (marker >= 0xD0 && marker <= 0xD8);
}

// Inside coded data every 0xFF is escaped, so the pair can only be the end-of-image marker. Little is ever after it.
bool hasJpegEnd(const Reader& reader, size_t frame) {
    const size_t first = std::max(frame + 1, reader.size() - std::min(reader.size(), kMostJunk));
    for (size_t at = reader.size(); at-- > first;)
        if (reader.byteAt(at) == 0xD9 && reader.byteAt(at - 1) == 0xFF) return true;
    return false;
}

// Like the decoder, skips what stands between segments.
std::optional<ImageHeader> readJpeg(const Reader& reader) {
    uint64_t orientation = 1;
    bool tagged = false;
    size_t junk = 0;
    for (size_t at = 2; at + 4 <= reader.size();) {
        const uint32_t marker = reader.byteAt(at + 1);
        if (reader.byteAt(at) != 0xFF || marker == 0xFF) {
            if (++junk > kMostJunk) return std::nullopt;
            ++at;
            continue;
        }
        if (standsAlone(marker)) {
            at += 2;
            continue;
        }
        const size_t length = reader.number(at + 2, 2);
        if (marker == 0xE1 && !tagged && reader.textAt(at + 4, std::string_view("Exif\0\0", 6))) {
            orientation = tiffOrientation(reader.bytes(), at + 10);
            tagged = true;
        }
        if (isFrameStart(marker))
            return upright(ImageFormat::Jpeg, reader.number(at + 7, 2), reader.number(at + 5, 2), orientation,
                           hasJpegEnd(reader, at));
        if (length < 2 || marker == 0xDA || marker == 0xD9) return std::nullopt;
        at += 2 + length;
    }
    return std::nullopt;
}

std::optional<ImageHeader> readPng(const Reader& reader) {
    uint64_t orientation = 1;
    bool complete = false;
    for (size_t at = 8; at + 12 <= reader.size() && !complete;) {
        if (reader.textAt(at + 4, "eXIf")) orientation = tiffOrientation(reader.bytes(), at + 8);
        complete = reader.textAt(at + 4, "IEND");
        at += 12 + size_t{reader.number(at, 4)};
    }
    return upright(ImageFormat::Png, reader.number(16, 4), reader.number(20, 4), orientation, complete);
}

std::optional<ImageHeader> readBmp(const Reader& reader) {
    const bool core = reader.number(14, 4) == 12;
    const int64_t width = core ? reader.number(18, 2) : reader.number(18, 4);
    // Rows from top to bottom are marked by a negative height.
    const int64_t height = core ? reader.number(20, 2) : std::llabs(static_cast<int32_t>(reader.number(22, 4)));
    const uint32_t bits = reader.number(core ? 24 : 28, 2), compression = core ? 0 : reader.number(30, 4);
    const bool plain = compression == 0 || compression == 3;  // run lengths say nothing about the size
    const int64_t most = int64_t{1} << 31;
    if (width > most || bits > 32) return std::nullopt;
    const int64_t rowBytes = (width * bits + 31) / 32 * 4;
    const bool complete =
        !plain || height == 0 ||
        rowBytes <= (static_cast<int64_t>(reader.size()) - static_cast<int64_t>(reader.number(10, 4))) / height;
    return ImageHeader{.format = ImageFormat::Bmp, .width = width, .height = height, .complete = complete};
}

std::optional<ImageHeader> readWebp(const Reader& reader) {
    const bool complete = reader.size() >= size_t{reader.number(4, 4)} + 8;
    const auto made = [&](uint32_t width, uint32_t height) {
        return ImageHeader{.format = ImageFormat::Webp, .width = width, .height = height, .complete = complete};
    };
    if (reader.textAt(12, "VP8X")) return made(reader.number(24, 3) + 1, reader.number(27, 3) + 1);
    if (reader.textAt(12, "VP8 ")) return made(reader.number(26, 2) & 0x3FFF, reader.number(28, 2) & 0x3FFF);
    if (!reader.textAt(12, "VP8L")) return std::nullopt;
    const uint32_t packed = reader.number(21, 4);
    return made((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1);
}

// The next word of a PFM header, at most 20 characters; moves `at` to the character after it.
std::string pfmWord(const Reader& reader, size_t& at) {
    const auto isBlank = [&] {
        return reader.byteAt(at) == ' ' || (reader.byteAt(at) >= '\t' && reader.byteAt(at) <= '\r');
    };
    while (isBlank()) ++at;
    std::string word;
    for (; word.size() < 20 && reader.byteAt(at) > ' '; ++at) word += static_cast<char>(reader.byteAt(at));
    return word;
}

std::optional<ImageHeader> readPfm(const Reader& reader) {
    size_t at = 2;
    const auto side = [&] { return std::strtoll(pfmWord(reader, at).c_str(), nullptr, 10); };
    const int64_t width = side(), height = side(), channels = reader.textAt(0, "PF") ? 3 : 1;
    if (width < 0 || height < 0 || width > INT32_MAX || height > INT32_MAX || pfmWord(reader, at).empty())
        return std::nullopt;
    const int64_t rest = static_cast<int64_t>(reader.size()) - static_cast<int64_t>(at) - 1;
    const bool complete = width == 0 || height <= rest / (width * channels * 4);
    return ImageHeader{
        .format = ImageFormat::Pfm, .width = width, .height = height, .complete = complete, .floating = true};
}

struct Signature {
    size_t offset;
    std::string_view bytes;
    const char* what;
};

using namespace std::string_view_literals;

constexpr std::array kForeign{
    Signature{0, "GIF8"sv, "a GIF picture"},
    Signature{0, "\0\0\0\x0CjP  "sv, "a JPEG 2000 picture"},
    Signature{0, "\xFF\x4F\xFF\x51"sv, "a JPEG 2000 picture"},
    Signature{0, "\0\0\0\x0CJXL "sv, "a JPEG XL picture"},
    Signature{0, "\xFF\x0A"sv, "a JPEG XL picture"},
    Signature{4, "ftypavif"sv, "an AVIF picture"},
    Signature{4, "ftyphei"sv, "a HEIC picture"},
    Signature{4, "ftypmif1"sv, "a HEIC picture"},
    Signature{4, "ftyp"sv, "a film"},
    Signature{0, "v/1\x01"sv, "an OpenEXR picture"},
    Signature{0, "#?RADIANCE"sv, "a Radiance HDR picture"},
    Signature{0, "#?RGBE"sv, "a Radiance HDR picture"},
    Signature{0, "\x59\xA6\x6A\x95"sv, "a Sun raster picture"},
    Signature{0, "8BPS"sv, "a Photoshop file"},
    Signature{0, "\x01\xDA"sv, "an SGI picture"},
    Signature{0, "P1"sv, "a PNM picture"},
    Signature{0, "P2"sv, "a PNM picture"},
    Signature{0, "P3"sv, "a PNM picture"},
    Signature{0, "P4"sv, "a PNM picture"},
    Signature{0, "P5"sv, "a PNM picture"},
    Signature{0, "P6"sv, "a PNM picture"},
    Signature{0, "P7"sv, "a PAM picture"},
    Signature{0, "%PDF"sv, "a PDF document"},
    Signature{0, "PK\x03\x04"sv, "a ZIP archive"},
    Signature{0, "<!DOCTYPE"sv, "a web page"},
    Signature{0, "<!doctype"sv, "a web page"},
    Signature{0, "<html"sv, "a web page"},
    Signature{0, "<svg"sv, "an SVG drawing"},
    Signature{0, "<?xml"sv, "an XML file"},
    Signature{0, "version https://git-lfs"sv, "a pointer of Git LFS in place of the file itself"},
    Signature{0, "\0\x05\x16\x07"sv, "a side file of macOS"},
};

}  // namespace

std::optional<ImageHeader> readImageHeader(const PictureBytes& file) {
    const Reader big(file, true), little(file, false);
    if (big.textAt(0, "\xFF\xD8\xFF")) return readJpeg(big);
    if (big.textAt(0, "\x89PNG\r\n\x1A\n")) return readPng(big);
    if (big.textAt(0, "BM")) return readBmp(little);
    if (big.textAt(0, "RIFF") && big.textAt(8, "WEBP")) return readWebp(little);
    if (big.textAt(0, "PF\n") || big.textAt(0, "Pf\n")) return readPfm(little);
    return readTiffHeader(file);
}

std::string foreignFormat(const PictureBytes& file) {
    for (const auto& [offset, bytes, what] : kForeign)
        if (file.textAt(offset, bytes)) return what;
    return "";
}

}  // namespace qat
