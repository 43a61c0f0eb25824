// Measuring and telling.
#include "session/stages/measure.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "analysis/layer_error.h"
#include "base/error.h"
#include "runs/words.h"
#include "session/previews.h"
#include "session/stages/batches.h"
#include "session/stages/conditions.h"

namespace qat {
namespace {

// The measures that analysis.metrics names.
std::map<std::string, double> wantedOf(const Config& config, const std::map<std::string, double>& metrics) {
    std::map<std::string, double> chosen;
    for (const std::string& name : config.analysis.metrics)
        if (const auto found = metrics.find(name); found != metrics.end()) chosen.insert(*found);
    return chosen;
}

}  // namespace

Measurement validate(const JobState& job, const Graph& graph, std::string_view progress, bool keep) {
    Loader loader = validationLoader(job);
    const auto tell = [&](int64_t done, int64_t total) {
        if (!progress.empty()) job.log.progress(progress, done, total);
    };
    return taskOf(graph.info).measure(graph, loader, keep, job.cancel, tell);
}

void tellAccuracy(JobState& job, std::string_view series, const Metrics& metrics) {
    for (const Metric& metric : metrics.headlines())
        job.log.scalar(series::accuracy(series, metric.label), 0, metric.value);
    if (metrics.confidence) job.log.scalar(series::accuracy(series, series::kConfidence), 0, *metrics.confidence);
}

void report(JobState& job, const std::string& series, const Measurement& measured, std::optional<Metrics>& slot) {
    slot = measured.metrics;
    tellAccuracy(job, series, *slot);
    const std::string confidence =
        slot->confidence ? str("; recommended confidence ", *slot->confidence) : std::string();
    job.log.log(LogLevel::Info, "eval",
                str(series, ": ", slot->sentence(), " on ", measured.images, " images", confidence));
}

// The last validation of training saw this very model, unless training ended otherwise than with an epoch.
Metrics trainedMetrics(const JobState& job) {
    const TrainOutcome& training = job.facts.training;
    const bool seen = !training.halted && !training.epochs.empty() && !training.epochs.back().easier;
    return seen ? training.epochs.back().metrics : validate(job, job.model, "", false).metrics;
}

void showImages(JobState& job, const std::vector<ImageDetections>& quantized, const std::string& made) {
    if (!wantsPreviews(job.config) || job.floatDetections.empty()) return;
    for (const ImageRow& row : previewRows(taskOf(job.model.info), job.folder, *job.val, job.floatDetections, quantized,
                                           made, job.config.analysis.previewImages))
        job.log.image(row);
}

void measureLayerErrors(JobState& job, const std::string& made) {
    const int64_t count = std::min<int64_t>(job.facts.valImages, job.config.analysis.testSamples);
    const auto errors = measureLayerError(
        job.floatModel, job.model,
        imageBatches(job, job.val, count, std::min<int>(job.config.train.batchSize, 4), false), job.cancel);
    for (const LayerError& error : errors) {
        const auto node = job.floatModel.findNode(error.layer);
        const WeightPlan* plan = node ? job.plan.weightOf(*node) : nullptr;
        job.log.layer({std::string(tables::kError), error.layer, plan ? plan->how.tensor.bitWidth : 0, 0, made,
                       wantedOf(job.config, error.error.metrics())});
    }
    job.log.log(LogLevel::Info, "analysis", str("layer error on ", count, " images"));
}

}  // namespace qat
