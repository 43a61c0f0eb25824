// Differences of configurations, and the schema that editors get.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/config_io.h"

namespace qat {
namespace {

using nlohmann::json;

Config read(const std::string& text) {
    return readConfig(text).config;
}

std::vector<std::string> keys(const std::vector<ConfigDifference>& differences) {
    std::vector<std::string> found;
    for (const auto& d : differences) found.push_back(d.key);
    return found;
}

TEST(DiffConfigs, NamesKeysAndBothValues) {
    const auto found =
        diffConfigs(read("train_params: {epochs: 3}\n"), read("train_params: {epochs: 4, optimizer: AdamW}\n"));
    ASSERT_EQ(keys(found), (std::vector<std::string>{"train_params.epochs", "train_params.optimizer"}));
    EXPECT_EQ(found[0].first, "3");
    EXPECT_EQ(found[0].second, "4");
    EXPECT_EQ(found[1].first, "SGD");
}

TEST(DiffConfigs, WhatIsSpelledDifferentlyMeansTheSame) {
    EXPECT_TRUE(diffConfigs(read("analysis: {enabled: yes}\n"), read("# nothing\n")).empty());
    EXPECT_TRUE(
        diffConfigs(read("sensitivity:\n  bits:\n    - 4\n    - 8\n"), read("sensitivity: {bits: [4, 8]}\n")).empty());
}

TEST(DiffConfigs, EntriesAreComparedByPlace) {
    const std::string one = "quantization: {layer_configs: [{pattern: a, skip: true}]}\n";
    const std::string two =
        "quantization: {layer_configs: [{pattern: a, skip: false}, {pattern: b, config: {weight: {bit_width: 4}}}]}\n";
    const auto found = diffConfigs(read(one), read(two));
    EXPECT_EQ(keys(found),
              (std::vector<std::string>{"quantization.layer_configs[0].skip", "quantization.layer_configs[1].pattern",
                                        "quantization.layer_configs[1].config.weight.bit_width"}));
    EXPECT_EQ(found[2].first, "");
    EXPECT_EQ(found[2].second, "4");
}

// The schema of a key by its dotted path.
const json* schemaOf(const json& schema, std::string path) {
    const json* at = &schema;
    for (size_t dot; !path.empty(); path = dot == std::string::npos ? "" : path.substr(dot + 1)) {
        dot = path.find('.');
        const std::string name = path.substr(0, dot);
        if (!at->contains("properties") || !(*at)["properties"].contains(name)) return nullptr;
        at = &(*at)["properties"][name];
    }
    return at;
}

TEST(JsonSchema, HasEveryKeyWithItsHelp) {
    const json schema = json::parse(configJsonSchema());
    for (const ConfigField& field : configFields()) {
        const json* found = schemaOf(schema, field.path);
        ASSERT_NE(found, nullptr) << field.path;
        EXPECT_EQ((*found)["description"], field.help) << field.path;
        if (field.kind == ConfigField::Kind::Choice) {
            const json& named = field.pattern.empty() ? *found : (*found)["anyOf"][0];
            EXPECT_EQ(named["enum"], json(field.choices)) << field.path;
        }
    }
    const json& entry = (*schemaOf(schema, "quantization.layer_configs"))["items"];
    for (const ConfigField& field : layerConfigFields()) EXPECT_NE(schemaOf(entry, field.path), nullptr) << field.path;
    EXPECT_EQ(entry["required"], json({"pattern"}));
}

TEST(JsonSchema, TellsTypesRangesAndStrangers) {
    const json schema = json::parse(configJsonSchema());
    const json& bits = *schemaOf(schema, "quantization.weight.bit_width");
    EXPECT_EQ(bits["type"], "integer");
    EXPECT_EQ(bits["minimum"], 1);
    EXPECT_EQ(bits["default"], 8);
    EXPECT_EQ((*schemaOf(schema, "analysis.enabled"))["default"], true);
    EXPECT_EQ((*schemaOf(schema, "export.formats"))["items"]["enum"].size(), 7u);
    EXPECT_EQ((*schemaOf(schema, "sensitivity.bits"))["items"]["type"], "integer");
    EXPECT_EQ((*schemaOf(schema, "train_params.class_weights"))["items"]["type"], "number");
    EXPECT_EQ((*schemaOf(schema, "quantization.weight"))["additionalProperties"], false);
}

}  // namespace
}  // namespace qat
