// Series, layer rows and sentences.
#include "train/train_reports.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/error.h"
#include "runs/words.h"
#include "train/quantizer_report.h"
#include "train/schedule.h"

namespace qat {
namespace {

constexpr int64_t kReportedImages = 2;

}  // namespace

void reportLosses(EventSink& sink, int64_t step, const LossTerms& losses, const std::optional<double>& distillation) {
    const auto x = static_cast<double>(step);
    for (const LossTerm& loss : losses) sink.scalar(series::loss(loss.name), x, loss.value);
    if (distillation) sink.scalar(series::loss(series::kDistill), x, *distillation);
}

void reportRates(EventSink& sink, int64_t step, const StepSettings& settings) {
    const auto x = static_cast<double>(step);
    sink.scalar(series::kBiasRate, x, settings.lrBias);
    sink.scalar(series::kWeightRate, x, settings.lrWeight);
    sink.scalar(series::kNormRate, x, settings.lrNorm);
}

void reportGrids(EventSink& sink, const Graph& graph, const QuantizerSet& quantizers, const at::Tensor& images,
                 int64_t epoch) {
    const auto reports = reportQuantizers(graph, quantizers, images.slice(0, 0, kReportedImages));
    for (const QuantizerReport& report : reports)
        sink.layer({std::string(tables::kQuantizer), report.name, report.bits, static_cast<int>(epoch),
                    std::string(model_stages::kTrained), report.metrics()});
    const auto fallen = [](const QuantizerReport& report) { return report.learned && report.atFloor > 0; };
    const auto count = std::ranges::count_if(reports, fallen);
    if (count == 0) return;
    sink.log(
        LogLevel::Warning, "trainer",
        str("learned scales of ", count, " quantizers stand at the smallest one allowed, fake_quantize.eps, in epoch ",
            epoch, ": ", std::ranges::find_if(reports, fallen)->name, " among them"));
}

void reportEpoch(EventSink& sink, const EpochResult& result, int64_t lastEpoch) {
    const auto epoch = static_cast<double>(result.epoch);
    for (const Metric& m : result.metrics.values) sink.scalar(series::ofEpochs(m.key), epoch, m.value);
    std::string losses;
    for (const LossTerm& loss : result.losses) losses += str(", ", loss.name, " ", loss.value);
    if (result.distillLoss) losses += str(", distillation ", *result.distillLoss);
    sink.log(LogLevel::Info, "trainer",
             str("epoch ", result.epoch, " of ", lastEpoch, ": ", result.metrics.sentence(), losses));
    if (!result.raw) return;
    for (const Metric& m : result.raw->values)
        if (m.headline) sink.scalar(series::ofRawEpochs(m.key), epoch, m.value);
}

void reportNewLength(EventSink& sink, const TrainPosition& at, int64_t epochs, std::optional<double> next) {
    const std::string change = str("train_params.epochs was ", at.planned, " and is ", epochs);
    if (!next)
        sink.log(LogLevel::Warning, "trainer",
                 str(change, ", but patience ran out after epoch ", at.epoch,
                     ": a larger train_params.patience would go on"));
    else
        sink.log(LogLevel::Info, "trainer",
                 str(change,
                     ": from here on learning rates and all else that follows the training's length are those of a run "
                     "of ",
                     epochs, " epochs; the next learning rate is ", *next));
}

void warnOfIdle(EventSink& sink, const Stabilizer& stabilizer) {
    if (stabilizer.weights() > 0 || !(stabilizer.dampens() || stabilizer.freezes())) return;
    sink.log(LogLevel::Warning, "trainer",
             "no weight has 4 bits or less: oscillation.dampen and oscillation.freeze have nothing to act on");
}

void reportOscillation(EventSink& sink, const Stabilizer& stabilizer, int64_t epoch) {
    sink.scalar(series::kOscillating, static_cast<double>(epoch), stabilizer.oscillating());
    if (stabilizer.freezes()) sink.scalar(series::kFrozen, static_cast<double>(epoch), stabilizer.frozen());
    for (const OscillationShare& share : stabilizer.shares()) {
        std::map<std::string, double> metrics{{"share", share.share},
                                              {"mean_frequency", share.meanFrequency},
                                              {"boundary_distance", share.boundaryDistance}};
        if (stabilizer.freezes()) metrics["frozen"] = share.frozen;
        sink.layer({std::string(tables::kOscillation), share.layer, share.bits, static_cast<int>(epoch),
                    std::string(model_stages::kTrained), metrics});
    }
}

}  // namespace qat
