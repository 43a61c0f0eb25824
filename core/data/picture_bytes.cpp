// Blocks by pread.
#include "data/picture_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace qat {
namespace {

constexpr size_t kBlock = 4096;

}  // namespace

PictureBytes::PictureBytes(const fs::path& file)
    : m_fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), m_buffer(kBlock) {
    require(m_fd >= 0, ErrorKind::Io, "cannot open ", file.string(), ": ", std::strerror(errno));
    struct stat info {};
    const bool known = ::fstat(m_fd, &info) == 0, regular = known && S_ISREG(info.st_mode);
    const int reason = errno;
    if (!regular) ::close(m_fd);  // no destructor runs after a throw
    require(known, ErrorKind::Io, "cannot read ", file.string(), ": ", std::strerror(reason));
    require(regular, ErrorKind::BadInput, file.string(), " is not a file");
    m_size = static_cast<size_t>(info.st_size);
}

PictureBytes::~PictureBytes() {
    if (m_fd >= 0) ::close(m_fd);
}

bool PictureBytes::load(size_t offset) const {
    if (m_fd < 0 || offset >= m_size) return false;
    const size_t start = offset / kBlock * kBlock;
    const ssize_t count = ::pread(m_fd, m_buffer.data(), m_buffer.size(), static_cast<off_t>(start));
    m_start = start;
    m_block = {m_buffer.data(), count > 0 ? static_cast<size_t>(count) : 0};
    return offset - m_start < m_block.size();
}

bool PictureBytes::textAt(size_t offset, std::string_view text) const {
    for (size_t i = 0; i < text.size(); ++i)
        if (offset + i >= m_size || byteAt(offset + i) != static_cast<uint8_t>(text[i])) return false;
    return true;
}

uint64_t PictureBytes::number(size_t offset, int count, bool bigEndian) const {
    uint64_t value = 0;
    for (int i = 0; i < count; ++i)
        value |= uint64_t{byteAt(offset + static_cast<size_t>(i))} << 8 * (bigEndian ? count - 1 - i : i);
    return value;
}

}  // namespace qat
