// The events of a run folder.
#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "base/files.h"
#include "fuzz/target.h"
#include "fuzz/written_file.h"
#include "report/reported_run.h"
#include "support/recorded_run.h"

namespace qat::test {
namespace {

std::string problemOfRun(const ReportedRun& run) {
    for (const auto& [name, series] : run.events.series)
        if (!std::ranges::is_sorted(series.curve(), {}, &std::pair<double, double>::first))
            return "a curve goes back: " + name;
    return run.text("status").empty() && !run.ended ? "a run at work says nothing of it" : "";
}

// A line of each type that the program writes.
std::vector<std::string> recordedLines() {
    std::map<std::string, std::string> byType;
    std::istringstream lines(readFile(recordedRun() / "events.jsonl"));
    for (std::string line; std::getline(lines, line);)
        byType.try_emplace(nlohmann::json::parse(line)["type"], line + "\n");
    std::vector<std::string> found;
    for (const auto& [type, line] : byType) found.push_back(line);
    return found;
}

}  // namespace

FuzzVerdict judgeEvents(const std::string& bytes) {
    static WrittenFile events("events.jsonl");
    static const bool begun = std::ofstream(events.folder() / "config.yaml").good();
    events.with(bytes);
    return verdictOn([&] { return begun ? problemOfRun(readRun(events.folder())) : "no run folder"; });
}

std::vector<std::string> eventsSeeds() {
    std::vector<std::string> seeds = recordedLines();
    std::string all;
    for (const std::string& line : seeds) all += line;
    for (const char* odd : {"", "[]\n7\n{\"type\":3}\n", "{\"type\":\"layer\",\"metrics\":[]}\n\xff\n{\"t\":1,\"ty"})
        seeds.push_back(odd);
    seeds.push_back(all);
    return seeds;
}

}  // namespace qat::test
