// What patterns match, and the warnings about those that do not do what they seem to.
#include "session/pattern_report.h"

#include <gtest/gtest.h>

#include "config/config_io.h"

namespace qat {
namespace {

std::vector<PatternMatch> matchesOf(const std::string& entries) {
    static const ModelDescription model = describeModel(std::filesystem::path("yolov8n"), 64);
    return matchPatterns(readConfig("quantization:\n  layer_configs:\n" + entries).config, model);
}

const char* const kNarrow = "    - {pattern: '^model\\.0\\.conv$', config: {weight: {bit_width: 8}}}\n";

TEST(PatternReport, NamesTheLayersAndTheLine) {
    const auto found = matchesOf(kNarrow);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].key, "quantization.layer_configs[0]");
    EXPECT_EQ(found[0].line, 3);
    EXPECT_EQ(found[0].layers, (std::vector<std::string>{"model.0.conv"}));
    EXPECT_TRUE(found[0].warnings.empty());
}

TEST(PatternReport, WarnsOfPatternsThatMatchNothing) {
    const auto found = matchesOf("    - {pattern: 'model\\.99\\.', skip: true}\n");
    EXPECT_EQ(found[0].warnings, (std::vector<std::string>{"matches no layer"}));
}

// The first means model.10 to model.19 by its dots; the dot of the second finds nothing more than a dot would.
TEST(PatternReport, WarnsOfDotsThatChangeWhatIsMatched) {
    const auto found =
        matchesOf("    - {pattern: 'model.1..cv', skip: true}\n    - {pattern: 'model.22', skip: true}\n");
    ASSERT_EQ(found[0].warnings.size(), 1u);
    EXPECT_NE(found[0].warnings[0].find("only because its dots"), std::string::npos);
    EXPECT_TRUE(found[1].warnings.empty());
}

TEST(PatternReport, WarnsOfWhatLaterPatternsOverride) {
    const std::string all = "    - {pattern: 'conv', config: {weight: {bit_width: 4}}}\n";
    const auto shadowed = matchesOf(kNarrow + all), kept = matchesOf(all + kNarrow);
    ASSERT_EQ(shadowed[0].warnings.size(), 1u);
    EXPECT_NE(shadowed[0].warnings[0].find("no effect"), std::string::npos);
    EXPECT_TRUE(kept[0].warnings.empty());
    EXPECT_TRUE(kept[1].warnings.empty());
    // Another key is not overridden.
    EXPECT_TRUE(matchesOf("    - {pattern: '^model\\.0\\.conv$', config: {activation: {bit_width: 8}}}\n" + all)[0]
                    .warnings.empty());
}

TEST(PatternReport, AuthorsOfTheGuideFindTheirLayers) {
    const auto found = matchesOf(
        "    - {pattern: 'model.0.conv', skip: true}\n    - {pattern: 'model.[0-9]+.detect', skip: true}\n"
        "    - {pattern: 'model.[0-9]+.bottleneck', skip: true}\n    - {pattern: 'model\\.\\d+\\.cv\\d+\\.conv', skip: "
        "true}\n");
    EXPECT_EQ(found[0].layers, (std::vector<std::string>{"model.0.conv"}));
    EXPECT_EQ(found[1].layers.size(), 18u);  // three convolutions in each of six branches
    EXPECT_EQ(found[2].layers.size(), 20u);  // two in each of ten bottlenecks
    EXPECT_EQ(found[3].layers.size(), 18u);  // of eight C2f and the pooling pyramid
}

std::vector<PatternMatch> fusionsOf(const std::string& entries) {
    static const ModelDescription model = describeModel(std::filesystem::path("yolov8n"), 64);
    return matchPatterns(readConfig("qat_params:\n  fusion_patterns:\n" + entries).config, model);
}

TEST(PatternReport, ComparesFusionsWithTheGraph) {
    const auto found = fusionsOf(
        "    - {pattern: '.*', modules: [conv, bn]}\n    - {pattern: '^model\\.0\\.conv$', modules: [conv, bn, silu]}\n"
        "    - {pattern: '^model\\.[01]\\.conv$', modules: [conv, bn, relu]}\n");
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].layers.size(), 63u);
    ASSERT_EQ(found[0].others.size(), 1u);
    EXPECT_EQ(found[0].others[0].unit, (std::vector<std::string>{"conv"}));
    EXPECT_EQ(found[0].others[0].layers.size(), 6u) << "the last of every branch of the head";
    EXPECT_TRUE(found[0].warnings.empty());
    EXPECT_TRUE(found[1].others.empty());
    ASSERT_EQ(found[2].others.size(), 1u);
    EXPECT_EQ(found[2].others[0].layers, (std::vector<std::string>{"model.0.conv", "model.1.conv"}));
    EXPECT_EQ(
        found[2].warnings,
        (std::vector<std::string>{
            "names relu, but 2 layers it matches are conv + bn + silu, model.0.conv first: it does not act there"}));
}

}  // namespace
}  // namespace qat
