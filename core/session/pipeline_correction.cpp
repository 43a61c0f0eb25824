// The stage `qc`: which images take part, what was before, and what is said about it.
#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "data/chosen_images.h"
#include "quant/coreset.h"
#include "session/pipeline.h"
#include "train/correction.h"

namespace qat {

bool Pipeline::corrects() const {
    return m_config.qc.enabled && m_config.train.quantize;
}

std::shared_ptr<const Dataset> Pipeline::correctionImages(std::string& said) {
    const int64_t wanted = std::min<int64_t>(m_config.qc.images, m_train->size());
    said = str(wanted, " of ", m_train->size(), " training images");
    if (wanted == m_train->size()) return m_train;
    CalibrationImages chosen;
    if (m_config.calibration.useCoreset) {
        const int batch = m_config.train.batchSize;
        const auto data = coresetOf(wanted, (m_train->size() + batch - 1) / batch, "qc", chosen);
        said += ", " + chosen.coresetMethod + " coreset";
        return data;
    }
    const auto seed = static_cast<uint64_t>(m_config.run.seed);
    return std::make_shared<ChosenImages>(
        m_train, selectCoreset(at::empty({m_train->size(), 0}), wanted, CoresetMethod::Random, seed));
}

bool Pipeline::correctionStage() {
    const bool trained = m_config.train.epochs > 0;
    if (trained && measuresLayerErrors()) layerErrors("qat");
    m_facts.correction.emplace();
    CorrectionFacts& facts = *m_facts.correction;
    if (!trained)
        facts.before = m_facts.outcome.ptq;
    else
        facts.before = m_reestimated ? *m_reestimated : trainedMetrics();
    if (facts.before)
        for (const Metric& metric : facts.before->headlines())
            m_log.scalar("before_qc/" + metric.label, 0, metric.value);
    const auto data = correctionImages(facts.images);
    Graph before = m_model.clone(true);
    const std::unique_ptr<Loss> loss = taskOf(m_model.info).makeLoss(m_model, m_config.train, *data);
    const CorrectionJob job{.graph = m_model,
                            .loss = *loss,
                            .quantizers = *m_quantizers,
                            .config = m_config,
                            .data = data,
                            .checkpointFolder = m_folder.checkpoint(),
                            .resume = m_request.resume};
    facts.outcome = correctQuantization(job, m_log, m_cancel);
    if (facts.outcome.stopped) return false;
    if (!facts.outcome.diverged.empty()) {
        const std::string sentence = facts.outcome.diverged + "; the model stays as it was before";
        m_log.log(LogLevel::Error, "qc", sentence);
        m_facts.outcome.gates.push_back(sentence);
        m_model = std::move(before);
        return true;
    }
    m_facts.outcome.quantizedBytes += facts.outcome.addedBytes;
    const auto kept = std::ranges::count(facts.outcome.layers, AffineForm::Operations, &LayerCorrection::form);
    for (const LayerCorrection& layer : facts.outcome.layers)
        m_log.layer({"correction",
                     layer.layer,
                     0,
                     0,
                     "qc",
                     {{"gamma_min", layer.gammaMin}, {"gamma_max", layer.gammaMax}, {"beta_max", layer.betaMax}}});
    m_log.log(
        LogLevel::Info, "qc",
        str(facts.outcome.layers.size(), " layers corrected in ", facts.outcome.steps, " steps over ", facts.images,
            "; ", kept, " corrections stay operations, the others are part of scales, biases and batch norms"));
    return true;
}

void Pipeline::compareCorrection() {
    const auto& before = m_facts.correction->before;
    if (!before || !m_facts.correction->outcome.diverged.empty()) return;
    const Metric& after = m_facts.outcome.final->best();
    m_log.log(after.value < before->score() ? LogLevel::Warning : LogLevel::Info, "qc",
              str("quantization correction took ", after.label, " from ", before->score(), " to ", after.value));
}

}  // namespace qat
