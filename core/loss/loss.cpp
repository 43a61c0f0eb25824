#include "loss/loss.h"

#include <algorithm>

#include "base/error.h"

namespace qat {

double sumOf(const LossTerms& terms) {
    double sum = 0;
    for (const LossTerm& term : terms) sum += term.value;
    return sum;
}

std::optional<std::string> sentenceOf(const std::vector<float>& classWeights) {
    if (classWeights.empty()) return std::nullopt;
    const auto [least, most] = std::ranges::minmax(classWeights);
    return str("classes weigh from ", least, " to ", most, " in the class loss");
}

}  // namespace qat
