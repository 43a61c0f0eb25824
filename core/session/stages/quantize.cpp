// From a plan to quantizers.
#include "session/stages/quantize.h"

#include "base/error.h"
#include "export/exporter.h"
#include "graph/device.h"
#include "quant/placement_lint.h"
#include "session/describe.h"

namespace qat {
namespace {

void warnOfRefusals(JobState& job) {
    for (const Runtime runtime : runtimesOf(job.config.exporting.formats))
        for (const std::string& refusal : refusals(lintPlacement(job.model, job.plan, runtime), runtime))
            job.log.log(LogLevel::Warning, "export", refusal);
}

}  // namespace

void insertQuantizers(JobState& job) {
    job.plan = resolvePlan(job.model, job.config);
    for (const auto& warning : job.plan.warnings) job.log.log(LogLevel::Warning, "quant", warning);
    require(!job.plan.weights.empty(), ErrorKind::BadInput,
            "the configuration leaves every layer in float: nothing to quantize");
    if (job.request.kind == JobKind::Pipeline) warnOfRefusals(job);
    job.facts.outcome.fp32Bytes = deviceBytes(job.floatModel, nullptr);
    job.facts.outcome.quantizedBytes = deviceBytes(job.floatModel, &job.plan);
    inProcessorMemory({&job.model}, [&] { job.quantizers.emplace(job.model, job.plan); });
    job.log.log(LogLevel::Info, "quant",
                str(job.plan.weights.size(), " weights and ", job.plan.groups.size(), " activation ranges quantized, ",
                    job.plan.skipped.size(), " layers left in float"));
}

void describeModel(JobState& job) {
    const ModelDescription description =
        describeGraph(job.floatModel, job.config.data.imgsz, job.config.train.quantize ? &job.plan : nullptr);
    writeLayers(job.folder, description.layers);
}

}  // namespace qat
