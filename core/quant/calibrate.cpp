// The calibration loop, and the choice of ranges behind it.
#include "quant/calibrate.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <array>
#include <cmath>
#include <map>

#include "base/error.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr std::array kMethods{CalibrationMethod::MinMax, CalibrationMethod::Histogram, CalibrationMethod::Percentile, CalibrationMethod::Entropy,
                              CalibrationMethod::Mse,    CalibrationMethod::Sqnr};

// Histograms beside the observers, one pass for both.
class Collector {
public:
    Collector(const Graph& graph, QuantizerSet& set) : m_graph(graph), m_set(set), m_observer(set), m_histograms(set.all().size()) {
        for (size_t i = 0; i < set.all().size(); ++i)
            if (!set.all()[i].weight)
                for (const ValueId value : set.all()[i].observed) m_quantizerOf[value] = i;
    }

    void see(ValueId value, const at::Tensor& tensor) {
        const auto found = m_quantizerOf.find(value);
        if (found == m_quantizerOf.end()) return;
        const Quantizer& quantizer = m_set.all()[found->second];
        if (m_batches >= quantizer.how.calibration.numBatches) return;
        if (quantizer.observer.axis() >= 0) return m_observer.see(value, tensor);
        const auto [low, high] = m_histograms[found->second].add(tensor);
        require(std::isfinite(low) && std::isfinite(high), ErrorKind::BadInput, m_graph.value(value).name, ": an observer saw NaN or infinite values");
        m_observer.seeRange(value, low, high);
    }

    void endBatch() {
        m_observer.endBatch();
        ++m_batches;
    }
    int64_t batches() const { return m_batches; }
    const StreamingHistogram& histogramOf(size_t quantizer) const { return m_histograms[quantizer]; }

private:
    const Graph& m_graph;
    QuantizerSet& m_set;
    BatchObserver m_observer;
    std::map<ValueId, size_t> m_quantizerOf;
    std::vector<StreamingHistogram> m_histograms;
    int64_t m_batches = 0;
};

ClipRequest requestFor(const Quantizer& q, CalibrationMethod method) {
    return {method, q.how.calibration.percentile, q.grid, scaleFloor(q.how.fakeQuantize.eps, q.grid.bits), q.how.calibration.clipWeight};
}

// Chooses a range and moves the quantizer to it.
TensorCalibration choose(Quantizer& q, const StreamingHistogram& counts) {
    q.shares = {};
    const Histogram all = counts.histogram(), useful = above(all, usefulFloor(q));
    TensorCalibration result{q.name, q.grid, methodFor(q.how), static_cast<int64_t>(counts.total()), all.low, all.high, {}, {}};
    for (const CalibrationMethod method : kMethods) {
        const ClipRequest request = requestFor(q, method);
        const Clip clip = chooseClip(useful, request);
        result.trials.push_back({method, clip, clipQuality(useful, clip, q.grid, request.smallestScale)});
        if (method != result.method || method == CalibrationMethod::MinMax) continue;
        chooseShares(q, {{all.low}, {all.high}}, {{static_cast<float>(clip.low)}, {static_cast<float>(clip.high)}});
    }
    const ObservedRange range = usefulRange(q);
    const Clip clip{range.low.front(), range.high.front()};
    result.applied = {result.method, clip, clipQuality(useful, clip, q.grid, requestFor(q, result.method).smallestScale)};
    return result;
}

void chooseAll(QuantizerSet& set, const Collector& collector, CalibrationResult& result) {
    std::vector<size_t> counted;
    for (size_t i = 0; i < set.all().size(); ++i) {
        const Quantizer& q = set.all()[i];
        if (q.weight) continue;
        if (collector.histogramOf(i).total() > 0) counted.push_back(i);
        else if (q.observer.axis() >= 0 && methodFor(q.how) != CalibrationMethod::MinMax)
            result.warnings.push_back(str(q.name, " is quantized per channel and calibrated with its channels' minimum and maximum"));
    }
    result.tensors.resize(counted.size());
    at::parallel_for(0, static_cast<int64_t>(counted.size()), 1, [&](int64_t begin, int64_t end) {
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
            result.tensors[i] = choose(set.all()[counted[i]], collector.histogramOf(counted[i]));
    });
    for (const TensorCalibration& tensor : result.tensors)
        if (tensor.low == tensor.high)
            result.warnings.push_back(str(tensor.name, ": all calibration values are ", tensor.low, "; their range is taken as it is"));
    if (result.images == 1) result.warnings.push_back(str("calibration saw a single image; its ranges say little about others"));
}

}  // namespace

CalibrationMethod methodFor(const Resolved& how) {
    return how.calibration.method != CalibrationMethod::MinMax ? how.calibration.method : methodOf(how.tensor.observer);
}

CalibrationResult calibrate(const Graph& floatGraph, Graph& quantized, QuantizerSet& set, const std::function<at::Tensor()>& next,
                            const std::function<void(int64_t)>& done, const CancelToken& cancel) {
    Collector collector(floatGraph, set);
    CalibrationResult result;
    std::vector<std::string> outputs;
    for (const auto& output : floatGraph.outputs())
        if (output.name.starts_with("head.")) outputs.push_back(output.name);
    if (outputs.empty()) outputs.push_back(floatGraph.outputs().front().name);
    Executor executor(floatGraph, {.outputs = outputs});
    executor.setHook([&](ValueId value, const at::Tensor& tensor) { collector.see(value, tensor); });
    for (at::Tensor images = next(); images.defined(); images = next()) {
        executor.run(images);
        collector.endBatch();
        result.images += images.size(0);
        done(collector.batches());
        cancel.poll();
    }
    require(collector.batches() > 0, ErrorKind::BadInput, "calibration got no images");
    chooseAll(set, collector, result);
    for (const Quantizer& quantizer : set.all())
        if (!quantizer.weight) set.applyRange(quantized, quantizer);
    return result;
}

}  // namespace qat
