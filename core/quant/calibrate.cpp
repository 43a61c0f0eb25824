// The calibration loop, and the choice of ranges after it.
#include "quant/calibrate.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <span>
#include <utility>

#include "base/error.h"
#include "quant/tensor_histograms.h"
#include "run/executor.h"

namespace qat {
namespace {

constexpr std::array kMethods{CalibrationMethod::MinMax,  CalibrationMethod::Histogram, CalibrationMethod::Percentile,
                              CalibrationMethod::Entropy, CalibrationMethod::Mse,       CalibrationMethod::Sqnr};

// What was seen of the values that make a range together: all that a quantizer observes, or one where the widest leads.
struct Seen {
    size_t quantizer;
    std::optional<size_t> leader;  // as in Quantizer
    MinMaxObserver observer;
    ObservedRange batch{};
    TensorHistograms counts{};
    size_t channels = 1;
};

// Histograms beside the observers, one pass for both.
class Collector {
public:
    Collector(const Graph& graph, const QuantizerSet& set) : m_graph(graph), m_set(set) {
        for (size_t i = 0; i < set.all().size(); ++i)
            if (!set.all()[i].weight) addQuantizer(i);
    }

    bool wants(ValueId value) const { return m_placeOf.contains(value); }

    void see(ValueId value, const at::Tensor& tensor) {
        Seen& seen = m_seen[m_placeOf.at(value)];
        const Quantizer& quantizer = m_set.all()[seen.quantizer];
        if (m_batches >= quantizer.how.calibration.numBatches) return;
        const ObservedRange range = seen.counts.add(tensor, seen.observer.axis());
        seen.channels = range.low.size();
        if (isFinite(range))
            seen.batch = joined(seen.batch, range);
        else
            ++m_spoiled[value];
    }

    void endBatch() {
        for (Seen& seen : m_seen)
            if (!seen.batch.empty()) seen.observer.observe(std::exchange(seen.batch, {}));
        ++m_batches;
    }
    int64_t batches() const { return m_batches; }
    const std::vector<Seen>& seen() const { return m_seen; }  // by quantizer

    // Where a network does not make numbers: the first such tensor is the one to look at. What saw no number at all
    // gets a range, so that the run goes on.
    void settleSpoiled(std::vector<std::string>& warnings) {
        if (m_spoiled.empty()) return;
        const auto& [first, batches] = *m_spoiled.begin();
        warnings.push_back(str(m_graph.value(first).name, ": ", batches, " of ", m_batches,
                               " batches held NaN or infinite values and were left out",
                               alsoTrueOf(m_spoiled.size() - 1)));
        std::vector<std::string> blind;
        for (Seen& seen : m_seen) {
            if (!seen.observer.range().empty()) continue;
            const std::vector<float> one(seen.channels, 1.0f), minusOne(seen.channels, -1.0f);
            seen.observer.observe(ObservedRange{minusOne, one});
            blind.push_back(m_set.all()[seen.quantizer].name);
        }
        if (!blind.empty())
            warnings.push_back(str(blind.front(), ": not one value was finite; its range is taken as -1 to 1",
                                   alsoTrueOf(blind.size() - 1)));
    }

private:
    static bool isFinite(const ObservedRange& range) {
        const auto finite = [](float bound) { return std::isfinite(bound); };
        return std::ranges::all_of(range.low, finite) && std::ranges::all_of(range.high, finite);
    }
    static std::string alsoTrueOf(size_t others) {
        return others == 0 ? "" : str("; the same of ", others, others == 1 ? " more tensor" : " more tensors");
    }

    void addQuantizer(size_t index) {
        const Quantizer& quantizer = m_set.all()[index];
        for (size_t i = 0; i < quantizer.observed.size(); ++i) {
            if (i == 0 || quantizer.largest)
                m_seen.push_back({index, quantizer.largest ? std::optional(i) : std::nullopt, quantizer.observer});
            m_placeOf[quantizer.observed[i]] = m_seen.size() - 1;
        }
    }

    const Graph& m_graph;
    const QuantizerSet& m_set;
    std::map<ValueId, size_t> m_placeOf;
    std::map<ValueId, int64_t> m_spoiled;  // batches left out; values are numbered in the order of execution
    std::vector<Seen> m_seen;
    int64_t m_batches = 0;
};

ClipRequest requestFor(const Quantizer& q, CalibrationMethod method) {
    return {method, q.how.calibration.percentile, q.grid, q.smallestScale(), q.how.calibration.clipWeight};
}

// The channels of one quantizer, or its one tensor: all that was counted and the part that matters.
struct Counted {
    std::vector<Histogram> all, useful;
    ObservedRange range;

    Counted(const TensorHistograms& counts, float floor) : all(counts.histograms()) {
        for (const Histogram& h : all) {
            useful.push_back(above(h, floor));
            range.low.push_back(h.low);
            range.high.push_back(h.high);
        }
    }

