// A run folder that the real program has recorded. Tests of what reads run folders write theirs from its lines with
// some values changed, so that they cannot speak of a format that is none: a field the program does not write fails the
// test. tests/cli/recorded_run_test.cpp fails when the program writes otherwise than recorded, and records anew.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace qat::test {

// Where it is: config.yaml, events.jsonl, layers.json, run_summary.json.
std::filesystem::path recordedRun();

// The first recorded event with these fields' type, and their state or table where they have one, after all fields were
// put in; of `metrics` only those given remain. Throws std::logic_error for a type, field or metric that was not
// recorded.
nlohmann::json recordedEvent(const nlohmann::json& fields);

// The stages that the recorded run names, in order.
std::vector<std::string> recordedStages();

// A recorded row of layers.json and the recorded summary with these fields put in, in the same way; of the summary's
// objects only the given members change.
nlohmann::json recordedLayer(const nlohmann::json& fields);
nlohmann::json recordedSummary(const nlohmann::json& fields);

}  // namespace qat::test
