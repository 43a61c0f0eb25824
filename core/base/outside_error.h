// What exceptions of the standard library mean to the user: most tell of the machine, not of a defect of ours.
#pragma once

#include <exception>
#include <filesystem>
#include <new>
#include <system_error>

#include "base/error.h"

namespace qat {

// One of ours as it is; lack of memory, of threads and trouble with files as Error{Io} in a sentence; the rest as
// Error{Internal} with its own text.
inline Error errorFrom(const std::exception& error) {
    if (const auto* own = dynamic_cast<const Error*>(&error)) return *own;
    if (dynamic_cast<const std::bad_alloc*>(&error)) return {ErrorKind::Io, "not enough memory"};
    if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error))
        return {ErrorKind::Io, "cannot use " + file->path1().string() + ": " + file->code().message()};
    if (const auto* system = dynamic_cast<const std::system_error*>(&error))
        return {ErrorKind::Io, "the system refuses something that is needed: " + system->code().message()};
    return {ErrorKind::Internal, error.what()};
}

}  // namespace qat
