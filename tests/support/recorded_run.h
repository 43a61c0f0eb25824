// A run folder that the real program has recorded. What reads run folders is tested with it, and with others whose
// summaries are its own with some values changed and whose events the program's writer makes (event_file.h), so that no
// test speaks of a format that is none. tests/cli/recorded_run_test.cpp fails when the program writes otherwise than
// recorded, and records anew.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace qat::test {

// Where it is: config.yaml, events.jsonl, layers.json, run_summary.json.
std::filesystem::path recordedRun();

// Such a folder of a classifier, recorded by tests/session/classifier_folder_test.cpp: config.yaml, events.jsonl,
// results.csv, run_summary.json.
std::filesystem::path recordedClassifier();

// The stages that the recorded run names, in order.
std::vector<std::string> recordedStages();

// The recorded summary with these fields put in; of its objects only the given members change. Throws std::logic_error
// for a field that was not recorded.
nlohmann::json recordedSummary(const nlohmann::json& fields);

}  // namespace qat::test
