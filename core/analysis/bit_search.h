// Which width for which layer: the least sum of sensitivities within a budget of weight bits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace qat {

// The widths a layer may have, and what each costs the model's outputs (>= 0, any unit, additive over layers).
struct BitOptions {
    std::string layer;
    int64_t weights = 0;
    struct Option {
        int bits;
        double sensitivity;
    };
    std::vector<Option> options;  // not empty
};

// One width a layer, in order: minimal sum of sensitivities with sum weights * bits <= budget. A multiple-choice
// knapsack, solved by dynamic programming on the budget in hundred-thousandths. Where not even the narrowest widths fit
// the budget these are returned.
std::vector<int> chooseBits(std::span<const BitOptions> layers, double budgetBits);

}  // namespace qat
