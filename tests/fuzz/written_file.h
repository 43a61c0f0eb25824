// One file for readers that want a path, over and over with other bytes.
#pragma once

#include <fstream>
#include <string>

#include "base/scratch_folder.h"

namespace qat::test {

class WrittenFile {
public:
    explicit WrittenFile(const std::string& name) : m_path(m_folder.path() / name) {}
    // The folder that the file is alone in.
    const fs::path& folder() const { return m_folder.path(); }
    // The path, after the file was given these bytes; not flushed to the disk.
    const fs::path& with(const std::string& bytes) {
        std::ofstream(m_path, std::ios::binary) << bytes;
        return m_path;
    }

private:
    const qat::ScratchFolder m_folder;
    const fs::path m_path;
};

}  // namespace qat::test
