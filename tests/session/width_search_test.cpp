// Widths chosen by a run: within the budget, kept by the folder, the same after a stop.
#include "session/width_search.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "base/files.h"
#include "session/parted_job.h"
#include "session/run_model.h"

namespace qat {
namespace {

using nlohmann::json;

struct AdaptedWidths : testing::Test {
    test::ScratchFolder scratch;

    static void prepare(test::SmallJob& job) {
        job.set("qat_params.auto_adapt_bit_width", "true")
            .set("quantization.weight.bit_width", "5")
            .set("sensitivity.bits", "3,4,8");
        job.set("export.formats", "[]");
    }
    static json widths(const std::filesystem::path& folder) {
        return json::parse(readFile(folder / "bit_widths.json"));
    }
};

TEST_F(AdaptedWidths, StayWithinTheBudgetAndReachThePlan) {
    test::SmallJob run(scratch.path());
    prepare(run);
    run.set("train_params.epochs", "0").run();
    const json found = widths(run.folder());
    EXPECT_LE(found["average_bits"].get<double>(), found["budget_bits"].get<double>());
    EXPECT_DOUBLE_EQ(found["budget_bits"].get<double>(), 5.0);
    EXPECT_GT(found["average_bits"].get<double>(), 4.5);
    std::set<int> used;
    const json described = json::parse(readFile(run.folder() / "layers.json"));
    const json& layers = described.is_array() ? described : described["layers"];
    for (const json& row : found["layers"]) {
        used.insert(row["bits"].get<int>());
        const auto layer = std::ranges::find_if(layers, [&](const json& l) { return l["name"] == row["layer"]; });
        ASSERT_NE(layer, layers.end());
        EXPECT_EQ((*layer)["weight_bits"], row["bits"]) << row["layer"];
        EXPECT_EQ((*layer)["weight_origin"], "search") << row["layer"];
    }
    EXPECT_GT(used.size(), 1u);
    EXPECT_NO_THROW(openRun(run.folder()));
}

TEST_F(AdaptedWidths, CandidatesAndAverageAreThoseGiven) {
    test::SmallJob run(scratch.path());
    prepare(run);
    run.set("mixed_precision.bits", "2,6")
        .set("mixed_precision.average_bits", "4.5")
        .set("train_params.epochs", "0")
        .run();
    const json found = widths(run.folder());
    EXPECT_DOUBLE_EQ(found["budget_bits"].get<double>(), 4.5);
    EXPECT_LE(found["average_bits"].get<double>(), 4.5);
    std::set<int> used;
    for (const json& row : found["layers"]) used.insert(row["bits"].get<int>());
    EXPECT_EQ(used, (std::set<int>{2, 6}));
}

TEST_F(AdaptedWidths, ResumedRunsKeepThemAndEndInTheSameWeights) {
    const auto whole = test::runInParts(scratch.path(), "whole", prepare, {});
    const auto resumed = test::runInParts(scratch.path(), "stopped", prepare, {{"train"}});
    EXPECT_EQ(std::ranges::count(resumed->sink.begun, "search"), 0);
    for (const char* file : {"bit_widths.json", "weights/final.safetensors"})
        EXPECT_EQ(readFile(resumed->folder() / file), readFile(whole->folder() / file)) << file;
}

TEST_F(AdaptedWidths, LayersWithAWidthOfTheirOwnKeepIt) {
    test::SmallJob run(scratch.path());
    prepare(run);
    run.set("train_params.epochs", "0");
    run.insertLayerConfig("^model\\.1\\.conv$", "config: {weight: {bit_width: 7}}");
    run.run();
    const json found = widths(run.folder());
    for (const json& row : found["layers"]) {
        EXPECT_NE(row["layer"], "model.1.conv");
        EXPECT_FALSE(row["layer"].get<std::string>().ends_with(".2")) << "the head keeps its 8 bits";
    }
}

TEST_F(AdaptedWidths, DamagedFilesAreNamed) {
    Config config;
    EXPECT_FALSE(applyChosenWidths(scratch.path(), config));
    for (const char* text :
         {"", "[]", "{\"layers\": [{\"layer\": \"a\"}]}", "{\"layers\": [{\"layer\": \"a\", \"bits\": 99}]}"}) {
        writeFileAtomic(scratch.path() / "bit_widths.json", text);
        EXPECT_THROW(applyChosenWidths(scratch.path(), config), Error) << text;
    }
}

}  // namespace
}  // namespace qat
