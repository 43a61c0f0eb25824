// The table of stages: which ones a job has, that each finds what it reads, and what a resumed run does with it.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "base/files.h"
#include "config/config.h"
#include "session/stages/job_state.h"
#include "session/stages/stage_table.h"

namespace qat::test {
namespace {

using Names = std::vector<std::string>;

// Every switch that a stage hangs on, on or off.
Config configOf(unsigned bits) {
    const auto on = [&](int bit) { return (bits >> bit & 1) != 0; };
    Config config;
    config.train.quantize = on(0);
    config.train.epochs = on(1) ? 2 : 0;
    config.qat.useMixedPrecision = config.qat.autoAdaptBitWidth = on(2);
    config.repair.adaround = on(3);
    config.analysis.compareWithFp32 = on(4);
    config.analysis.enabled = on(5);
    config.oscillation.bnReestimation = on(6) ? 4 : 0;
    config.qat.fuseModules = !on(6);
    config.qc.enabled = on(7);
    return config;
}

constexpr unsigned kCombinations = 1 << 8;

TEST(StageTable, ListsTheStagesOfAJobInOrder) {
    EXPECT_EQ(stageNamesOf(configOf(0b11111111), JobKind::Pipeline),
              (Names{"load", "calibrate", "search", "repair", "evaluate_fp32", "evaluate_ptq", "analyze", "train",
                     "reestimate", "qc", "evaluate", "export"}));
    EXPECT_EQ(stageNamesOf(configOf(0b00000001), JobKind::Pipeline),
              (Names{"load", "calibrate", "evaluate_ptq", "export"}));
    EXPECT_EQ(stageNamesOf(configOf(0b11111110), JobKind::Pipeline),
              (Names{"load", "evaluate_fp32", "train", "evaluate", "export"}))
        << "without quantizers there is nothing to calibrate, repair, analyse or correct";
    EXPECT_EQ(stageNamesOf(configOf(0b10000001), JobKind::Pipeline),
              (Names{"load", "calibrate", "evaluate_ptq", "qc", "evaluate", "export"}))
        << "a correction is measured without training too";
    for (const JobKind kind : {JobKind::Sensitivity, JobKind::LayerError}) {
        EXPECT_EQ(stageNamesOf(configOf(0b11111111), kind), (Names{"load", "calibrate", "repair", "analyze"}));
        EXPECT_EQ(stageNamesOf(configOf(0b00000001), kind), (Names{"load", "calibrate", "analyze"}));
    }
}

TEST(StageTable, EveryStageFindsWhatItReads) {
    for (unsigned bits = 0; bits < kCombinations; ++bits)
        for (const JobKind kind : {JobKind::Pipeline, JobKind::Sensitivity, JobKind::LayerError}) {
            JobParts made;
            for (const Stage* stage : stagesOf(configOf(bits), kind)) {
                EXPECT_TRUE(made.contains(stage->reads)) << stage->name << " with switches " << bits;
                made = made | stage->writes;
            }
        }
}

TEST(StageTable, NamesAndTitlesTellStagesApart) {
    std::set<std::string_view> names, titles;
    for (const Stage* stage : kStages) {
        EXPECT_TRUE(names.insert(stage->name).second) << stage->name;
        EXPECT_TRUE(titles.insert(stages::title(stage->name)).second) << stage->name;
        EXPECT_NE(stages::title(stage->name), stage->name) << "without a title";
    }
}

// Words in italics of the paragraph "The stages".
Names stagesOfTheGuide() {
    const std::string guide = readFile(std::filesystem::path(QATELIER_SOURCE_RESOURCES) / "docs/guide.md");
    const size_t begin = guide.find("\nThe stages, "), end = guide.find("\n\n", begin + 1);
    Names names;
    for (size_t at = guide.find('*', begin); at < end; at = guide.find('*', at)) {
        const size_t close = guide.find('*', at + 1);
        names.push_back(guide.substr(at + 1, close - at - 1));
        at = close + 1;
    }
    return names;
}

TEST(StageTable, TheGuideHasThemAll) {
    Names names;
    for (const Stage* stage : kStages) names.emplace_back(stage->name);
    EXPECT_EQ(stagesOfTheGuide(), names);
}

TEST(StageTable, SaysWhatAResumedRunDoes) {
    std::map<OnResume, Names> by;
    for (const Stage* stage : kStages) by[stage->onResume].emplace_back(stage->name);
    EXPECT_EQ(by[OnResume::Keep], (Names{"calibrate", "search", "repair", "evaluate_fp32", "evaluate_ptq", "analyze"}));
    EXPECT_EQ(by[OnResume::Continue], (Names{"train", "qc"}));
    EXPECT_EQ(by[OnResume::Repeat], (Names{"load", "reestimate", "evaluate", "export"}));
    for (const Stage* stage : kStages)
        if (stage->isLeft) {
            EXPECT_EQ(stage->onResume, OnResume::Keep) << stage->name << " is never left out";
        }
}

}  // namespace
}  // namespace qat::test
