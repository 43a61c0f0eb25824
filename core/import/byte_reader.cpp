// The reads of ByteReader that search or fail.
#include "import/byte_reader.h"

#include "base/error.h"

namespace qat {

std::string_view ByteReader::takeLine() {
    const auto* text = reinterpret_cast<const char*>(m_bytes.data()) + m_offset;
    const size_t length = std::string_view(text, remaining()).find('\n');
    require(length != std::string_view::npos, ErrorKind::BadInput, m_subject, " offset ", m_offset,
            ": a line without an end");
    m_offset += length + 1;
    return {text, length};
}

void ByteReader::failShort(size_t count) const {
    fail(ErrorKind::BadInput, m_subject, " offset ", m_offset, ": ", count, " bytes are wanted and ", remaining(),
         " are left");
}

}  // namespace qat
