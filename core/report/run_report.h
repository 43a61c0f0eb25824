// report.html of a run: what it was, what came out, and the curves, as one page that can be mailed.
#pragma once

#include <string>

#include "report/reported_run.h"

namespace qat {

// The page. Sections for which the run has nothing are left out. Of a run that has not ended it shows what there is so
// far, and says so; `whoWorks` is a sentence about who works in the folder, where the caller knows.
std::string runReport(const ReportedRun& run, const std::string& whoWorks = "");

// Writes it as report.html into the run's folder and returns the path. Throws as readReportedRun, Error{Io}.
std::filesystem::path writeRunReport(const std::filesystem::path& folder, const std::string& whoWorks = "");

}  // namespace qat
