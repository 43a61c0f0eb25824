// A validator for the part of JSON Schema (draft 7) that our schemas use.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace qat::test {

// What is wrong with the value, one sentence each, with its place ("/metrics/final: ..."). Knows type, const, enum,
// properties, required, additionalProperties, items, minimum, maximum, pattern, and takes no notice of title,
// description and $schema; any other keyword of the schema is reported as not known.
std::vector<std::string> schemaErrors(const nlohmann::json& schema, const nlohmann::json& value,
                                      const std::string& place = "");

}  // namespace qat::test
