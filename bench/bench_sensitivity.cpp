// The one-layer-on sweep (two images at 320, 8 bits) from kept values against full passes, which must agree.
#include <ATen/ATen.h>

#include <cmath>
#include <memory>

#include "analysis/sensitivity.h"
#include "base/error.h"
#include "benches.h"
#include "quant/calibrate.h"
#include "quant/plan.h"
#include "subject.h"

namespace qat::bench {
namespace {

constexpr const char* kReuse = "sensitivity.reuse";
constexpr const char* kFull = "sensitivity.full";
constexpr const char* kDifference = "sensitivity.difference";
// Of scores, relative. Not zero: a convolution rounds differently where its input has another memory order.
constexpr double kMostDifference = 1e-3;

struct Sweep {
    Graph floatGraph, quantized;
    QuantizerSet quantizers;
    at::Tensor images = noiseImages(2, 320);
    std::vector<LayerSensitivity> reused, full;

    explicit Sweep(Graph graph)
        : floatGraph(std::move(graph)),
          quantized(floatGraph.clone(true)),
          quantizers(quantized, resolvePlan(quantized, w8a8(false))) {
        calibrate(
            floatGraph, quantized, quantizers, once(images), [](int64_t) {}, CancelToken());
    }
    std::vector<LayerSensitivity> run(bool reuse) const {
        return measureSensitivity({floatGraph, quantizers, {8}, reuse}, once(images), 1, CancelToken(),
                                  [](int64_t, int64_t) {});
    }
};

// The largest relative difference of the scores.
double differenceOf(const Sweep& sweep) {
    ensure(!sweep.reused.empty() && sweep.reused.size() == sweep.full.size(), "both sweeps have the same rows");
    double largest = 0;
    for (size_t i = 0; i < sweep.full.size(); ++i) {
        const double a = sweep.reused[i].error.noiseToSignal(), b = sweep.full[i].error.noiseToSignal();
        ensure(sweep.reused[i].layer == sweep.full[i].layer && std::isfinite(a) && std::isfinite(b),
               "rows are comparable");
        if (a != b) largest = std::max(largest, std::abs(a - b) / std::max(std::abs(a), std::abs(b)));
    }
    return largest;
}

Contender ready(const std::string& name, const std::string& baseline, const Work& work) {
    return {name, baseline, {}, [work] { return work; }};
}

}  // namespace

void benchSensitivity(const Settings& settings, Table& table) {
    if (!settings.wants(kReuse) && !settings.wants(kFull) && !settings.wants(kDifference)) return;
    const auto sweep = std::make_shared<Sweep>(subjectModel(settings, true));
    const Work reused = [=] { sweep->reused = sweep->run(true); };
    const Work full = [=] { sweep->full = sweep->run(false); };
    compare(settings, settings.quick ? Rounds{0, 1} : Rounds{1, 5},
            {ready(kFull, "", full), ready(kReuse, kFull, reused)}, table);
    if (!settings.wants(kDifference)) return;
    if (sweep->reused.empty()) reused();
    if (sweep->full.empty()) full();
    const double difference = differenceOf(*sweep);
    require(difference <= kMostDifference, ErrorKind::Internal, "the sweep's scores differ by ", difference);
    table.add({kDifference, difference, "relative"});
}

}  // namespace qat::bench
