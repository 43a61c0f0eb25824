// One list of a struct's members, which its readers and writers share.
#pragma once

#include <string_view>

namespace qat {

// Name and member of one attribute; quiet: text leaves it out where it has its default. A struct lists them in `static
// constexpr auto fields()`, a tuple.
template <class Owner, class T>
struct Field {
    std::string_view name;
    T Owner::*member;
    bool quiet = false;
};
template <class Owner, class T>
Field(const char*, T Owner::*, bool = false) -> Field<Owner, T>;

}  // namespace qat
