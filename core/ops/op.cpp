// Generic questions about operators.
#include "ops/op.h"

namespace qat {

std::string_view opName(const Op& op) {
    return std::visit([](const auto& alternative) { return alternative.name; }, op);
}

OpTraits traitsOf(const Op& op) {
    return std::visit(
        []<class Alternative>(const Alternative& alternative) {
            if constexpr (requires { alternative.traits(); })
                return alternative.traits();
            else
                return Alternative::row;
        },
        op);
}

}  // namespace qat
