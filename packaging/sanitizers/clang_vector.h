// In front of every source that Clang before 16 compiles: the vector of GCC 12's library with no constexpr members. These
// Clangs instantiate them as soon as a class with such a member is seen, when its elements may not be whole types yet (as
// libtorch's IValue), and refuse the program. No vector of ours is part of a constant expression.
#pragma once

#ifdef __cplusplus
// Declares a constexpr function for bits that <vector> defines, then without; std::fill does as well without it.
#define _Bit_iterator _Bit_iterator_of_nobody
#include <bits/stl_algobase.h>
#undef _Bit_iterator

// What vector needs, as it is.
#include <memory>
#include <string>

#pragma push_macro("_GLIBCXX20_CONSTEXPR")
#undef _GLIBCXX20_CONSTEXPR
#define _GLIBCXX20_CONSTEXPR
#include <vector>
#pragma pop_macro("_GLIBCXX20_CONSTEXPR")
#endif
