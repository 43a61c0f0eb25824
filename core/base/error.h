// The one exception of the core, and the two checks that throw it.
#pragma once

#include <cstdint>
#include <source_location>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace qat {

// Who can mend it: the user's input, a thing we do not do, the machine, the user's own wish, or us.
enum class ErrorKind { BadInput, Unsupported, Io, Cancelled, Internal };

// message() is one sentence for the user; it names the file, line or key it is about.
class Error : public std::runtime_error {
public:
    Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), m_kind(kind) {}
    ErrorKind kind() const { return m_kind; }

private:
    ErrorKind m_kind;
};

// Joins printable pieces into a string: str("line ", 3).
template <class... Pieces>
std::string str(const Pieces&... pieces) {
    std::ostringstream out;
    (out << ... << pieces);
    return out.str();
}

template <class... Pieces>
[[noreturn]] void fail(ErrorKind kind, const Pieces&... pieces) {
    throw Error(kind, str(pieces...));
}

// For what comes from outside: throws Error{kind} with the joined pieces unless the condition holds.
template <class... Pieces>
void require(bool condition, ErrorKind kind, const Pieces&... pieces) {
    if (!condition) fail(kind, pieces...);
}

// For our own invariants: a failure is a defect of ours, reported with its place.
inline void ensure(bool condition, const char* what = "invariant",
                   std::source_location where = std::source_location::current()) {
    if (!condition) fail(ErrorKind::Internal, what, " violated at ", where.file_name(), ":", where.line());
}

}  // namespace qat
