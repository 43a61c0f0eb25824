// Rules about the network and its weights.
#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "config/architectures.h"
#include "config/lint_rules.h"
#include "config/slot.h"
#include "config/table_name.h"
#include "config/variant_words.h"

namespace qat {

void checkVariant(const LintReport& lint) {
    const ModelConfig& model = lint.config.model;
    const auto family = std::ranges::find(kArchitectures, model.architecture, &Architecture::name);
    if (family == kArchitectures.end()) return;
    const auto& variants = family->variants;
    if (std::ranges::find(variants, model.variant) != variants.end()) return;
    if (variants.size() == 1)
        return lint.report(Severity::Error, "model.variant",
                           str("model.variant is ", excerpt(model.variant), ", but ", family->title,
                               " has one member only: leave it out"));
    const auto [sizes, tasks] = variantWords(*family);
    lint.report(Severity::Error, "model.variant",
                str("model.variant is ", model.variant.empty() ? "empty" : excerpt(model.variant), ", expected ",
                    joinedWords(sizes, sizes.size() > 2 ? ", " : " or "), " of ", family->title,
                    tasks.empty() ? "" : ", also with ", joinedWords(tasks, ", ")));
}

// A table stands where the network is named; weights are in other files.
void checkWeightFiles(const LintReport& lint) {
    const auto check = [&](const char* key, const std::string& path) {
        if (namesTable(path))
            lint.report(Severity::Error, key,
                        str(key, " is ", excerpt(path),
                            ", a table of layers, which holds no weights: it goes into model.architecture"));
    };
    check("model.pretrained_path", lint.config.model.pretrainedPath);
    check("distillation.teacher_model", lint.config.distillation.teacherModel);
}

}  // namespace qat
