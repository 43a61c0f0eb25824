// The gate, and the loop over methods and seeds.
#include "session/run_group.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "report/group_report.h"
#include "session/methods.h"
#include "session/run_folder.h"

namespace qat {
namespace {

JobRequest requestFor(const GroupRequest& group, const Config& base, const std::string& method, int64_t seed) {
    const std::string name = str(base.model.architecture, base.model.variant, "-", method, "-s", seed);
    JobRequest request{group.config, group.out / name, group.data, group.overrides};
    const Overrides recipe = methodOverrides(method, base);
    request.overrides.insert(request.overrides.end(), recipe.begin(), recipe.end());
    request.overrides.emplace_back("run.seed", std::to_string(seed));
    request.overrides.emplace_back("run.deterministic", "true");
    return request;
}

void check(const GroupRequest& group, const Config& base) {
    require(!group.methods.empty() && !group.seeds.empty(), ErrorKind::BadInput, "a group needs methods and seeds");
    require(std::set(group.methods.begin(), group.methods.end()).size() == group.methods.size(), ErrorKind::BadInput,
            "a method is named twice");
    require(std::set(group.seeds.begin(), group.seeds.end()).size() == group.seeds.size(), ErrorKind::BadInput,
            "a seed is named twice");
    for (const std::string& method : group.methods) methodOverrides(method, base);
    require(base.train.epochs > 0 && base.train.quantize, ErrorKind::BadInput,
            "methods are ways of quantization-aware training, but ",
            base.train.quantize ? "train_params.epochs is 0" : "train_params.quantize is false");
}

// Runs of the group, and those of gate.evidence.
std::vector<RunRecord> evidenceFor(const GroupRequest& group, const Config& base) {
    std::vector<RunRecord> runs = readGroup(group.out);
    if (!base.gate.evidence.empty()) std::ranges::move(evidenceOf(base), std::back_inserter(runs));
    return runs;
}

// For the runs of a group, which has asked for all of them.
StageGate answerOf(const GroupOutcome& outcome, const Config& base) {
    if (!outcome.gate.empty()) return {StageGateState::Overridden, outcome.gate};
    return {isGated(base) ? StageGateState::Open : StageGateState::NotNeeded};
}

bool isFinished(const JobRequest& request) {
    if (!hasSummary(request.out)) return false;
    requireSameRun({request.out}, resolvedConfig(request));
    return readRunRecord(request.out).text("status") == "completed-success";
}

// False: stopped on request.
bool runOne(JobRequest request, EventSink& sink, const CancelToken& cancel, std::vector<std::string>& failed) {
    request.resume = std::filesystem::exists(RunFolder{request.out}.config());
    try {
        return runPipeline(request, sink, cancel).status != JobStatus::Cancelled;
    } catch (const Error& error) {
        // A run that got as far as its summary tells of its failure there; others may still succeed.
        if (!hasSummary(request.out)) throw;
        failed.push_back(request.out.filename().string() + ": " + error.what());
        return true;
    }
}

}  // namespace

GroupOutcome runGroup(const GroupRequest& group, EventSink& sink, const CancelToken& cancel) {
    const Config base = resolvedConfig({group.config, group.out, group.data, group.overrides});
    check(group, base);
    GroupOutcome outcome;
    outcome.gate = stageGate(evidenceFor(group, base), base.model.variant, base.gate.stableRuns);
    if (!outcome.gate.empty() && !group.overrideGate) {
        outcome.status = JobStatus::GateFailed;
        return outcome;
    }
    makeWritableFolder(group.out);
    const size_t total = group.methods.size() * group.seeds.size();
    size_t number = 0;
    for (const std::string& method : group.methods)
        for (const int64_t seed : group.seeds) {
            JobRequest request = requestFor(group, base, method, seed);
            request.gate = answerOf(outcome, base);
            const bool finished = isFinished(request);
            sink.log(LogLevel::Info, "methods",
                     str("run ", ++number, " of ", total, ", ", request.out.filename().string(),
                         finished ? ": finished before" : ""));
            if (!finished && !runOne(request, sink, cancel, outcome.failed)) outcome.status = JobStatus::Cancelled;
            outcome.rows = methodRows(readGroup(group.out));
            writeMethodTable(group.out, outcome.rows);
            writeGroupReport(group.out);
            if (outcome.status == JobStatus::Cancelled) return outcome;
        }
    return outcome;
}

}  // namespace qat
