// Dynamic programming over layers: best[u] = least sensitivity of the layers so far within u units.
#include "analysis/bit_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace qat {
namespace {

constexpr int64_t kUnits = 100'000;
constexpr double kNever = std::numeric_limits<double>::infinity();

double costOf(const BitOptions& layer, int bits) {
    return static_cast<double>(layer.weights) * bits;
}

// The option chosen for one layer by the units that may be spent up to it; kNone where nothing fits.
using Choices = std::vector<uint8_t>;
constexpr uint8_t kNone = 255;

Choices extend(std::vector<double>& best, const BitOptions& layer, double unit) {
    Choices choices(kUnits + 1, kNone);
    std::vector<double> next(kUnits + 1, kNever);
    for (size_t k = 0; k < layer.options.size(); ++k) {
        const int64_t units = std::llround(costOf(layer, layer.options[k].bits) / unit);
        for (int64_t u = units; u <= kUnits; ++u) {
            const double sum = best[static_cast<size_t>(u - units)] + layer.options[k].sensitivity;
            if (sum >= next[static_cast<size_t>(u)]) continue;
            next[static_cast<size_t>(u)] = sum;
            choices[static_cast<size_t>(u)] = static_cast<uint8_t>(k);
        }
    }
    best = std::move(next);
    return choices;
}

const BitOptions::Option* narrowest(const BitOptions& layer) {
    return &*std::ranges::min_element(layer.options, {}, &BitOptions::Option::bits);
}

// Rounded costs may overshoot the budget by a hair: narrows the layers that mind least until it holds.
void keepWithin(std::span<const BitOptions> layers, double budget, std::vector<const BitOptions::Option*>& chosen) {
    double spent = 0;
    for (size_t i = 0; i < layers.size(); ++i) spent += costOf(layers[i], chosen[i]->bits);
    while (spent > budget) {
        double least = kNever;
        size_t which = 0;
        const BitOptions::Option* narrower = nullptr;
        for (size_t i = 0; i < layers.size(); ++i)
            for (const auto& option : layers[i].options) {
                const double loss = option.sensitivity - chosen[i]->sensitivity;
                if (option.bits < chosen[i]->bits && loss < least) least = loss, which = i, narrower = &option;
            }
        if (!narrower) return;
        spent -= costOf(layers[which], chosen[which]->bits - narrower->bits);
        chosen[which] = narrower;
    }
}

std::vector<int> widthsOf(const std::vector<const BitOptions::Option*>& chosen) {
    std::vector<int> bits;
    for (const auto* option : chosen) bits.push_back(option->bits);
    return bits;
}

}  // namespace

std::vector<int> chooseBits(std::span<const BitOptions> layers, double budgetBits) {
    const double unit = std::max(budgetBits, 1.0) / kUnits;
    std::vector<Choices> choices;
    std::vector<double> best(kUnits + 1, 0.0);
    for (const BitOptions& layer : layers) {
        require(!layer.options.empty() && layer.options.size() < kNone, ErrorKind::Internal, layer.layer, " has ",
                layer.options.size(), " widths to choose from");
        choices.push_back(extend(best, layer, unit));
    }
    std::vector<const BitOptions::Option*> chosen(layers.size());
    size_t left = kUnits;
    for (size_t i = layers.size(); i-- > 0;) {
        const uint8_t choice = choices[i][left];
        if (choice == kNone) {
            std::ranges::transform(layers, chosen.begin(), narrowest);
            return widthsOf(chosen);
        }
        chosen[i] = &layers[i].options[choice];
        left -= static_cast<size_t>(std::llround(costOf(layers[i], chosen[i]->bits) / unit));
    }
    keepWithin(layers, budgetBits, chosen);
    return widthsOf(chosen);
}

}  // namespace qat
