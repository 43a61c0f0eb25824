// Looks up what was recorded and puts fields in.
#include "support/recorded_run.h"

#include <fstream>
#include <map>
#include <stdexcept>

#include "support/assets.h"

namespace qat::test {
namespace {

using nlohmann::json;

const std::vector<json>& events() {
    static const std::vector<json> recorded = [] {
        std::vector<json> lines;
        std::ifstream file(recordedRun() / "events.jsonl");
        for (std::string line; std::getline(file, line);) lines.push_back(json::parse(line));
        return lines;
    }();
    return recorded;
}

// "layer sensitivity", "stage begin", "scalar": what decides which recorded event is the model of another.
std::string kindOf(const json& event) {
    std::string kind;
    for (const char* key : {"type", "state", "table"}) kind += " " + event.value(key, std::string());
    return kind;
}

// The first event of each kind.
const std::map<std::string, json>& models() {
    static const std::map<std::string, json> first = [] {
        std::map<std::string, json> found;
        for (const json& event : events()) found.try_emplace(kindOf(event), event);
        return found;
    }();
    return first;
}

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

json recordedEvent(const json& fields) {
    const auto model = models().find(kindOf(fields));
    if (model == models().end()) throw std::logic_error("the program writes no event like " + fields.dump());
    json made = model->second;
    putIn(made, fields, "an event" + model->first);
    if (fields.contains("metrics")) made["metrics"] = fields["metrics"];
    return made;
}

std::vector<std::string> recordedStages() {
    return events().front()["stages"];
}

json recordedLayer(const json& fields) {
    static const json layers = readJson(recordedRun() / "layers.json");
    json made = layers.front();
    putIn(made, fields, "layers.json");
    return made;
}

json recordedSummary(const json& fields) {
    json made = readJson(recordedRun() / "run_summary.json");
    putIn(made, fields, "run_summary.json");
    return made;
}

}  // namespace qat::test
