// Generic questions about operators.
#include "ops/op.h"

namespace qat {

std::string_view opName(const Op& op) {
    return std::visit([](const auto& alternative) { return alternative.name; }, op);
}

bool carries(const Op& op) {
    const auto* pool = std::get_if<Pool>(&op);
    return std::holds_alternative<Concat>(op) || std::holds_alternative<Split>(op) ||
           std::holds_alternative<Slice>(op) || std::holds_alternative<Resize>(op) ||
           (pool && pool->kind == PoolKind::Max);
}

}  // namespace qat
