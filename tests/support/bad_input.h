// What a call complains of.
#pragma once

#include <string>

#include "base/error.h"

namespace qat::test {

// The message of the Error{BadInput} that the call throws; says so if it throws none or another kind.
template <class Call>
std::string badInput(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error.kind() == ErrorKind::BadInput ? error.what() : str("another kind of error: ", error.what());
    }
    return "no error";
}

}  // namespace qat::test
