// Stopping as a person would: the batch is finished and a checkpoint written.
#include "session/parted_job.h"

#include <gtest/gtest.h>

namespace qat::test {
namespace {

void arm(SmallJob& job, const StopAt& stop) {
    if (!stop.x) {
        job.sink.onStage = [&job, stop](std::string_view stage) {
            if (stage == stop.name) job.cancel.request(StopLevel::FinishBatch);
        };
        return;
    }
    job.sink.onScalar = [&job, stop](std::string_view series, double x) {
        if (series == stop.name && x == stop.x) job.cancel.request(StopLevel::FinishBatch);
    };
}

}  // namespace

std::unique_ptr<SmallJob> runInParts(const std::filesystem::path& scratch, const std::string& folder,
                                     const std::function<void(SmallJob&)>& prepare, const std::vector<StopAt>& stops) {
    for (size_t sitting = 0;; ++sitting) {
        auto job = std::make_unique<SmallJob>(scratch);
        prepare(*job);
        job->request.out = scratch / folder;
        job->request.resume = sitting > 0;
        const bool last = sitting == stops.size();
        if (!last) arm(*job, stops[sitting]);
        EXPECT_EQ(job->run().status, last ? JobStatus::Completed : JobStatus::Cancelled)
            << folder << ", sitting " << sitting;
        if (last) return job;
    }
}

}  // namespace qat::test
