// What exceptions of libraries become: a sentence, and a kind that decides the exit status.
#include "base/outside_error.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace qat {
namespace {

TEST(OutsideError, TroubleOfTheMachineIsASentence) {
    const auto expect = [](const std::exception& thrown, ErrorKind kind, const std::string& sentence) {
        const Error error = errorFrom(thrown);
        EXPECT_EQ(error.kind(), kind) << error.what();
        EXPECT_EQ(error.what(), sentence);
    };
    expect(std::bad_alloc(), ErrorKind::Io, "not enough memory");
    expect(std::bad_array_new_length(), ErrorKind::Io, "not enough memory");
    const std::error_code full = std::make_error_code(std::errc::no_space_on_device);
    expect(std::filesystem::filesystem_error("copy", "/a/b", full), ErrorKind::Io,
           "cannot use /a/b: " + full.message());
    expect(std::system_error(full), ErrorKind::Io, "the system refuses something that is needed: " + full.message());
    expect(Error(ErrorKind::BadInput, "ours"), ErrorKind::BadInput, "ours");
    expect(std::out_of_range("theirs"), ErrorKind::Internal, "theirs");
}

}  // namespace
}  // namespace qat
