// report.html of a group of runs: the table of methods, and how their runs scatter.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "report/reported_run.h"

namespace qat {

// `title` is the group's name; links lead to the runs' own pages.
std::string groupReport(const std::string& title, const std::vector<ReportedRun>& runs);

// Writes report.html into the group's folder and into each run's, and returns the group's. Throws Error{BadInput} if
// there is no run in it, Error{Io}.
std::filesystem::path writeGroupReport(const std::filesystem::path& folder);

}  // namespace qat
