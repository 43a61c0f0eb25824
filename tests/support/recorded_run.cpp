// Looks up what was recorded and puts fields in.
#include "support/recorded_run.h"

#include <fstream>
#include <stdexcept>

#include "runs/event_line.h"
#include "runs/words.h"
#include "support/assets.h"

namespace qat::test {
namespace {

using nlohmann::json;

void putIn(json& recorded, const json& fields, const std::string& where) {
    for (const auto& [key, value] : fields.items()) {
        if (!recorded.contains(key)) throw std::logic_error("the program writes no \"" + key + "\" in " + where);
        if (value.is_object() && recorded[key].is_object())
            putIn(recorded[key], value, where + " " + key);
        else
            recorded[key] = value;
    }
}

}  // namespace

std::filesystem::path recordedRun() {
    return QAT_RECORDED_RUN;
}

std::filesystem::path recordedClassifier() {
    return recordedRun().parent_path() / "recorded_classifier";
}

std::vector<std::string> recordedStages() {
    std::ifstream file(recordedRun() / run_files::kEvents);
    std::string line;
    std::getline(file, line);
    return std::get<RunHeader>(readEventLine(line).value().event).stages;
}

json recordedSummary(const json& fields) {
    json made = readJson(recordedRun() / run_files::kSummary);
    putIn(made, fields, "run_summary.json");
    return made;
}

}  // namespace qat::test
