// report.html of a run: what it was, what came out, and the curves, as one page that can be mailed.
#pragma once

#include <string>

#include "report/run_record.h"

namespace qat {

// The page. Sections for which the run has nothing are left out.
std::string runReport(const RunRecord& run);

// Writes it as report.html into the run's folder and returns the path. Throws Error{BadInput} without a summary,
// Error{Io}.
std::filesystem::path writeRunReport(const std::filesystem::path& folder);

}  // namespace qat
