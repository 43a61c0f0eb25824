// Lines about passes.
#include "session/stages/pass_log.h"

#include "base/error.h"

namespace qat {

void logPasses(JobState& job, const PassResults& results) {
    for (const PassRun& run : results.runs)
        job.log.log(LogLevel::Debug, "passes", str(run.pass, ": ", run.changes, " places in ", run.seconds, " s"));
}

}  // namespace qat
