// The version's first number decides.
#include "report/summary_version.h"

#include <charconv>

#include "base/error.h"
#include "base/files.h"
#include "report/reported_run.h"

namespace qat {
namespace {

// 0 where there is none.
int majorOf(std::string_view version) {
    int major = 0;
    std::from_chars(version.data(), version.data() + version.size(), major);
    return major;
}

}  // namespace

SummaryTrouble summaryTrouble(const std::filesystem::path& runFolder) {
    const auto file = runFolder / "run_summary.json";
    if (!hasSummary(runFolder)) return {};
    try {
        const auto summary = nlohmann::json::parse(readFile(file), nullptr, false);
        if (!summary.is_object()) return {false, file.string() + " is damaged"};
        const std::string version = textOf(summary, "schema_version");
        if (majorOf(version) <= majorOf(kSummaryVersion)) return {};
        return {true, str(file.string(), " was written by a newer version of Qatelier (it has version ", version, ", ",
                          kSummaryVersion, " is known here): figures may be missing or mean something else")};
    } catch (const Error& error) {
        return {false, error.what()};
    }
}

}  // namespace qat
