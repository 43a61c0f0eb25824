// Frames (length, its checksum, the event, its checksum) and the few protobuf fields a scalar needs.
#include "report/tensorboard_file.h"

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include "base/error.h"

namespace qat {
namespace {

// tensorflow.Event: wall_time = 1 (double), step = 2 (int64), file_version = 3 (string), summary = 5.
// tensorflow.Summary: value = 1; its Value: tag = 1 (string), simple_value = 2 (float).
enum WireType : int { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

constexpr auto kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) ? 0x82F63B78u : 0u);
        table[i] = c;
    }
    return table;
}();

template <class Unsigned>
void putFixed(std::string& out, Unsigned value) {
    for (size_t i = 0; i < sizeof value; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

void putVarint(std::string& out, uint64_t value) {
    for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
    out += static_cast<char>(value);
}

void putKey(std::string& out, int field, WireType type) {
    putVarint(out, static_cast<uint64_t>(field) << 3 | static_cast<uint64_t>(type));
}

void putBytes(std::string& out, int field, std::string_view bytes) {
    putKey(out, field, kLength);
    putVarint(out, bytes.size());
    out += bytes;
}

// An event with its time, to which one more field is added.
std::string eventNow() {
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    std::string event;
    putKey(event, 1, kFixed64);
    putFixed(event, std::bit_cast<uint64_t>(now.count()));
    return event;
}

uint32_t maskedChecksum(std::string_view bytes) {
    const uint32_t crc = crc32c(std::as_bytes(std::span(bytes)));
    return (crc >> 15 | crc << 17) + 0xA282EAD8u;
}

// Ten digits of seconds come first in the name: TensorBoard takes files in the order of their names.
std::filesystem::path freeName(const std::filesystem::path& folder) {
    const auto seconds = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    for (int i = 0;; ++i) {
        std::filesystem::path name = folder / str("events.out.tfevents.", seconds, ".qatelier.", i);
        std::error_code ignored;
        if (!std::filesystem::exists(name, ignored)) return name;
    }
}

}  // namespace

uint32_t crc32c(std::span<const std::byte> bytes) {
    uint32_t c = 0xFFFFFFFFu;
    for (const std::byte b : bytes) c = kTable[(c ^ static_cast<uint32_t>(b)) & 0xFF] ^ (c >> 8);
    return ~c;
}

TensorboardFile::TensorboardFile(const std::filesystem::path& folder) {
    makeWritableFolder(folder);
    const auto path = freeName(folder);
    m_file = openToAppend(path);
    std::string event = eventNow();
    putBytes(event, 3, "brain.Event:2");
    if (record(event)) return;
    fail(ErrorKind::Io, "cannot write ", path.string(), ": ", std::strerror(errno));
}

bool TensorboardFile::scalar(std::string_view series, int64_t step, double value) {
    std::string entry, summary, event = eventNow();
    putBytes(entry, 1, series);
    putKey(entry, 2, kFixed32);
    putFixed(entry, std::bit_cast<uint32_t>(static_cast<float>(value)));
    putBytes(summary, 1, entry);
    putKey(event, 2, kVarint);
    putVarint(event, static_cast<uint64_t>(step));
    putBytes(event, 5, summary);
    return record(event);
}

bool TensorboardFile::record(std::string_view event) {
    std::string length, bytes;
    putFixed(length, static_cast<uint64_t>(event.size()));
    bytes = length;
    putFixed(bytes, maskedChecksum(length));
    bytes += event;
    putFixed(bytes, maskedChecksum(event));
    return std::fwrite(bytes.data(), 1, bytes.size(), m_file.get()) == bytes.size() && std::fflush(m_file.get()) == 0;
}

}  // namespace qat
