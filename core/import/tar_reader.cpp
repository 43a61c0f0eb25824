// Headers of 512 bytes with numbers in octal digits, each before its file, which fills whole blocks.
#include "import/tar_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/error.h"
#include "base/text.h"

namespace qat {
namespace {

constexpr size_t kBlock = 512, kMostEntries = 10000;

// A part of a header.
struct Field {
    size_t at, bytes;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kType{156, 1};
constexpr size_t kMagicAt = 257;
constexpr std::string_view kMagic = "ustar";

std::string_view textOf(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Up to the first zero.
std::string_view field(std::string_view header, Field place) {
    const std::string_view text = header.substr(place.at, place.bytes);
    return text.substr(0, std::min(text.find('\0'), text.size()));
}

uint64_t octal(std::string_view header, Field place, size_t offset) {
    std::string_view digits = field(header, place);
    while (digits.starts_with(' ')) digits.remove_prefix(1);
    while (digits.ends_with(' ')) digits.remove_suffix(1);
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
    require(!digits.empty() && error == std::errc() && end == digits.data() + digits.size(), ErrorKind::BadInput,
            "tar offset ", offset + place.at, ": ", inQuotes(digits), " is not an octal number");
    return value;
}

// The sum of the header's bytes, those of the sum itself taken as spaces.
void verifyHeader(std::string_view header, size_t offset) {
    uint64_t sum = 0;
    for (size_t i = 0; i < header.size(); ++i) {
        const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.bytes;
        sum += own ? ' ' : static_cast<unsigned char>(header[i]);
    }
    require(sum == octal(header, kChecksum, offset), ErrorKind::BadInput, "tar offset ", offset,
            ": the header is damaged, its checksum does not fit");
}

}  // namespace

bool isTar(std::span<const std::byte> file) {
    return textOf(file).substr(std::min(kMagicAt, file.size())).starts_with(kMagic);
}

std::vector<TarEntry> readTar(std::span<const std::byte> file) {
    std::vector<TarEntry> entries;
    size_t at = 0;
    for (size_t headers = 0;; ++headers) {
        require(headers < kMostEntries, ErrorKind::BadInput, "the tar archive has more than ", kMostEntries,
                " entries");
        require(file.size() - at >= kBlock, ErrorKind::BadInput, "the tar archive is cut short: no header at offset ",
                at);
        const std::string_view header = textOf(file.subspan(at, kBlock));
        if (header.find_first_not_of('\0') == std::string_view::npos) return entries;
        verifyHeader(header, at);
        const std::string_view name = field(header, kName), type = field(header, kType);
        const uint64_t size = octal(header, kSize, at);
        at += kBlock;
        require(size <= file.size() - at, ErrorKind::BadInput, "the tar archive is cut short: its entry ",
                inQuotes(name), " of ", size, " bytes reaches past its end");
        if (type.empty() || type == "0") entries.push_back({name, file.subspan(at, size)});
        at += std::min<size_t>((size + kBlock - 1) / kBlock * kBlock, file.size() - at);
    }
}

}  // namespace qat
