// auto_adapt_bit_width: weights get widths by their sensitivity, within the average width that the configuration asks
// for.
#pragma once

#include <filesystem>
#include <vector>

#include "analysis/sensitivity.h"
#include "config/config.h"
#include "quant/plan.h"

namespace qat {

struct WidthSearch {
    double budgetBits = 0, averageBits = 0;  // a weight, over the layers that were free to choose
    struct Chosen {
        std::string layer;
        int bits;
    };
    std::vector<Chosen> layers;  // execution order
};

// Whether a job with this configuration searches widths at all.
bool adaptsWidths(const Config& config);

// Widths that a layer may get: mixed_precision.bits, else those of the sweep and the configured one.
std::vector<int> candidateWidths(const Config& config);

// Free are the layers whose width no pattern and no head policy sets. rows: sensitivity of weights alone at every
// candidate.
WidthSearch searchWidths(const Config& config, const Graph& floatGraph, const QuantPlan& plan,
                         const std::vector<LayerSensitivity>& rows);

// bit_widths.json in the run folder, which a resumed run and whoever opens the run go by.
void writeWidths(const std::filesystem::path& runFolder, const WidthSearch& search);

// Adds what a run has chosen, if it has, to its configuration as entries of layer_configs after all others. Returns
// whether.
bool applyChosenWidths(const std::filesystem::path& runFolder, Config& config);

}  // namespace qat
