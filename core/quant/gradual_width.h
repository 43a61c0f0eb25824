// Widths that fall from epoch to epoch until every quantizer has its own.
#pragma once

#include <vector>

#include "quant/quantizer_set.h"

namespace qat {

// Width in an epoch (0-based) of a quantizer whose own is `bits`: max(bits, start - floor(epoch (start - bits) /
// epochs)); bits from epoch `epochs` on, and where start is not above it.
int widthIn(int64_t epoch, int start, int bits, int epochs);

class GradualWidths {
public:
    // The set's quantizers have their own widths, and scales for them.
    GradualWidths(QuantizerSet& set, const GradualBitsConfig& config);

    // Takes the grids of an epoch whose scales a checkpoint brings.
    void adopt(Graph& graph, int64_t epoch);
    // Takes the grids of an epoch. Scales and zero points move so that the range stays: scale by the ratio of the
    // numbers of steps, (old qmax - qmin) / (new qmax - qmin). The same in `average`, if there is one. Says whether a
    // width changed.
    bool advance(Graph& graph, Graph* average, int64_t epoch);

private:
    QuantizerSet& m_set;
    GradualBitsConfig m_config;
};

}  // namespace qat
