// The stage `repair`: calibrated layers one by one.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "config/derived.h"
#include "graph/device.h"
#include "quant/repair.h"
#include "session/stages/batches.h"
#include "session/stages/job_state.h"
#include "session/stages/stage_table.h"

namespace qat {
namespace {

constexpr int kRepairBatch = 8;  // a setting would be one that changes last bits

// As many as were wanted, but for pictures that cannot be decoded.
int64_t imagesIn(const std::function<at::Tensor()>& next) {
    int64_t count = 0;
    for (at::Tensor images = next(); images.defined(); images = next()) count += images.size(0);
    return count;
}

void repairModel(JobState& job) {
    const int64_t wanted = std::min<int64_t>(job.train->size(), job.config.repair.samples);
    const auto open = [&] { return imageBatches(job, job.train, wanted, kRepairBatch, true); };
    const int64_t count = imagesIn(open());
    const RepairImages samples{count, open};
    std::vector<LayerRepair> repairs;
    inProcessorMemory({&job.floatModel, &job.model}, [&] {
        repairs = repairLayers(job.floatModel, job.model, *job.quantizers, samples, job.config.repair,
                               static_cast<uint64_t>(job.config.run.seed), job.cancel,
                               [&](int64_t done, int64_t total) { job.log.progress(kRepairStage.name, done, total); });
    });
    double gained = 0;
    for (const LayerRepair& repair : repairs) {
        job.log.layer({std::string(tables::kRepair),
                       repair.layer,
                       repair.bits,
                       0,
                       "ptq",
                       {{"before", repair.before}, {"after", repair.after}}});
        if (repair.before > 0 && repair.after > 0)
            gained += 10 * std::log10(repair.before / repair.after) / static_cast<double>(repairs.size());
    }
    job.facts.repairNote = str(repairs.size(), " layers repaired on ", count, " images",
                               job.config.repair.adaround ? ", rounding learned" : "",
                               job.config.repair.biasCorrection ? ", biases corrected" : "", ": their error fell by ",
                               gained, " dB on average");
    job.log.log(LogLevel::Info, "repair", job.facts.repairNote);
}

}  // namespace

const Stage kRepairStage{.name = stages::kRepair,
                         .applies = [](const Config& config, JobKind) { return repairsLayers(config); },
                         .reads = JobPart::Data | JobPart::FloatModel | JobPart::Model,
                         .writes = JobPart::Model,
                         .onResume = OnResume::Keep,
                         .run = repairModel};

}  // namespace qat
