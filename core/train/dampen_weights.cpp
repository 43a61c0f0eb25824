// One pass over weights and gradients.
#include "train/dampen_weights.h"

#include <ATen/ATen.h>

#include "train/update_loops.h"

namespace qat {

double dampen(Graph& graph, const std::vector<LowBitWeight>& weights, double factor) {
    double loss = 0;
    for (const LowBitWeight& low : weights) {
        at::Tensor& weight = *graph.value(low.weight).data;
        const at::Tensor gradient = orderedGradient(weight);
        if (!gradient.defined()) continue;
        const at::Tensor values = inRunOrder(graph, low, weight), pulled = inRunOrder(graph, low, gradient);
        const auto runs = gridRuns(graph, low);
        std::vector<double> sums(runs.size());
        overRuns(runs, [&](size_t i) {
            const auto& [begin, length, scale, grid] = runs[i];
            const loops::DampenStep step{grid.scale, grid.inverse, grid.qmin - grid.zeroPoint,
                                         grid.qmax - grid.zeroPoint, static_cast<float>(2 * factor)};
            sums[i] = loops::dampen(values.data_ptr<float>() + begin, pulled.data_ptr<float>() + begin, length, step);
        });
        if (pulled.data_ptr() != gradient.data_ptr()) gradient.copy_(pulled);
        for (const double sum : sums) loss += sum;
    }
    return loss;
}

}  // namespace qat
