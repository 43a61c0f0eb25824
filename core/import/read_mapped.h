// Runs a parser over the bytes of a file and puts the file's name before what it complains about.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/error.h"
#include "base/files.h"

namespace qat {

// What parse(bytes) returns. Throws Error{Io} if the file cannot be opened, Error{BadInput} "FILE: reason" if it is
// a folder, a pipe or a device, or if parse throws Error{BadInput}.
template <class Parse>
auto readMapped(const std::filesystem::path& path, Parse parse) {
    std::error_code ignored;  // what cannot be looked at cannot be opened either
    const auto status = std::filesystem::status(path, ignored);
    // Asked first, because opening a pipe would wait for a writer.
    require(!std::filesystem::exists(status) || std::filesystem::is_regular_file(status), ErrorKind::BadInput,
            path.string(), ": it is not a file with contents of its own");
    const FileBytes file(path);
    try {
        return parse(file.bytes());
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::BadInput) throw;
        throw Error(ErrorKind::BadInput, str(path.string(), ": ", error.what()));
    }
}

}  // namespace qat
