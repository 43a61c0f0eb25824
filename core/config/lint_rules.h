// Rules over several keys: each is one function that looks at the whole configuration and reports what is doubtful.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/lint.h"

namespace qat {

// What rules look at, and where they report.
struct LintReport {
    const Config& config;
    const std::vector<StatedValue>& stated;
    std::vector<ConfigIssue>& issues;

    // The value that the file states under a path; null if it states none.
    const StatedValue* find(std::string_view path) const;
    // About a key, at its place in the file if the file states it.
    void report(Severity severity, const std::string& key, std::string message) const;
    void reportAt(Severity severity, const StatedValue& value, std::string message) const;
};

// The network and its weights (lint_model.cpp).
void checkVariant(const LintReport& lint);
void checkWeightFiles(const LintReport& lint);

// What is quantized and how (lint_quantization.cpp).
void checkMixedPrecision(const LintReport& lint);
void checkUniformWidths(const LintReport& lint);
void checkFusions(const LintReport& lint);
void checkQconfigName(const LintReport& lint);
void checkPatternDots(const LintReport& lint);
void checkPerChannelActivation(const LintReport& lint);
void checkTensorTypes(const LintReport& lint);
void checkGroups(const LintReport& lint);
void checkLearnedOffset(const LintReport& lint);
void checkClipDecay(const LintReport& lint);
void checkScaleType(const LintReport& lint);
void checkTensorBounds(const LintReport& lint);

// Training, repair and correction (lint_training.cpp).
void checkDistillation(const LintReport& lint);
void checkFineTuning(const LintReport& lint);
void checkOscillation(const LintReport& lint);
void checkAnneals(const LintReport& lint);
void checkCourse(const LintReport& lint);
void checkRepair(const LintReport& lint);
void checkCorrection(const LintReport& lint);
void checkGate(const LintReport& lint);
void checkEndToEnd(const LintReport& lint);
void checkClassWeights(const LintReport& lint);

// Data, analysis and files (lint_job.cpp).
void checkTwins(const LintReport& lint);
void checkMetrics(const LintReport& lint);
void checkImageSize(const LintReport& lint);
void checkFileTypes(const LintReport& lint);
void checkFileOutput(const LintReport& lint);

}  // namespace qat
