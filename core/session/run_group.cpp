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

std::string stageGate(const std::vector<RunRecord>& runs, const std::string& variant, int required) {
    if (variant == "n" || variant == "s" || required == 0) return "";
    std::string missing;
    for (const char* small : {"n", "s"}) {
        int stable = 0, all = 0;
        for (const RunRecord& run : runs) {
            if (!run.text("model", "variant").ends_with(small) || run.text("method", "variant") != "ema+qc") continue;
            ++all;
            stable += isStable(run);
        }
        if (stable < required || stable < all)
            missing += str(missing.empty() ? "" : " and ", stable, " of ", std::max(all, required), " on ", small);
    }
    if (missing.empty()) return "";
    return str("model.variant is ", variant, ", which needs ", required,
               " stable runs of ema+qc on n and on s and no other: there are ", missing);
}

GroupOutcome runGroup(const GroupRequest& group, EventSink& sink, const CancelToken& cancel) {
    const Config base = resolvedConfig({group.config, group.out, group.data, group.overrides});
    check(group, base);
    GroupOutcome outcome;
    outcome.gate = stageGate(readGroup(group.out), base.model.variant, base.gate.stableRuns);
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
            if (!outcome.gate.empty()) request.overriddenGate = outcome.gate;
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
