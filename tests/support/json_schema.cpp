// One function a keyword.
#include "support/json_schema.h"

#include <functional>
#include <map>
#include <regex>

namespace qat::test {
namespace {

using nlohmann::json;

struct Check {
    const json& keyword;  // its value
    const json& schema;
    const json& value;
    const std::string& place;
    std::vector<std::string>& errors;

    void expect(bool holds, const std::string& what) const {
        if (!holds) errors.push_back(place + ": " + what + ", but it is " + value.dump());
    }
    void descend(const json& below, const json& part, const std::string& name) const {
        for (const std::string& error : schemaErrors(below, part, place + "/" + name)) errors.push_back(error);
    }
};

bool hasType(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "null") return value.is_null();
    if (type == "number") return value.is_number();
    return type == "integer" &&
           (value.is_number_integer() ||
            (value.is_number_float() &&
             value.get<double>() == static_cast<double>(static_cast<int64_t>(value.get<double>()))));
}

void checkType(const Check& c) {
    bool any = c.keyword.is_string() && hasType(c.value, c.keyword.get<std::string>());
    if (c.keyword.is_array())
        for (const json& type : c.keyword) any |= hasType(c.value, type.get<std::string>());
    c.expect(any, "must be of type " + c.keyword.dump());
}

void checkEnum(const Check& c) {
    bool any = false;
    for (const json& allowed : c.keyword) any |= allowed == c.value;
    c.expect(any, "must be one of " + c.keyword.dump());
}

void checkRequired(const Check& c) {
    if (!c.value.is_object()) return;
    for (const json& name : c.keyword) c.expect(c.value.contains(name.get<std::string>()), "must have " + name.dump());
}

void checkProperties(const Check& c) {
    if (!c.value.is_object()) return;
    for (const auto& [name, below] : c.keyword.items())
        if (c.value.contains(name)) c.descend(below, c.value.at(name), name);
}

void checkAdditional(const Check& c) {
    if (!c.value.is_object()) return;
    const auto properties = c.schema.value("properties", nlohmann::json::object());
    for (const auto& [name, part] : c.value.items()) {
        if (properties.contains(name)) continue;
        c.expect(c.keyword != false, "must not have \"" + name + "\"");
        if (c.keyword.is_object()) c.descend(c.keyword, part, name);
    }
}

void checkItems(const Check& c) {
    if (!c.value.is_array()) return;
    for (size_t i = 0; i < c.value.size(); ++i) c.descend(c.keyword, c.value[i], std::to_string(i));
}

const std::map<std::string, std::function<void(const Check&)>> kKeywords{
    {"type", checkType},
    {"enum", checkEnum},
    {"required", checkRequired},
    {"properties", checkProperties},
    {"additionalProperties", checkAdditional},
    {"items", checkItems},
    {"const", [](const Check& c) { c.expect(c.value == c.keyword, "must be " + c.keyword.dump()); }},
    {"minimum",
     [](const Check& c) {
         c.expect(!c.value.is_number() || c.value >= c.keyword, "must be at least " + c.keyword.dump());
     }},
    {"maximum",
     [](const Check& c) {
         c.expect(!c.value.is_number() || c.value <= c.keyword, "must be at most " + c.keyword.dump());
     }},
    {"pattern",
     [](const Check& c) {
         c.expect(!c.value.is_string() ||
                      std::regex_search(c.value.get<std::string>(), std::regex(c.keyword.get<std::string>())),
                  "must match " + c.keyword.dump());
     }},
    {"title", [](const Check&) {}},
    {"description", [](const Check&) {}},
    {"$schema", [](const Check&) {}},
};

}  // namespace

std::vector<std::string> schemaErrors(const json& schema, const json& value, const std::string& place) {
    std::vector<std::string> errors;
    for (const auto& [name, keyword] : schema.items()) {
        const auto known = kKeywords.find(name);
        if (known == kKeywords.end())
            errors.push_back(place + ": the schema's keyword " + name + " is not known here");
        else
            known->second({keyword, schema, value, place, errors});
    }
    return errors;
}

}  // namespace qat::test
