// Arguments of a table's rows that are words or sums of words: nc, (nc+5)*3, weight_bit_width.
#pragma once

#include "models/layout.h"

namespace qat {

// A number where the argument is an expression of numbers, + - * / and parentheses, and of what the table knows: nc, na
// (anchors of a level), no (na (nc + 5)), use_hardtanh, and with bit_width the names of its four. Anything else stays
// as it is.
LayoutArg resolvedArg(const Layout& layout, const LayoutArg& arg);

}  // namespace qat
