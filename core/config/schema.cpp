// The table of keys as JSON Schema, for editors that complete and check YAML.
#include <nlohmann/json.hpp>

#include "config/config_io.h"
#include "config/fields.h"
#include "config/other_keys.h"

namespace qat {
namespace {

using Json = nlohmann::ordered_json;

Json scalarSchema(const ConfigField& field) {
    using Kind = ConfigField::Kind;
    switch (field.kind) {
        case Kind::Integer:
            return {{"type", "integer"},
                    {"minimum", static_cast<int64_t>(field.minimum)},
                    {"maximum", static_cast<int64_t>(field.maximum)}};
        case Kind::Real:
            return {{"type", "number"}, {"minimum", field.minimum}, {"maximum", field.maximum}};
        case Kind::Boolean:
            return {{"type", "boolean"}};
        case Kind::Choice:
            if (field.pattern.empty()) return {{"enum", field.choices}};
            return {
                {"anyOf", {{{"enum", field.choices}}, {{"type", "string"}, {"pattern", "^" + field.pattern + "$"}}}}};
        case Kind::Text:
        case Kind::Path:
            return {{"type", "string"}};
        case Kind::List:
            break;
    }
    Json element{{"type", "string"}};
    if (!field.choices.empty())
        element = {{"enum", field.choices}};
    else if (field.fractions)
        element = {{"type", "number"}, {"minimum", field.minimum}, {"maximum", field.maximum}};
    else if (field.maximum > field.minimum)
        element = {{"type", "integer"},
                   {"minimum", static_cast<int64_t>(field.minimum)},
                   {"maximum", static_cast<int64_t>(field.maximum)}};
    return {{"type", "array"}, {"items", element}};
}

// A default in its own type, as the schema's "default" wants it; text where it cannot be read as anything else.
Json defaultOf(const ConfigField& field) {
    using Kind = ConfigField::Kind;
    if (field.kind == Kind::Text || field.kind == Kind::Path || field.kind == Kind::Choice || field.kind == Kind::List)
        return field.defaultValue;
    const Json value = Json::parse(field.defaultValue, nullptr, false);
    return value.is_discarded() ? Json(field.defaultValue) : value;
}

Json fieldSchema(const ConfigField& field) {
    Json schema = scalarSchema(field);
    schema["title"] = field.label;
    schema["description"] = field.help;
    // An empty value stands for the default, which the reader accepts with a warning.
    if (!field.defaultValue.empty() && field.kind != ConfigField::Kind::List) schema["default"] = defaultOf(field);
    return schema;
}

// An object without keys of its own; nothing beyond what is put into it may stand there.
Json section() {
    return {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
}

// Puts a schema under a dotted path, making the sections above it.
void put(Json& root, std::string_view path, Json schema) {
    Json* at = &root;
    for (size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
        Json& properties = (*at)["properties"];
        const std::string name(path.substr(0, dot));
        if (!properties.contains(name)) properties[name] = section();
        at = &properties[name];
        path.remove_prefix(dot + 1);
    }
    (*at)["properties"][std::string(path)] = std::move(schema);
}

template <class Entry>
Json entriesSchema(const std::vector<FieldRow<Entry>>& rows) {
    Json entry = section();
    entry["required"] = {"pattern"};
    for (const auto& row : rows) put(entry, row.info.path, fieldSchema(row.info));
    return {{"type", "array"}, {"items", entry}};
}

}  // namespace

std::string configJsonSchema() {
    Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "qat_config.yaml"}};
    schema.update(section());
    for (const ConfigField& field : configFields()) put(schema, field.path, fieldSchema(field));
    for (const OtherKeyHelp& key : otherKeys())
        put(schema, key.path,
            {{"description", "What " + (key.own.empty() ? "others" : key.own) + " says, in other words."}});
    put(schema, kLayerConfigsPath, entriesSchema(layerRows()));
    put(schema, kFusionPatternsPath, entriesSchema(fusionRows()));
    return schema.dump(2) + "\n";
}

}  // namespace qat
