// The parts of a loss, by name.
#pragma once

#include <string>
#include <vector>

namespace qat {

// A part of a loss after its gain, not x batch.
struct LossTerm {
    std::string name;  // short, for series and columns: box, cls, dfl
    double value = 0;
};
using LossTerms = std::vector<LossTerm>;

double sumOf(const LossTerms& terms);

}  // namespace qat
