// Rules over several keys; every rule is one small function.
#include "config/lint.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "config/fields.h"
#include "config/names.h"
#include "config/pattern.h"

namespace qat {
namespace {

class Lint {
public:
    Lint(const Config& config, const std::vector<StatedValue>& stated, std::vector<ConfigIssue>& issues)
        : m_config(config), m_stated(stated), m_issues(issues) {}

    void run() {
        checkTwins();
        checkMixedPrecision();
        checkPatternDots();
        checkMetrics();
        checkImageSize();
        checkPerChannelActivation();
        checkBounds("quantization.weight.", m_config.quantization.weight);
        checkBounds("quantization.activation.", m_config.quantization.activation);
    }

private:
    const StatedValue* find(std::string_view path) const {
        const auto found = std::find_if(m_stated.begin(), m_stated.end(),
                                        [&](const StatedValue& value) { return value.path == path; });
        return found == m_stated.end() ? nullptr : &*found;
    }
    void report(Severity severity, const std::string& key, std::string message) {
        const StatedValue* value = find(key);
        const TextPlace place = value ? value->place : TextPlace{};
        m_issues.push_back({severity, place.line, place.column, key, std::move(message)});
    }

    // Two switches for one thing: whichever is stated carries the warning.
    void twin(const std::string& first, bool firstOn, const std::string& second, bool secondOn, const char* what) {
        if (firstOn == secondOn) return;
        const std::string& on = firstOn ? first : second;
        const std::string& off = firstOn ? second : first;
        const std::string& key = find(on) ? on : off;
        report(Severity::Warning, key, str(on, " is true but ", off, " is false; ", what, " needs both"));
    }
    void checkTwins() {
        twin("distillation.enabled", m_config.distillation.enabled, "qat_params.use_distillation",
             m_config.qat.useDistillation, "distillation");
        twin("analysis.measure_layer_error", m_config.analysis.measureLayerError, "qat_params.measure_layer_error",
             m_config.qat.measureLayerError, "measuring the layer error");
        twin("analysis.enabled", m_config.analysis.enabled, "qat_params.analyze_quantization_effects",
             m_config.qat.analyzeQuantizationEffects, "the analysis");
    }

    void checkMixedPrecision() {
        if (!m_config.qat.useMixedPrecision || !m_config.qat.autoAdaptBitWidth) return;
        report(Severity::Warning, "qat_params.auto_adapt_bit_width",
               "qat_params.auto_adapt_bit_width chooses bit widths itself and contradicts the widths by pattern that "
               "qat_params.use_mixed_precision asks for; set one of them to false");
    }

    void checkPatternDots() {
        for (const StatedValue& value : m_stated) {
            if (!value.path.ends_with("].pattern")) continue;
            const std::string escaped = withEscapedDots(value.text);
            if (escaped == value.text) continue;
            m_issues.push_back(
                {Severity::Warning, value.place.line, value.place.column, value.path,
                 str(value.path, " has a dot that matches any character; '", excerpt(escaped), "' matches dots only")});
        }
    }

    void checkMetrics() {
        static const std::vector<std::string> known{"abs_error", "rel_error", "mse", "sqnr_db", "cosine", "mAP"};
        for (const StatedValue& value : m_stated) {
            if (value.path != "analysis.metrics" || std::find(known.begin(), known.end(), value.text) != known.end())
                continue;
            const std::string meant = closestName(value.text, known);
            m_issues.push_back({Severity::Warning, value.place.line, value.place.column, value.path,
                                str("analysis.metrics holds ", excerpt(value.text), ", which is not measured",
                                    meant.empty() ? "" : " (did you mean " + meant + "?)")});
        }
    }

    void checkImageSize() {
        if (m_config.data.imgsz % 32 == 0) return;
        report(Severity::Error, "data.imgsz",
               str("data.imgsz is ", m_config.data.imgsz, ", expected a multiple of 32"));
    }

    void checkPerChannelActivation() {
        if (m_config.quantization.activation.scheme != Scheme::PerChannel) return;
        report(Severity::Warning, "quantization.activation.scheme",
               "quantization.activation.scheme is per_channel, which most integer runtimes cannot execute");
    }

    void checkBounds(const std::string& at, const TensorQuantConfig& tensor) {
        const bool custom = tensor.observer == ObserverKind::CustomMinMax;
        if (!custom)
            for (const char* name : {"min", "max", "fixed"})
                if (const StatedValue* value = find(at + name); value && value->text != "null" && value->text != "false" && !value->text.empty())
                    report(Severity::Warning, at + name, str(at, name, " is only used by the observer custom_minmax"));
        if (custom && tensor.fixed && !(tensor.min && tensor.max))
            report(Severity::Error, at + "fixed", str(at, "fixed is true, which needs ", at, "min and ", at, "max"));
        if (custom && tensor.min && tensor.max && *tensor.min >= *tensor.max)
            report(Severity::Error, at + "min", str(at, "min is ", *tensor.min, ", expected less than ", at, "max, ", *tensor.max));
    }

    const Config& m_config;
    const std::vector<StatedValue>& m_stated;
    std::vector<ConfigIssue>& m_issues;
};

}  // namespace

void lintConfig(const Config& config, const std::vector<StatedValue>& stated, std::vector<ConfigIssue>& issues) {
    Lint(config, stated, issues).run();
}

}  // namespace qat
