// Generic questions about operators.
#include "ops/op.h"

namespace qat {

std::string_view opName(const Op& op) {
    return std::visit([](const auto& alternative) { return alternative.name; }, op);
}

}  // namespace qat
