// The rules in the order in which they report.
#include "config/lint.h"

#include <algorithm>

#include "config/lint_rules.h"

namespace qat {
namespace {

using Rule = void (*)(const LintReport&);
constexpr Rule kRules[] = {
    checkVariant,        checkWeightFiles,   checkTwins,        checkDistillation,
    checkFineTuning,     checkOscillation,   checkAnneals,      checkCourse,
    checkMixedPrecision, checkUniformWidths, checkFusions,      checkQconfigName,
    checkPatternDots,    checkMetrics,       checkImageSize,    checkPerChannelActivation,
    checkTensorTypes,    checkFileTypes,     checkGroups,       checkLearnedOffset,
    checkClipDecay,      checkRepair,        checkScaleType,    checkCorrection,
    checkGate,           checkClassWeights,  checkTensorBounds, checkEndToEnd,
    checkFileOutput,
};

}  // namespace

const StatedValue* LintReport::find(std::string_view path) const {
    const auto found =
        std::find_if(stated.begin(), stated.end(), [&](const StatedValue& value) { return value.path == path; });
    return found == stated.end() ? nullptr : &*found;
}

void LintReport::report(Severity severity, const std::string& key, std::string message) const {
    const StatedValue* value = find(key);
    const TextPlace place = value ? value->place : TextPlace{};
    issues.push_back({severity, place.line, place.column, key, std::move(message)});
}

void LintReport::reportAt(Severity severity, const StatedValue& value, std::string message) const {
    issues.push_back({severity, value.place.line, value.place.column, value.path, std::move(message)});
}

void lintConfig(const Config& config, const std::vector<StatedValue>& stated, std::vector<ConfigIssue>& issues) {
    const LintReport report{config, stated, issues};
    for (const Rule rule : kRules) rule(report);
}

}  // namespace qat
