// The stages `calibrate`, `repair` and `search`: everything that data does to a network before it is trained.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "analysis/sensitivity.h"
#include "base/error.h"
#include "data/chosen_images.h"
#include "data/shared_images.h"
#include "quant/calibrate.h"
#include "quant/coreset.h"
#include "quant/repair.h"
#include "session/pipeline.h"
#include "session/width_search.h"

namespace qat {
namespace {

constexpr int kRepairBatch = 8;  // a setting would be one that changes last bits

// As many as were wanted, but for pictures that cannot be decoded.
int64_t imagesIn(const std::function<at::Tensor()>& next) {
    int64_t count = 0;
    for (at::Tensor images = next(); images.defined(); images = next()) count += images.size(0);
    return count;
}

}  // namespace

void Pipeline::calibrateStage() {
    const int batch = m_config.train.batchSize;
    const auto batchesOf = [&](int64_t count) { return (count + batch - 1) / batch; };
    int64_t most = 0;
    for (const Quantizer& q : m_quantizers->all())
        most = std::max<int64_t>(most, q.weight ? 0 : q.how.calibration.numBatches);
    int64_t wanted = std::min<int64_t>(m_train->size(), most * batch);
    const bool coreset = m_config.calibration.useCoreset && m_config.calibration.coresetSize < m_train->size();
    if (m_config.calibration.useCoreset && !coreset)
        m_log.log(LogLevel::Warning, "calib",
                  str("calibration.coreset_size is ", m_config.calibration.coresetSize, " of ", m_train->size(),
                      " images: all take part"));
    if (coreset && wanted < m_config.calibration.coresetSize)
        m_log.log(LogLevel::Warning, "calib",
                  str("calibration.num_batches ends the coreset at ", wanted, " of ", m_config.calibration.coresetSize,
                      " images"));
    if (coreset) wanted = std::min<int64_t>(wanted, m_config.calibration.coresetSize);
    CalibrationImages said;
    const int64_t choosing = coreset && m_config.calibration.coresetMethod != CoresetMethod::Random
                                 ? batchesOf(m_train->size())
                                 : 0,
                  all = choosing + batchesOf(wanted);
    const auto data = coreset ? coresetOf(wanted, all, "calibrate", said) : m_train;
    std::vector<int64_t> taken;
    const CalibrationResult result = calibrate(
        m_float, m_model, *m_quantizers, images(data, wanted, batch, true, Damaged::LeaveOut, &taken),
        [&](int64_t done) { m_log.progress("calibrate", choosing + done, all); }, m_cancel);
    for (const auto& warning : result.warnings) m_log.log(LogLevel::Warning, "calib", warning);
    const std::vector<Leak> leaks = leaksOf(*data, taken);
    if (!leaks.empty()) m_log.log(LogLevel::Warning, "calib", leakSentence(leaks, result.images));
    for (const Coverage& point : said.coverage) {
        m_log.scalar("coreset/farthest", static_cast<double>(point.images), point.farthest);
        m_log.scalar("coreset/mean_distance", static_cast<double>(point.images), point.mean);
    }
    writeCalibration(m_folder.calibration(), result, said, leaks);
    m_log.log(LogLevel::Info, "calib",
              str("ranges from ", result.images, " images", coreset ? ", " + said.coresetMethod + " coreset of " : "",
                  coreset ? std::to_string(m_train->size()) : ""));
}

std::vector<Leak> Pipeline::leaksOf(const Dataset& data, const std::vector<int64_t>& taken) const {
    std::vector<Leak> leaks;
    for (const SharedImage& shared : sharedImages(data, taken, *m_val, m_facts.valImages))
        leaks.push_back({data.path(shared.first), m_val->path(shared.second), shared.sameFile});
    return leaks;
}

std::shared_ptr<const Dataset> Pipeline::coresetOf(int64_t wanted, int64_t progressTotal, const char* stage,
                                                   CalibrationImages& said) {
    const CoresetMethod method = m_config.calibration.coresetMethod;
    at::Tensor features = at::empty({m_train->size(), 0});  // a draw needs none
    if (method != CoresetMethod::Random)
        features = backboneFeatures(
            m_float, images(m_train, m_train->size(), m_config.train.batchSize, false, Damaged::Keep),
            [&](int64_t done) { m_log.progress(stage, done, progressTotal); }, m_cancel);
    std::vector<int64_t> chosen = selectCoreset(features, wanted, method, static_cast<uint64_t>(m_config.run.seed));
    said = {method == CoresetMethod::KCenter   ? "k-center"
            : method == CoresetMethod::Herding ? "herding"
                                               : "random",
            m_train->size(),
            {},
            {}};
    for (const int64_t index : chosen) said.paths.push_back(m_train->path(index));
    if (method != CoresetMethod::Random) said.coverage = coverageOf(features, chosen);
    return std::make_shared<ChosenImages>(m_train, std::move(chosen));
}

void Pipeline::repairStage() {
    const int64_t wanted = std::min<int64_t>(m_train->size(), m_config.repair.samples);
    const auto open = [&] { return images(m_train, wanted, kRepairBatch, true); };
    const int64_t count = imagesIn(open());
    const RepairImages samples{count, open};
    const auto repairs = repairLayers(m_float, m_model, *m_quantizers, samples, m_config.repair,
                                      static_cast<uint64_t>(m_config.run.seed), m_cancel,
                                      [&](int64_t done, int64_t total) { m_log.progress("repair", done, total); });
    double gained = 0;
    for (const LayerRepair& repair : repairs) {
        m_log.layer(
            {"repair", repair.layer, repair.bits, 0, "ptq", {{"before", repair.before}, {"after", repair.after}}});
        if (repair.before > 0 && repair.after > 0)
            gained += 10 * std::log10(repair.before / repair.after) / static_cast<double>(repairs.size());
    }
    m_facts.repairNote = str(
        repairs.size(), " layers repaired on ", count, " images", m_config.repair.adaround ? ", rounding learned" : "",
        m_config.repair.biasCorrection ? ", biases corrected" : "", ": their error fell by ", gained, " dB on average");
    m_log.log(LogLevel::Info, "repair", m_facts.repairNote);
}

// Measures weights at every candidate width, chooses, and starts again with quantizers of the chosen widths.
void Pipeline::searchWidthsStage() {
    const int64_t count = std::min<int64_t>(m_train->size(), m_config.sensitivity.samples);
    const int batch = m_config.data.imgsz <= 320 ? 8 : 1;
    const SensitivityJob job{.floatGraph = m_float,
                             .quantizers = *m_quantizers,
                             .bits = candidateWidths(m_config),
                             .weightsOnly = true,
                             .state = sweepFile("search"),
                             .identity = stageIdentity()};
    const auto rows = measureSensitivity(
        job, images(m_train, count, batch, false), (count + batch - 1) / batch, m_cancel,
        [&](int64_t done, int64_t total) { m_log.progress("search", done, total); },
        [&](int64_t done) {
            m_log.log(LogLevel::Info, "search", str("resumed: ", done, " passes of the sweep were done"));
        });
    const WidthSearch search = searchWidths(m_config, m_float, m_plan, rows);
    writeWidths(m_folder.root, search);
    applyChosenWidths(m_folder.root, m_config);
    m_model = m_float.clone(true);
    insertQuantizers();
    describe();
    calibrateStage();
    m_log.log(LogLevel::Info, "search",
              str("widths of ", search.layers.size(), " layers chosen on ", count, " images: ", search.averageBits,
                  " bits a weight, of ", search.budgetBits, " allowed"));
}

}  // namespace qat
