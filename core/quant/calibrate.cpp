// The calibration loop, and the choice of ranges behind it.
#include "quant/calibrate.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "base/error.h"
#include "quant/tensor_histograms.h"
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
        const ObservedRange range = m_histograms[found->second].add(tensor, quantizer.observer.axis());
        const auto finite = [](float bound) { return std::isfinite(bound); };
        require(std::ranges::all_of(range.low, finite) && std::ranges::all_of(range.high, finite), ErrorKind::BadInput, m_graph.value(value).name,
                ": an observer saw NaN or infinite values");
        m_observer.seeRange(value, range);
    }

    void endBatch() {
        m_observer.endBatch();
        ++m_batches;
    }
    int64_t batches() const { return m_batches; }
    const TensorHistograms& histogramsOf(size_t quantizer) const { return m_histograms[quantizer]; }

private:
    const Graph& m_graph;
    QuantizerSet& m_set;
    BatchObserver m_observer;
    std::map<ValueId, size_t> m_quantizerOf;
    std::vector<TensorHistograms> m_histograms;
    int64_t m_batches = 0;
};

ClipRequest requestFor(const Quantizer& q, CalibrationMethod method) {
    return {method, q.how.calibration.percentile, q.grid, q.smallestScale(), q.how.calibration.clipWeight};
}

// The channels of one quantizer, or its one tensor: all of what was seen and the part that matters.
struct Seen {
    std::vector<Histogram> all, useful;
    ObservedRange range;

    Seen(const TensorHistograms& counts, float floor) : all(counts.histograms()) {
        for (const Histogram& h : all) {
            useful.push_back(above(h, floor));
            range.low.push_back(h.low);
            range.high.push_back(h.high);
        }
    }

    std::vector<Clip> chosen(const ClipRequest& request) const {
        std::vector<Clip> clips;
        for (const Histogram& h : useful) clips.push_back(chooseClip(h, request));
        return clips;
    }

    MethodTrial trial(const ClipRequest& request, const std::vector<Clip>& clips) const {
        MethodTrial trial{request.method, clips.front(), {}};
        for (size_t i = 0; i < useful.size(); ++i) {
            trial.clip = {std::min(trial.clip.low, clips[i].low), std::max(trial.clip.high, clips[i].high)};
            trial.quality = joined(trial.quality, clipQuality(useful[i], clips[i], request.grid, request.smallestScale));
        }
        return trial;
    }
};

ObservedRange rangeOf(const std::vector<Clip>& clips) {
    ObservedRange range;
    for (const Clip& clip : clips) {
        range.low.push_back(static_cast<float>(clip.low));
        range.high.push_back(static_cast<float>(clip.high));
    }
    return range;
}

std::vector<Clip> clipsOf(const ObservedRange& range) {
    std::vector<Clip> clips;
    for (size_t i = 0; i < range.low.size(); ++i) clips.push_back({range.low[i], range.high[i]});
    return clips;
}

// Chooses a range and moves the quantizer to it.
TensorCalibration choose(Quantizer& q, const TensorHistograms& counts) {
    q.shares = {};
    const Seen seen(counts, usefulFloor(q));
    const bool channels = q.observer.axis() >= 0;
    TensorCalibration result{q.name, q.grid, methodFor(q.how), static_cast<int64_t>(counts.total()), 0, 0, 0, {}, {}};
    result.channels = channels ? static_cast<int64_t>(seen.all.size()) : 0;
    result.low = std::ranges::min(seen.range.low), result.high = std::ranges::max(seen.range.high);
    for (const CalibrationMethod method : kMethods) {
        if (channels && method != result.method) continue;
        const ClipRequest request = requestFor(q, method);
        const std::vector<Clip> clips = seen.chosen(request);
        result.trials.push_back(seen.trial(request, clips));
        if (method == result.method && method != CalibrationMethod::MinMax) chooseShares(q, seen.range, rangeOf(clips));
    }
    result.applied = seen.trial(requestFor(q, result.method), clipsOf(usefulRange(q)));
    return result;
}

// Values that are all the same leave nothing to choose.
void warnOfConstants(const Quantizer& q, const TensorHistograms& counts, std::vector<std::string>& warnings) {
    const std::vector<Histogram> all = counts.histograms();
    const auto constant = [](const Histogram& h) { return h.low == h.high; };
    const auto first = std::ranges::find_if(all, constant);
    if (first == all.end()) return;
    if (q.observer.axis() < 0) warnings.push_back(str(q.name, ": all calibration values are ", first->low, "; their range is taken as it is"));
    else
        warnings.push_back(str(q.name, ": all calibration values of ", std::ranges::count_if(all, constant), " of ", all.size(), " channels are the same, ",
                               first->low, " in channel ", first - all.begin(), "; their range is taken as it is"));
}

void chooseAll(QuantizerSet& set, const Collector& collector, CalibrationResult& result) {
    std::vector<size_t> counted;
    for (size_t i = 0; i < set.all().size(); ++i)
        if (!set.all()[i].weight && collector.histogramsOf(i).total() > 0) counted.push_back(i);
    result.tensors.resize(counted.size());
    at::parallel_for(0, static_cast<int64_t>(counted.size()), 1, [&](int64_t begin, int64_t end) {
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
            result.tensors[i] = choose(set.all()[counted[i]], collector.histogramsOf(counted[i]));
    });
    for (const size_t i : counted) warnOfConstants(set.all()[i], collector.histogramsOf(i), result.warnings);
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
