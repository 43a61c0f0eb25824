// Formats, calibrations, methods and seeds, each with each, as runs in one folder from one command; goes on where it
// was interrupted.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/cancel.h"
#include "base/events.h"
#include "report/group_table.h"
#include "session/session.h"

namespace qat {

struct GroupRequest {
    std::filesystem::path config;  // what all runs have in common
    std::filesystem::path
        out;           // the group's folder; runs are OUT/<model>[-<precision>][-<calibration>]-<method>-s<seed>
    std::string data;  // replaces data.path if not empty
    std::vector<std::pair<std::string, std::string>> overrides;
    std::vector<std::string> precisions;    // see precisionOverrides(); none: the configuration's
    std::vector<std::string> calibrations;  // of calibration.method; none: the configuration's
    std::vector<std::string> methods;       // see methodOverrides()
    std::vector<int64_t> seeds;             // the same for every method
    bool overrideGate = false;
};

struct GroupOutcome {
    JobStatus status = JobStatus::Completed;  // GateFailed: the gate is closed, nothing was run
    std::string gate;                         // why it is closed, or was overridden; "" if it is open
    std::vector<std::string> failed;          // "run: sentence" of runs that ended with an error
    std::vector<MethodRow> rows;              // of all runs in the folder
};

// Runs what is not finished yet; a run that was interrupted is resumed, one that fails does not keep the others from
// running. Writes methods.md, methods.json and report.html after each run. Throws Error{BadInput} for names, seeds or a
// configuration that cannot be run, and for a run folder that holds another job.
GroupOutcome runGroup(const GroupRequest& request, EventSink& sink, CancelToken& cancel);

}  // namespace qat
