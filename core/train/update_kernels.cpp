// The loops over the processor's memory, shared out among threads, and the table of devices.
#include "train/update_kernels.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "ops/fixed_split.h"
#include "ops/matrix_product.h"
#include "train/muon.h"

namespace qat {
namespace {

constexpr int64_t kStepGrain = 32768, kAverageGrain = 65536;  // elements

float* floats(const at::Tensor& tensor) {
    return tensor.data_ptr<float>();
}

int8_t* bytes(const at::Tensor& tensor) {
    return tensor.data_ptr<int8_t>();
}

// Bounds of a run's grid without its zero point.
std::pair<float, float> boundsOf(const loops::Grid& grid) {
    return {grid.qmin - grid.zeroPoint, grid.qmax - grid.zeroPoint};
}

class ProcessorUpdates final : public UpdateKernels {
public:
    void sgdStep(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& moment,
                 const loops::SgdStep& step) const override {
        float *p = floats(parameter), *g = floats(gradient), *m = floats(moment);
        at::parallel_for(0, parameter.numel(), kStepGrain, [&](int64_t begin, int64_t end) {
            loops::sgdStep(p + begin, g + begin, m + begin, end - begin, step);
        });
    }

    void adamStep(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& first, at::Tensor& second,
                  const loops::AdamStep& step) const override {
        float *p = floats(parameter), *g = floats(gradient), *m = floats(first), *v = floats(second);
        at::parallel_for(0, parameter.numel(), kStepGrain, [&](int64_t begin, int64_t end) {
            loops::adamStep(p + begin, g + begin, m + begin, v + begin, end - begin, step);
        });
    }

    void muonStep(at::Tensor& parameter, const at::Tensor& gradient, at::Tensor& moment,
                  const loops::MuonStep& step) const override {
        const at::Tensor update = at::empty_like(moment);
        float *g = floats(gradient), *m = floats(moment), *u = floats(update);
        at::parallel_for(0, parameter.numel(), kStepGrain, [&](int64_t begin, int64_t end) {
            loops::muonMoments(g + begin, m + begin, u + begin, end - begin, step);
        });
        const at::Tensor turned =
            orthogonalized(asMatrix(update), loops::sumOfSquares(u, update.numel()), matrixProduct);
        const OneThread guard;
        asMatrix(parameter).sub_(turned, step.lr * tallness(turned));
    }

    void raise(at::Tensor& parameter, float floor) const override {
        float* p = floats(parameter);
        for (int64_t i = 0; i < parameter.numel(); ++i) p[i] = std::max(p[i], floor);
    }

    double sumOfSquares(const at::Tensor& x) const override { return loops::sumOfSquares(floats(x), x.numel()); }

    void average(at::Tensor& average, const at::Tensor& value, float decay) const override {
        float *e = floats(average), *v = floats(value);
        at::parallel_for(0, value.numel(), kAverageGrain,
                         [&](int64_t begin, int64_t end) { loops::average(e + begin, v + begin, end - begin, decay); });
    }

    void track(const at::Tensor& w, const Oscillation& state, const std::vector<GridRun>& runs,
               float momentum) const override {
        overRuns(runs, [&](size_t i) {
            const auto& [begin, length, scale, grid] = runs[i];
            const auto [low, high] = boundsOf(grid);
            const loops::OscillationState here{bytes(state.code) + begin, bytes(state.direction) + begin,
                                               floats(state.frequency) + begin};
            loops::trackOscillation(floats(w) + begin, here, length, grid.inverse, low, high, momentum);
        });
    }

    std::pair<double, int64_t> boundaryDistances(const at::Tensor& w, const std::vector<GridRun>& runs) const override {
        std::vector<std::pair<double, int64_t>> sums(runs.size());
        overRuns(runs, [&](size_t i) {
            const auto& [begin, length, scale, grid] = runs[i];
            const auto [low, high] = boundsOf(grid);
            sums[i] = loops::boundaryDistances(floats(w) + begin, length, grid.inverse, low, high);
        });
        std::pair<double, int64_t> total{0, 0};
        for (const auto& [sum, within] : sums) total.first += sum, total.second += within;
        return total;
    }

    int64_t freeze(at::Tensor& w, const Freezing& state, const std::vector<GridRun>& runs, float threshold,
                   float momentum) const override {
        std::vector<int64_t> counts(runs.size());
        overRuns(runs, [&](size_t i) {
            const auto& [begin, length, scale, grid] = runs[i];
            const loops::FreezeState here{bytes(state.code) + begin, floats(state.frequency) + begin,
                                          floats(state.mean) + begin, bytes(state.frozen) + begin};
            counts[i] = loops::freezeOscillating(floats(w) + begin, here, length, grid.scale, threshold, momentum);
        });
        int64_t total = 0;
        for (const int64_t count : counts) total += count;
        return total;
    }

    void hold(at::Tensor& w, const at::Tensor& frozen, const std::vector<GridRun>& runs) const override {
        overRuns(runs, [&](size_t i) {
            const auto& [begin, length, scale, grid] = runs[i];
            loops::holdFrozen(floats(w) + begin, bytes(frozen) + begin, length, grid.scale);
        });
    }

    std::vector<double> takeFrozen(at::Tensor& g, const at::Tensor& frozen,
                                   const std::vector<GridRun>& runs) const override {
        std::vector<double> sums(runs.size());
        overRuns(runs, [&](size_t i) {
            sums[i] = loops::takeFrozen(floats(g) + runs[i].begin, bytes(frozen) + runs[i].begin, runs[i].length);
        });
        return sums;
    }

    std::vector<double> dampen(const at::Tensor& w, at::Tensor& g, const std::vector<GridRun>& runs,
                               float factor) const override {
        std::vector<double> sums(runs.size());
        overRuns(runs, [&](size_t i) {
            const auto& [begin, length, scale, grid] = runs[i];
            const auto [low, high] = boundsOf(grid);
            sums[i] = loops::dampen(floats(w) + begin, floats(g) + begin, length,
                                    {grid.scale, grid.inverse, low, high, factor});
        });
        return sums;
    }
};

}  // namespace

const UpdateKernels& updateKernelsOf(const at::Tensor& tensor) {
    static const ProcessorUpdates processor;
    switch (tensor.device().type()) {
        case c10::DeviceType::CPU:
            return processor;
        default:
            return portableUpdateKernels();
    }
}

}  // namespace qat
