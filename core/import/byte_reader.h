// A cursor over foreign bytes that never reads past their end.
#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace qat {

static_assert(std::endian::native == std::endian::little, "checkpoints are read as they lie in memory");

// Every failed read throws Error{BadInput} naming the subject ("pickle") and the offset. Offsets count from the
// first byte of the span.
class ByteReader {
public:
    ByteReader(std::span<const std::byte> bytes, std::string_view subject, size_t offset = 0)
        : m_bytes(bytes), m_subject(subject), m_offset(offset) {}

    size_t offset() const { return m_offset; }
    size_t remaining() const { return m_bytes.size() - m_offset; }

    // The next `count` bytes, in place.
    std::span<const std::byte> take(size_t count) {
        if (count > remaining()) failShort(count);
        m_offset += count;
        return m_bytes.subspan(m_offset - count, count);
    }
    std::string_view takeText(size_t count) {
        const auto bytes = take(count);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }
    // The text up to the next line feed, which is consumed and not returned.
    std::string_view takeLine();
    // A little-endian number.
    template <class T>
    T take() {
        T value;
        std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
        return value;
    }

private:
    [[noreturn]] void failShort(size_t count) const;

    std::span<const std::byte> m_bytes;
    std::string_view m_subject;
    size_t m_offset;
};

}  // namespace qat
