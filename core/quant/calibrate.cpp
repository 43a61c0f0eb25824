// The calibration loop, and the choice of ranges behind it.
#include "quant/calibrate.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <array>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "base/error.h"
#include "quant/weight_range.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr std::array kMethods{CalibrationMethod::MinMax, CalibrationMethod::Histogram, CalibrationMethod::Percentile, CalibrationMethod::Entropy,
                              CalibrationMethod::Mse,    CalibrationMethod::Sqnr};

// What was seen of the values that make a range together: all that a quantizer observes, or one where the widest leads.
struct Seen {
    size_t quantizer;
    std::optional<size_t> leader;  // as in Quantizer
    MinMaxObserver observer;
    ObservedRange batch{};
    StreamingHistogram histogram{};
};

// Histograms beside the observers, one pass for both.
class Collector {
public:
    Collector(const Graph& graph, const QuantizerSet& set) : m_graph(graph), m_set(set) {
        for (size_t i = 0; i < set.all().size(); ++i)
            if (!set.all()[i].weight) addQuantizer(i);
    }

    void see(ValueId value, const at::Tensor& tensor) {
        const auto found = m_placeOf.find(value);
        if (found == m_placeOf.end()) return;
        Seen& seen = m_seen[found->second];
        const Quantizer& quantizer = m_set.all()[seen.quantizer];
        if (m_batches >= quantizer.how.calibration.numBatches) return;
        seen.batch = joined(seen.batch, rangeIn(seen, value, tensor));
    }

    void endBatch() {
        for (Seen& seen : m_seen)
            if (!seen.batch.empty()) seen.observer.observe(std::exchange(seen.batch, {}));
        ++m_batches;
    }
    int64_t batches() const { return m_batches; }
    const std::vector<Seen>& seen() const { return m_seen; }  // by quantizer

private:
    void addQuantizer(size_t index) {
        const Quantizer& quantizer = m_set.all()[index];
        for (size_t i = 0; i < quantizer.observed.size(); ++i) {
            if (i == 0 || quantizer.largest) m_seen.push_back({index, quantizer.largest ? std::optional(i) : std::nullopt, quantizer.observer});
            m_placeOf[quantizer.observed[i]] = m_seen.size() - 1;
        }
    }

    ObservedRange rangeIn(Seen& seen, ValueId value, const at::Tensor& tensor) {
        const int64_t axis = seen.observer.axis();
        if (axis >= 0) return rangeOfNamed(m_set.all()[seen.quantizer].name, tensor, axis);
        const auto [low, high] = seen.histogram.add(tensor);
        require(std::isfinite(low) && std::isfinite(high), ErrorKind::BadInput, m_graph.value(value).name, ": an observer saw NaN or infinite values");
        return {{low}, {high}};
    }

    const Graph& m_graph;
    const QuantizerSet& m_set;
    std::map<ValueId, size_t> m_placeOf;
    std::vector<Seen> m_seen;
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

// A quantizer as it would be from what was seen, and the report on it where values were counted.
struct Candidate {
    Quantizer quantizer;
    std::optional<TensorCalibration> report;
};

Candidate candidateFrom(const Quantizer& quantizer, const Seen& seen) {
    Candidate candidate{quantizer, std::nullopt};
    candidate.quantizer.observer = seen.observer;
    candidate.quantizer.leader = seen.leader;
    if (seen.histogram.total() > 0) candidate.report = choose(candidate.quantizer, seen.histogram);
    return candidate;
}

float largestScale(const Quantizer& q) {
    float largest = 0;
    for (const QParams& params : chooseQParams(usefulRange(q), q.grid, scaleFloor(q.how.fakeQuantize.eps, q.grid.bits))) largest = std::max(largest, params.scale);
    return largest;
}

// The only candidate, or the one that needs the largest scale, the first of equals.
Candidate& widestOf(std::span<Candidate> candidates) {
    return *std::ranges::max_element(candidates, {}, [](const Candidate& candidate) { return largestScale(candidate.quantizer); });
}

std::vector<Candidate> allCandidates(const QuantizerSet& set, const std::vector<Seen>& seen) {
    std::vector<std::optional<Candidate>> made(seen.size());
    at::parallel_for(0, static_cast<int64_t>(seen.size()), 1, [&](int64_t begin, int64_t end) {
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) made[i] = candidateFrom(set.all()[seen[i].quantizer], seen[i]);
    });
    std::vector<Candidate> candidates;
    for (auto& candidate : made) candidates.push_back(std::move(*candidate));
    return candidates;
}

void chooseAll(QuantizerSet& set, const std::vector<Seen>& seen, CalibrationResult& result) {
    std::vector<Candidate> candidates = allCandidates(set, seen);
    for (size_t begin = 0, end = 0; begin < seen.size(); begin = end) {
        while (end < seen.size() && seen[end].quantizer == seen[begin].quantizer) ++end;
        Candidate& chosen = widestOf(std::span(candidates).subspan(begin, end - begin));
        Quantizer& q = set.all()[seen[begin].quantizer];
        q = std::move(chosen.quantizer);
        if (chosen.report) result.tensors.push_back(std::move(*chosen.report));
        else if (q.observer.axis() >= 0 && methodFor(q.how) != CalibrationMethod::MinMax)
            result.warnings.push_back(str(q.name, " is quantized per channel and calibrated with its channels' minimum and maximum"));
    }
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
    chooseAll(set, collector.seen(), result);
    for (const Quantizer& quantizer : set.all())
        if (!quantizer.weight) set.applyRange(quantized, quantizer);
    return result;
}

}  // namespace qat
