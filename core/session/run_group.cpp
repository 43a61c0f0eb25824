// The gate, and the loop over the runs of a group.
#include "session/run_group.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "config/config_io.h"
#include "config/table_name.h"
#include "report/group_report.h"
#include "session/methods.h"
#include "session/precision.h"
#include "session/run_folder.h"
#include "session/run_lock.h"

namespace qat {
namespace {

// One run of the group: what distinguishes it, as part of its name and as settings.
struct Cell {
    std::string name;
    Overrides settings;
};

Cell operator+(Cell cell, const Cell& next) {
    cell.name += "-" + next.name;
    cell.settings.insert(cell.settings.end(), next.settings.begin(), next.settings.end());
    return cell;
}

// Every cell with every choice, the choices of the first cell first.
std::vector<Cell> times(const std::vector<Cell>& cells, const std::vector<Cell>& choices) {
    if (choices.empty()) return cells;
    std::vector<Cell> all;
    for (const Cell& cell : cells)
        for (const Cell& choice : choices) all.push_back(cell + choice);
    return all;
}

std::vector<Cell> cellsOf(const GroupRequest& group, const Config& base) {
    std::vector<Cell> precisions, calibrations, methods, seeds;
    for (const std::string& name : group.precisions)
        precisions.push_back({canonicalPrecision(name), precisionOverrides(name, base)});
    for (const std::string& name : group.calibrations) calibrations.push_back({name, {{"calibration.method", name}}});
    for (const std::string& name : group.methods) methods.push_back({name, methodOverrides(name, base)});
    for (const int64_t seed : group.seeds)
        seeds.push_back({str("s", seed), {{"run.seed", std::to_string(seed)}, {"run.deterministic", "true"}}});
    const std::vector<Cell> model{{modelName(base.model), {}}};
    return times(times(times(times(model, precisions), calibrations), methods), seeds);
}

JobRequest requestFor(const GroupRequest& group, const Cell& cell) {
    JobRequest request{group.config, group.out / cell.name, group.data, group.overrides};
    request.overrides.insert(request.overrides.end(), cell.settings.begin(), cell.settings.end());
    return request;
}

template <class T>
void requireDistinct(const std::vector<T>& values, const char* what) {
    require(std::set(values.begin(), values.end()).size() == values.size(), ErrorKind::BadInput, what,
            " is named twice");
}

void check(const GroupRequest& group, const Config& base) {
    require(!group.methods.empty() && !group.seeds.empty(), ErrorKind::BadInput, "a group needs methods and seeds");
    std::vector<std::string> precisions;
    std::ranges::transform(group.precisions, std::back_inserter(precisions), canonicalPrecision);
    requireDistinct(precisions, "a precision");
    requireDistinct(group.calibrations, "a calibration");
    requireDistinct(group.methods, "a method");
    requireDistinct(group.seeds, "a seed");
    require(base.train.quantize, ErrorKind::BadInput,
            "methods are ways of quantization, but train_params.quantize is false");
    require(base.train.epochs > 0 || std::ranges::none_of(group.methods, trains), ErrorKind::BadInput,
            "train_params.epochs is 0, which leaves nothing to compare but ptq and ptq+qc");
}

// Whether every run of the group can be configured, before the first of them is started.
void checkCells(const GroupRequest& group, const std::vector<Cell>& cells) {
    for (const Cell& cell : cells) resolvedConfig(requestFor(group, cell));
}

// Runs of the group, and those of gate.evidence.
std::vector<ReportedRun> evidenceFor(const GroupRequest& group, const Config& base) {
    std::vector<ReportedRun> runs = readGroup(group.out);
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
    const Config config = resolvedConfig(request);
    requireSameRun({request.out}, config);
    return readRun(request.out).text("status") == run_status::kSuccess && !hasMoreToDo({request.out}, config);
}

// False: stopped on request.
bool runOne(JobRequest request, EventSink& sink, CancelToken& cancel, std::vector<std::string>& failed) {
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

GroupOutcome runGroup(const GroupRequest& group, EventSink& sink, CancelToken& cancel) {
    const Config base = resolvedConfig({group.config, group.out, group.data, group.overrides});
    check(group, base);
    require(!hasSummary(group.out) && !isBegun(group.out), ErrorKind::BadInput, group.out.string(),
            " is the folder of a single run, not one for a group of them");
    const std::vector<Cell> cells = cellsOf(group, base);
    checkCells(group, cells);
    GroupOutcome outcome;
    const bool asks = std::ranges::any_of(group.methods, trains);
    if (asks && isGated(base))
        outcome.gate = stageGate(evidenceFor(group, base), base.model.variant, base.gate.stableRuns);
    if (!outcome.gate.empty() && !group.overrideGate) {
        outcome.status = JobStatus::GateFailed;
        return outcome;
    }
    makeWritableFolder(group.out);
    const RunLock lock(group.out, cancel);
    for (size_t i = 0; i < cells.size() && outcome.status != JobStatus::Cancelled; ++i) {
        JobRequest request = requestFor(group, cells[i]);
        if (asks) request.gate = answerOf(outcome, base);
        const bool finished = isFinished(request);
        sink.log(LogLevel::Info, "methods",
                 str("run ", i + 1, " of ", cells.size(), ", ", cells[i].name, finished ? ": finished before" : ""));
        if (!finished && !runOne(request, sink, cancel, outcome.failed)) outcome.status = JobStatus::Cancelled;
        outcome.rows = methodRows(readGroup(group.out));
        writeMethodTable(group.out, outcome.rows);
        writeGroupReport(group.out);
    }
    return outcome;
}

}  // namespace qat
