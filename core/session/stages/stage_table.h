// The stages of a job in their order. The driver, the list that the window shows and the guide's come from here.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "session/stages/stage.h"

namespace qat {

extern const Stage kLoadStage, kCalibrateStage, kSearchStage, kRepairStage, kEvaluateFp32Stage, kEvaluatePtqStage,
    kAnalyzeStage, kTrainStage, kReestimateStage, kCorrectStage, kEvaluateStage, kExportStage;

inline constexpr std::array kStages{&kLoadStage,         &kCalibrateStage,   &kSearchStage,   &kRepairStage,
                                    &kEvaluateFp32Stage, &kEvaluatePtqStage, &kAnalyzeStage,  &kTrainStage,
                                    &kReestimateStage,   &kCorrectStage,     &kEvaluateStage, &kExportStage};

// Those that a job of this configuration has, in order.
std::vector<const Stage*> stagesOf(const Config& config, JobKind kind);
std::vector<std::string> stageNamesOf(const Config& config, JobKind kind);

}  // namespace qat
