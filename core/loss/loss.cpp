#include "loss/loss.h"

namespace qat {

double sumOf(const LossTerms& terms) {
    double sum = 0;
    for (const LossTerm& term : terms) sum += term.value;
    return sum;
}

}  // namespace qat
