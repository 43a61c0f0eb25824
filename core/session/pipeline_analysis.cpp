// The stage `analyze`: sensitivity, errors of layers, and images to compare.
#include <ATen/ATen.h>

#include <algorithm>

#include "analysis/layer_error.h"
#include "analysis/report.h"
#include "analysis/sensitivity.h"
#include "base/error.h"
#include "session/clock.h"
#include "session/describe.h"
#include "session/pipeline.h"
#include "session/precision.h"
#include "session/previews.h"

namespace qat {

bool Pipeline::wantsAnalysis() const {
    return m_config.analysis.enabled && m_config.qat.analyzeQuantizationEffects;
}

bool Pipeline::wantsPreviews() const {
    return m_config.analysis.generateVisualization && m_config.analysis.previewImages > 0;
}

bool Pipeline::measuresLayerErrors() const {
    return wantsAnalysis() && m_config.analysis.measureLayerError && m_config.qat.measureLayerError;
}

// The measures that analysis.metrics names.
std::map<std::string, double> Pipeline::wanted(const std::map<std::string, double>& metrics) const {
    std::map<std::string, double> chosen;
    for (const std::string& name : m_config.analysis.metrics)
        if (const auto found = metrics.find(name); found != metrics.end()) chosen.insert(*found);
    return chosen;
}

void Pipeline::showImages(const std::vector<ImageDetections>& quantized, const std::string& stageName) {
    if (!wantsPreviews() || m_floatDetections.empty()) return;
    for (const ImageRow& row :
         previewRows(m_folder, *m_val, m_floatDetections, quantized, stageName, m_config.analysis.previewImages))
        m_log.image(row);
}

bool Pipeline::layerErrorIsLeft() const {
    const bool wanted =
        m_request.kind == JobKind::LayerError ||
        (m_request.kind == JobKind::Pipeline && m_config.analysis.measureLayerError && m_config.qat.measureLayerError);
    return wanted && !m_done.contains("layer_error");
}

bool Pipeline::sensitivityIsLeft() const {
    return m_request.kind != JobKind::LayerError && !m_config.sensitivity.bits.empty() &&
           !m_done.contains("sensitivity");
}

// Another kind of job may have done a part of it in this folder.
bool Pipeline::analysisIsLeft() const {
    return layerErrorIsLeft() || sensitivityIsLeft();
}

void Pipeline::analyze() {
    if (layerErrorIsLeft()) {
        layerErrors("ptq");
        finished("layer_error");
    }
    if (!sensitivityIsLeft()) return;
    sensitivity();
    finished("sensitivity");
}

void Pipeline::layerErrors(const std::string& stageName) {
    const int64_t count = std::min<int64_t>(m_facts.valImages, m_config.analysis.testSamples);
    const auto errors = measureLayerError(
        m_float, m_model, images(m_val, count, std::min<int>(m_config.train.batchSize, 4), false), m_cancel);
    for (const LayerError& error : errors) {
        const auto node = m_float.findNode(error.layer);
        const WeightPlan* plan = node ? m_plan.weightOf(*node) : nullptr;
        m_log.layer(
            {"error", error.layer, plan ? plan->how.tensor.bitWidth : 0, 0, stageName, wanted(error.error.metrics())});
    }
    m_log.log(LogLevel::Info, "analysis", str("layer error on ", count, " images"));
}

void Pipeline::sensitivity() {
    const StopWatch watch;
    const int64_t count = std::min<int64_t>(m_facts.valImages, m_config.sensitivity.samples);
    const int batch = m_config.data.imgsz <= 320 ? 8 : 1;
    const int64_t batches = (count + batch - 1) / batch;
    const SensitivityJob job{m_float,
                             *m_quantizers,
                             m_config.sensitivity.bits,
                             true,
                             m_config.sensitivity.tensors == SensitivityTensors::Weights,
                             sweepFile("sensitivity"),
                             stageIdentity()};
    const auto rows = measureSensitivity(
        job, images(m_val, count, batch, false), batches, m_cancel,
        [&](int64_t done, int64_t total) { m_log.progress("analyze", done, total); },
        [&](int64_t done) {
            m_log.log(LogLevel::Info, "analysis", str("resumed: ", done, " passes of the sweep were done"));
        });
    for (const LayerSensitivity& row : rows) {
        auto metrics = row.error.metrics();
        metrics["score"] = row.error.noiseToSignal();
        m_log.layer({"sensitivity", row.layer, row.bits, 0, "", metrics});
    }
    const ReportHeader header{m_config.model.architecture + m_config.model.variant,
                              precisionName(m_config),
                              m_config.quantization.weight.scheme == Scheme::PerChannel ? "per_channel" : "per_layer",
                              m_config.sensitivity.tensors == SensitivityTensors::Weights
                                  ? "one layer's weights quantized at a time, noise-to-signal power at the head outputs"
                                  : "one layer quantized at a time, noise-to-signal power at the head outputs",
                              count,
                              effectiveBits(m_float, m_plan),
                              watch.seconds()};
    writeSensitivityReport(m_folder.root, header, rows, {}, m_float);
    m_log.log(
        LogLevel::Info, "analysis",
        str("sensitivity of ", rows.size(), " layer and width pairs on ", count, " images in ", watch.seconds(), " s"));
}

}  // namespace qat
