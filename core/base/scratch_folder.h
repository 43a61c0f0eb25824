// A folder of our own for files that somebody else is to read and nobody is to keep.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/files.h"

namespace qat {

// Made where the system keeps such folders, for this user alone, and removed with all that is in it. Throws Error{Io}.
class ScratchFolder {
public:
    ScratchFolder() {
        std::error_code unknown;
        const fs::path place = fs::temp_directory_path(unknown);
        require(!unknown, ErrorKind::Io, "there is no folder for temporary files (TMPDIR)");
        std::string pattern = (place / "qatelier-XXXXXX").string();
        require(::mkdtemp(pattern.data()) != nullptr, ErrorKind::Io, "cannot make a folder in ", place.string(), ": ",
                std::strerror(errno));
        m_path = pattern;
    }
    ~ScratchFolder() {
        std::error_code ignored;
        fs::remove_all(m_path, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const fs::path& path() const { return m_path; }

private:
    fs::path m_path;
};

}  // namespace qat
