// Whether the run folder that readers are tested with is still what the program writes: the same job is run again, and
// every field, table, series and file form must be the same. QATELIER_RECORD_RUN=1 records it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "base/files.h"
#include "cli/program.h"
#include "support/assets.h"
#include "support/recorded_run.h"

namespace qat::test {
namespace {

using nlohmann::json;
using Forms = std::set<std::string>;

constexpr const char* kFiles[] = {"events.jsonl", "layers.json", "run_summary.json"};

// "metrics.fp32.mAP50 number": what members there are and of what kind, whatever they hold.
void addForms(Forms& forms, const std::string& where, const json& value) {
    if (value.is_object())
        for (const auto& [key, member] : value.items()) addForms(forms, where + "." + key, member);
    else if (value.is_array() && !value.empty() && value.front().is_object())
        for (const json& member : value) addForms(forms, where + "[]", member);
    else
        forms.insert(where + " " + (value.is_number() ? "number" : value.type_name()));
}

// Tables, series, stages and sources are words that readers know, so they are part of the form.
std::string kindOf(const json& event) {
    std::string kind = event["type"];
    for (const char* key : {"table", "series", "state", "level", "status", "stage"})
        if (const auto found = event.find(key); found != event.end() && event["type"] != "log")
            kind += " " + found->get<std::string>();
    return kind;
}

Forms formsOf(const std::filesystem::path& run) {
    Forms forms;
    std::istringstream events(readFile(run / "events.jsonl"));
    for (std::string line; std::getline(events, line);) {
        const json event = json::parse(line);
        if (event["type"] != "log") addForms(forms, kindOf(event), event);
        if (event["type"] == "run") forms.insert("stages " + event["stages"].dump());
    }
    for (const json& layer : readJson(run / "layers.json")) addForms(forms, "layer", layer);
    const json summary = readJson(run / "run_summary.json");
    addForms(forms, "summary", summary);
    forms.insert("summary of version " + summary["schema_version"].get<std::string>());
    return forms;
}

std::string missing(const Forms& from, const Forms& in) {
    std::string lines;
    for (const std::string& form : in)
        if (!from.contains(form)) lines += form + "\n";
    return lines;
}

// What is kept for everybody has no path of one machine in it.
std::string withoutPaths(std::string text) {
    const std::string folder = recordedRun().string();
    for (size_t at = text.find(folder); at != std::string::npos; at = text.find(folder, at))
        text.replace(at, folder.size(), "recorded_run");
    return text;
}

TEST(RecordedRun, IsWhatTheProgramWrites) {
    const ScratchFolder scratch;
    const auto run = scratch.path() / "run";
    const Ended ended = cli({"run", (recordedRun() / "config.yaml").string(), "--out", run.string()});
    ASSERT_EQ(ended.status, 0) << ended.err;
    if (std::getenv("QATELIER_RECORD_RUN"))
        for (const char* file : kFiles) writeFileAtomic(recordedRun() / file, withoutPaths(readFile(run / file)));
    const Forms recorded = formsOf(recordedRun()), written = formsOf(run);
    EXPECT_EQ(missing(recorded, written), "") << "is written but not recorded";
    EXPECT_EQ(missing(written, recorded), "") << "is recorded but not written any more";
}

}  // namespace
}  // namespace qat::test
