// Rules about data, analysis and the files that are written.
#include "config/lint_rules.h"

#include <algorithm>

#include "base/error.h"
#include "config/export_formats.h"
#include "config/fields.h"
#include "config/image_size.h"
#include "config/names.h"

namespace qat {
namespace {

// Two switches for one thing: whichever is stated carries the warning.
void twin(const LintReport& lint, const std::string& first, bool firstOn, const std::string& second, bool secondOn,
          const char* what) {
    if (firstOn == secondOn) return;
    const std::string& on = firstOn ? first : second;
    const std::string& off = firstOn ? second : first;
    const std::string& key = lint.find(on) ? on : off;
    lint.report(Severity::Warning, key, str(on, " is true but ", off, " is false; ", what, " needs both"));
}

void checkFloat8(const LintReport& lint, const ExportFormat& format) {
    const auto check = [&](const std::string& key, std::optional<DType> type) {
        if (type == DType::Float8E4m3 || type == DType::Float8E5m2)
            lint.report(Severity::Error, key,
                        str(key, " is an 8-bit floating point type, which ", format.withoutFloat8,
                            " cannot hold; take ", format.key, " out of export.formats"));
    };
    check("quantization.weight.dtype", lint.config.quantization.weight.dtype);
    check("quantization.activation.dtype", lint.config.quantization.activation.dtype);
    for (size_t i = 0; i < lint.config.quantization.layerConfigs.size(); ++i) {
        const std::string entry = str(kLayerConfigsPath, "[", i, "].config.");
        check(entry + "weight.dtype", lint.config.quantization.layerConfigs[i].weight.dtype);
        check(entry + "activation.dtype", lint.config.quantization.layerConfigs[i].activation.dtype);
    }
}

}  // namespace

void checkTwins(const LintReport& lint) {
    twin(lint, "analysis.measure_layer_error", lint.config.analysis.measureLayerError, "qat_params.measure_layer_error",
         lint.config.qat.measureLayerError, "measuring the layer error");
    twin(lint, "analysis.enabled", lint.config.analysis.enabled, "qat_params.analyze_quantization_effects",
         lint.config.qat.analyzeQuantizationEffects, "the analysis");
}

void checkMetrics(const LintReport& lint) {
    const std::vector<std::string>& known = kAnalysisMetrics;
    for (const StatedValue& value : lint.stated) {
        if (value.path != "analysis.metrics" || std::find(known.begin(), known.end(), value.text) != known.end())
            continue;
        const std::string meant = closestName(value.text, known);
        lint.reportAt(Severity::Warning, value,
                      str("analysis.metrics holds ", excerpt(value.text), ", which is not measured",
                          meant.empty() ? "" : " (did you mean " + meant + "?)"));
    }
}

void checkImageSize(const LintReport& lint) {
    const ImageSize size = fittingImageSize(lint.config.data.imgsz, "data.imgsz");
    if (!size.notice.empty()) lint.report(Severity::Warning, "data.imgsz", size.notice);
}

void checkFileOutput(const LintReport& lint) {
    if (lint.config.exporting.output == ExportOutput::EndToEnd && lint.config.model.head == "one2many")
        lint.report(Severity::Error, "export.output",
                    "export.output is end2end, but model.head is one2many, whose boxes need non-maximum suppression; "
                    "take decoded, or the one2one head");
}

// What a file could not hold is refused before hours of training, not after them.
void checkFileTypes(const LintReport& lint) {
    const std::string shared = sharedExportFile(lint.config.exporting.formats);
    if (!shared.empty()) lint.report(Severity::Error, "export.formats", "export.formats: " + shared);
    for (const std::string& key : lint.config.exporting.formats)
        if (const ExportFormat* format = findExportFormat(key); format && !format->withoutFloat8.empty())
            checkFloat8(lint, *format);
}

}  // namespace qat
