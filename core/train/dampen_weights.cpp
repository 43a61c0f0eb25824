// One pass over weights and gradients.
#include "train/dampen_weights.h"

#include <ATen/ATen.h>

#include "train/update_kernels.h"

namespace qat {

double dampen(Graph& graph, const std::vector<LowBitWeight>& weights, double factor) {
    double loss = 0;
    for (const LowBitWeight& low : weights) {
        at::Tensor& weight = *graph.value(low.weight).data;
        const at::Tensor gradient = orderedGradient(weight);
        if (!gradient.defined()) continue;
        const at::Tensor values = inRunOrder(graph, low, weight);
        at::Tensor pulled = inRunOrder(graph, low, gradient);
        const std::vector<double> sums =
            updateKernelsOf(values).dampen(values, pulled, gridRuns(graph, low), static_cast<float>(2 * factor));
        if (pulled.data_ptr() != gradient.data_ptr()) gradient.copy_(pulled);
        for (const double sum : sums) loss += sum;
    }
    return loss;
}

}  // namespace qat