    std::vector<ClipRange> chosen(const ClipRequest& request) const {
        std::vector<ClipRange> clips;
        for (const Histogram& h : useful) clips.push_back(chooseClip(h, request));
        return clips;
    }

    MethodTrial trial(const ClipRequest& request, const std::vector<ClipRange>& clips) const {
        MethodTrial trial{request.method, clips.front(), {}};
        for (size_t i = 0; i < useful.size(); ++i) {
            trial.clip = {std::min(trial.clip.low, clips[i].low), std::max(trial.clip.high, clips[i].high)};
            trial.quality =
                joined(trial.quality, clipQuality(useful[i], clips[i], request.grid, request.smallestScale));
        }
        return trial;
    }
};

ObservedRange rangeOf(const std::vector<ClipRange>& clips) {
    ObservedRange range;
    for (const ClipRange& clip : clips) {
        range.low.push_back(static_cast<float>(clip.low));
        range.high.push_back(static_cast<float>(clip.high));
    }
    return range;
}

std::vector<ClipRange> clipsOf(const ObservedRange& range) {
    std::vector<ClipRange> clips;
    for (size_t i = 0; i < range.low.size(); ++i) clips.push_back({range.low[i], range.high[i]});
    return clips;
}

// Chooses a range and moves the quantizer to it.
TensorCalibration choose(Quantizer& q, const TensorHistograms& counts) {
    q.clipRatios = {};
    const Counted seen(counts, usefulFloor(q));
    const bool channels = q.observer.axis() >= 0;
    TensorCalibration result{q.name, q.grid, methodFor(q.how), static_cast<int64_t>(counts.total()), 0, 0, 0, {}, {}};
    result.channels = channels ? static_cast<int64_t>(seen.all.size()) : 0;
    result.low = std::ranges::min(seen.range.low), result.high = std::ranges::max(seen.range.high);
    for (const CalibrationMethod method : kMethods) {
        if (channels && method != result.method) continue;
        const ClipRequest request = requestFor(q, method);
        const std::vector<ClipRange> clips = seen.chosen(request);
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
    if (q.observer.axis() < 0)
        warnings.push_back(str(q.name, ": all calibration values are ", first->low, "; their range is taken as it is"));
    else
        warnings.push_back(str(q.name, ": all calibration values of ", std::ranges::count_if(all, constant), " of ",
                               all.size(), " channels are the same, ", first->low, " in channel ", first - all.begin(),
                               "; their range is taken as it is"));
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
    if (seen.counts.total() > 0) candidate.report = choose(candidate.quantizer, seen.counts);
    return candidate;
}

float largestScale(const Quantizer& q) {
    float largest = 0;
    for (const QParams& params : chooseQParams(usefulRange(q), q.grid, q.smallestScale()))
        largest = std::max(largest, params.scale);
    return largest;
}

// The only candidate, or the one that needs the largest scale, the first of equals.
Candidate& widestOf(std::span<Candidate> candidates) {
    return *std::ranges::max_element(candidates, {},
                                     [](const Candidate& candidate) { return largestScale(candidate.quantizer); });
}

std::vector<Candidate> allCandidates(const QuantizerSet& set, const std::vector<Seen>& seen) {
    std::vector<std::optional<Candidate>> made(seen.size());
    at::parallel_for(0, static_cast<int64_t>(seen.size()), 1, [&](int64_t begin, int64_t end) {
        for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
            made[i] = candidateFrom(set.all()[seen[i].quantizer], seen[i]);
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
        if (!chosen.report) continue;
        result.tensors.push_back(std::move(*chosen.report));
        warnOfConstants(q, seen[static_cast<size_t>(&chosen - candidates.data())].counts, result.warnings);
    }
    if (result.images == 1)
        result.warnings.push_back(str("calibration saw a single image; its ranges say little about others"));
}

}  // namespace

CalibrationMethod methodFor(const Resolved& how) {
    return how.calibration.method != CalibrationMethod::MinMax ? how.calibration.method : methodOf(how.tensor.observer);
}

CalibrationResult calibrate(const Graph& floatGraph, Graph& quantized, QuantizerSet& set,
                            const std::function<at::Tensor()>& next, const std::function<void(int64_t)>& done,
                            const CancelToken& cancel) {
    Collector collector(floatGraph, set);
    CalibrationResult result;
    Executor executor(floatGraph, {.outputs = trainedOutputs(floatGraph)});
    executor.setHook([&](ValueId value, const at::Tensor& tensor) { collector.see(value, tensor); },
                     [&](ValueId value) { return collector.wants(value); });
    for (at::Tensor images = next(); images.defined(); images = next()) {
        executor.run(images);
        collector.endBatch();
        result.images += images.size(0);
        done(collector.batches());
        cancel.poll();
    }
    require(collector.batches() > 0, ErrorKind::BadInput, "calibration got no images");
    collector.settleSpoiled(result.warnings);
    chooseAll(set, collector.seen(), result);
    for (const Quantizer& quantizer : set.all())
        if (!quantizer.weight) set.applyRange(quantized, quantizer);
    return result;
}

}  // namespace qat
