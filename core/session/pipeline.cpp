// The stages.
#include "session/pipeline.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "data/class_match.h"
#include "passes/equalize.h"
#include "passes/fold_batch_norm.h"
#include "quant/placement_lint.h"
#include "session/clock.h"
#include "session/data_source.h"
#include "session/describe.h"
#include "session/export_files.h"
#include "session/memory_need.h"
#include "session/width_search.h"
#include "train/distiller.h"
#include "train/loader_options.h"
#include "train/reestimate_norms.h"
#include "train/save_model.h"
#include "train/trainer.h"

namespace qat {

Pipeline::Pipeline(const JobRequest& request, Config config, RunFolder folder, EventLog& log, const CancelToken& cancel)
    : m_request(request), m_config(std::move(config)), m_folder(std::move(folder)), m_log(log), m_cancel(cancel) {}

JobOutcome Pipeline::run() {
    stage("load", [&] { load(); });
    const bool quantize = m_config.train.quantize;
    require(quantize || m_request.kind == JobKind::Pipeline, ErrorKind::BadInput,
            "train_params.quantize is false: without quantizers there is nothing to analyse");
    const bool chosen = m_request.resume && adaptsWidths(m_config) && applyChosenWidths(m_folder.root, m_config);
    if (quantize) insertQuantizers();
    describe();
    if (m_request.resume) restoreProgress();
    if (quantize) once("calibrate", [&] { calibrateStage(); });
    if (adaptsWidths(m_config) && m_request.kind == JobKind::Pipeline && !chosen)
        once("search", [&] { searchWidthsStage(); });
    if (repairsLayers(m_config)) once("repair", [&] { repairStage(); });
    if (analysisIsLeft()) m_done.erase("analyze");
    if (m_request.kind != JobKind::Pipeline) {
        once("analyze", [&] { analyze(); });
        return m_facts.outcome;
    }
    if (m_config.analysis.compareWithFp32) {
        if (comparesLater()) m_done.erase("evaluate_fp32");
        once("evaluate_fp32", [&] { evaluateFloat(); });
    }
    if (quantize) once("evaluate_ptq", [&] { evaluatePtq(); });
    if (quantize && wantsAnalysis()) once("analyze", [&] { analyze(); });
    if (m_config.train.epochs > 0) {
        stage("train", [&] { trainStage(); });
        if (m_facts.training.stopped) {
            m_facts.outcome.status = JobStatus::Cancelled;
            return m_facts.outcome;
        }
        if (reestimatesNorms(m_config)) stage("reestimate", [&] { reestimateStage(); });
    }
    if (corrects()) {
        bool done = false;
        stage("qc", [&] { done = correctionStage(); });
        if (!done) {
            m_facts.outcome.status = JobStatus::Cancelled;
            return m_facts.outcome;
        }
    }
    if (m_config.train.epochs > 0 || corrects()) stage("evaluate", [&] { evaluateFinal(); });
    saveModel(m_folder.weights() / "final.safetensors", m_model);
    stage("export", [&] { exportStage(); });
    if (const std::string gate = stabilityGate(m_facts.training, m_config.gate); !gate.empty())
        m_facts.outcome.gates.push_back(gate);
    if (!m_facts.outcome.gates.empty()) m_facts.outcome.status = JobStatus::GateFailed;
    return m_facts.outcome;
}

void Pipeline::stage(const std::string& name, const std::function<void()>& work) {
    m_cancel.poll();
    const StopWatch watch;
    m_log.stageBegun(name);
    work();
    logDamaged();
    m_log.stageEnded(name, watch.seconds());
    m_log.check();
}

// Pictures that a stage has found damaged; each is said once.
void Pipeline::logDamaged() {
    for (const auto& data : {m_train, m_val}) {
        if (!data) continue;
        for (const std::string& sentence : data->foundDamaged())
            if (m_damaged.insert(sentence).second) m_log.log(LogLevel::Warning, "data", sentence);
    }
    m_facts.damagedImages = static_cast<int64_t>(m_damaged.size());
}

void Pipeline::load() {
    m_train = openSplit(m_config.data, m_config.data.trainSplit);
    m_val = openSplit(m_config.data, m_config.data.valSplit);
    for (const auto& data : {m_train, m_val})
        for (const auto& warning : data->warnings()) m_log.log(LogLevel::Warning, "data", warning);
    m_facts.trainData = digestOf(*m_train, m_config.data.path, m_config.data.trainSplit);
    m_facts.valData = digestOf(*m_val, m_config.data.path, m_config.data.valSplit);
    m_facts.trainLeftOut = m_train->leftOut();
    m_facts.valLeftOut = m_val->leftOut();
    m_facts.trainImages = m_train->size();
    m_facts.valImages =
        m_config.data.valLimit > 0 ? std::min<int64_t>(m_val->size(), m_config.data.valLimit) : m_val->size();
    m_facts.outcome.validationImages = m_facts.valImages;
    const auto classes = static_cast<int64_t>(m_train->classNames().size());
    OpenedModel opened = openModel(m_config, classes);
    m_facts.checkpoint = opened.source;
    m_facts.checkpointSha256 = opened.sha256;
    logIgnored(opened);
    m_float = std::move(opened.graph);
    requireMemory(m_float, m_config.train.batchSize, m_config.data.imgsz, "train_params.batch_size", "data.imgsz");
    matchData(opened.source);
    m_log.setClassNames(m_float.info.classNames);
    if (m_config.train.quantize && m_config.qat.fuseModules) {
        const int folded = foldBatchNorm(m_float);
        m_log.log(LogLevel::Info, "import", str(opened.source, ": ", folded, " batch norms folded"));
    }
    m_float.value(m_float.inputs().front()).shape = {1, 3, m_config.data.imgsz, m_config.data.imgsz};
    if (m_config.train.quantize && m_config.repair.equalize) equalize();
    m_model = m_float.clone(true);
    if (m_request.kind == JobKind::Pipeline && m_config.train.epochs > 0 && wantsDistillation(m_config)) loadTeacher();
}

// From here on labels carry the numbers of the model's outputs, and these have names if anybody gave them one.
void Pipeline::matchData(const std::string& model) {
    const ClassList classes{m_float.info.classNames, model};
    const bool fresh = m_config.model.pretrainedPath.empty();  // nobody expects names of random weights
    for (auto* data : {&m_train, &m_val}) {
        MatchedData matched = inClassesOf(classes, *data, m_config.data.path, m_config.data.classes);
        *data = std::move(matched.data);
        if (data == &m_val) continue;  // of the same names
        m_float.info.classNames = matched.names;
        if (fresh) continue;
        for (const auto& note : matched.notes) m_log.log(LogLevel::Warning, "data", note);
    }
}

// The float network computes what it did, so it stays what FP32 means.
void Pipeline::equalize() {
    const Equalization done = equalizeLayers(m_float);
    const std::string curved =
        done.curved > 0
            ? str("; ", done.curved, " pairs around SiLU or sigmoid cannot be equalized exactly, and are left alone")
            : "";
    m_log.log(
        done.pairs > 0 ? LogLevel::Info : LogLevel::Warning, "repair",
        str(done.pairs, " pairs of convolutions equalized",
            done.pairs > 0 ? str(", ranges of channels 1:", done.before, " before, 1:", done.after, " after") : "",
            curved));
}

void Pipeline::logIgnored(const OpenedModel& opened) {
    for (const auto& entry : opened.ignored)
        m_log.log(LogLevel::Warning, "import", opened.source + ": entry " + entry + " is not used");
}

void Pipeline::loadTeacher() {
    const DistillationConfig& how = m_config.distillation;
    std::string source = "the model the run starts from";
    if (how.teacherModel.empty()) {
        require(!m_config.model.pretrainedPath.empty(), ErrorKind::BadInput,
                "distillation has no teacher: distillation.teacher_model and model.pretrained_path are both empty");
        m_teacher = m_float.clone(true);
    } else {
        OpenedModel opened = openFloatModel(std::filesystem::path(how.teacherModel));
        logIgnored(opened);
        source = opened.source + ", YOLOv8" + opened.graph.info.variant;
        m_teacher = std::move(opened.graph);
    }
    foldBatchNorm(*m_teacher);
    checkTeacher(m_float, *m_teacher, m_config);
    m_log.log(LogLevel::Info, "trainer",
              str("teacher: ", source, "; temperature ", how.temperature, ", alpha ", how.alpha));
}

void Pipeline::insertQuantizers() {
    m_plan = resolvePlan(m_model, m_config);
    for (const auto& warning : m_plan.warnings) m_log.log(LogLevel::Warning, "quant", warning);
    require(!m_plan.weights.empty(), ErrorKind::BadInput,
            "the configuration leaves every layer in float: nothing to quantize");
    const auto& formats = m_config.exporting.formats;
    const bool writes = m_request.kind == JobKind::Pipeline && std::ranges::find(formats, "onnx") != formats.end();
    if (writes)  // said before hours of training, not after
        for (const std::string& refusal :
             refusals(lintPlacement(m_model, m_plan, Runtime::OnnxRuntime), Runtime::OnnxRuntime))
            m_log.log(LogLevel::Warning, "export", refusal);
    m_facts.outcome.fp32Bytes = deviceBytes(m_float, nullptr);
    m_facts.outcome.quantizedBytes = deviceBytes(m_float, &m_plan);
    m_quantizers.emplace(m_model, m_plan);
    m_log.log(LogLevel::Info, "quant",
              str(m_plan.weights.size(), " weights and ", m_plan.groups.size(), " activation ranges quantized, ",
                  m_plan.skipped.size(), " layers left in float"));
}

// Two switches for one thing: both must be on.
void Pipeline::describe() {
    const ModelDescription description =
        describeGraph(m_float, m_config.data.imgsz, m_config.train.quantize ? &m_plan : nullptr);
    writeLayers(m_folder, description.layers);
}

std::function<at::Tensor()> Pipeline::images(const std::shared_ptr<const Dataset>& data, int64_t count, int batch,
                                             bool shuffle, std::vector<int64_t>* taken) {
    LoaderOptions options = shuffledOptions(m_config);
    options.batch = batch;
    options.shuffle = shuffle;
    options.limit = shuffle ? 0 : count;
    m_imageLoader = std::make_shared<Loader>(data, options);
    m_imageLoader->startEpoch(0);
    return [loader = m_imageLoader, left = count, taken]() mutable {
        if (left <= 0) return at::Tensor();
        const auto next = loader->next();
        if (!next) return at::Tensor();
        const at::Tensor batchImages = left < next->images.size(0) ? next->images.slice(0, 0, left) : next->images;
        left -= batchImages.size(0);
        for (int64_t i = 0; taken && i < batchImages.size(0); ++i)
            taken->push_back(next->info[static_cast<size_t>(i)].index);
        return batchImages;
    };
}

Loader Pipeline::validationLoader() const {
    LoaderOptions options;
    options.imgsz = m_config.data.imgsz;
    options.batch = m_config.train.batchSize;
    options.workers = m_config.run.workers;
    options.rect = m_config.data.rect;
    options.limit = m_config.data.valLimit;
    return Loader(m_val, options);
}

Measurement Pipeline::validate(const Graph& graph, const std::string& stage, bool keep) {
    Loader loader = validationLoader();
    const auto progress = [&](int64_t done, int64_t total) {
        if (!stage.empty()) m_log.progress(stage, done, total);
    };
    return taskOf(graph.info).measure(graph, loader, keep, m_cancel, progress);
}

void Pipeline::report(const std::string& series, const Measurement& measured, std::optional<Metrics>& slot) {
    slot = measured.metrics;
    for (const Metric& metric : slot->headlines()) m_log.scalar(series + "/" + metric.label, 0, metric.value);
    m_log.log(LogLevel::Info, "eval", str(series, ": ", slot->sentence(), " on ", measured.images, " images"));
}

void Pipeline::evaluateFloat() {
    Measurement result = validate(m_float, "evaluate_fp32", true);
    report("fp32", result, m_facts.outcome.fp32);
    m_floatDetections = std::move(result.detections);
}

void Pipeline::evaluatePtq() {
    const Measurement result = validate(m_model, "evaluate_ptq", true);
    report("ptq", result, m_facts.outcome.ptq);
    showImages(result.detections, "ptq");
}

void Pipeline::trainStage() {
    if (m_quantizers && !std::filesystem::exists(m_folder.checkpoint() / "train_state.safetensors"))
        m_quantizers->startLearnedScales(m_model);
    const bool resume = m_request.resume && std::filesystem::exists(m_folder.checkpoint() / "train_state.safetensors");
    const std::unique_ptr<Loss> loss = taskOf(m_model.info).makeLoss(m_model, m_config.train, *m_train);
    const TrainJob job{.graph = m_model,
                       .loss = *loss,
                       .quantizers = m_quantizers ? &*m_quantizers : nullptr,
                       .teacher = m_teacher ? &*m_teacher : nullptr,
                       .config = m_config,
                       .data = m_train,
                       .checkpointFolder = m_folder.checkpoint(),
                       .weightsFolder = m_folder.weights(),
                       .resume = resume,
                       .startScore = startScore(),
                       .validate = [&](const Graph& graph) { return validate(graph, "", false).metrics; },
                       .epochDone =
                           [&](const TrainOutcome& outcome) {
                               m_facts.training =
                                   outcome;  // if training fails later, the summary still tells of these epochs
                               writeResults(m_folder.results(), outcome.epochs);
                           }};
    m_facts.training = train(job, m_log, m_cancel);
}

// What a collapse is judged against; of random weights nothing, which needs no measuring.
std::optional<double> Pipeline::startScore() {
    const auto& measured = m_config.train.quantize ? m_facts.outcome.ptq : m_facts.outcome.fp32;
    if (measured) return measured->score();
    if (m_config.model.pretrainedPath.empty() || m_config.gate.collapseRatio == 0) return std::nullopt;
    return validate(m_float, "", false).metrics.score();
}

// The last validation of training saw this very model, unless training ended otherwise than with an epoch.
Metrics Pipeline::trainedMetrics() {
    const TrainOutcome& training = m_facts.training;
    const bool seen = !training.halted && !training.epochs.empty() && !training.epochs.back().easier;
    return seen ? training.epochs.back().metrics : validate(m_model, "", false).metrics;
}

void Pipeline::reestimateStage() {
    const int64_t wanted =
        std::min<int64_t>(m_train->size(), int64_t{m_config.oscillation.bnReestimation} * m_config.train.batchSize);
    const int64_t batches = (wanted + m_config.train.batchSize - 1) / m_config.train.batchSize;
    const NormStatistics estimated =
        reestimateNorms(m_model, images(m_train, wanted, m_config.train.batchSize, true), m_cancel,
                        [&](int64_t done) { m_log.progress("reestimate", done, batches); });
    const Metrics trainedBefore = trainedMetrics();
    const double before = trainedBefore.score();
    const NormStatistics trained = exchangeNorms(m_model, estimated);
    const Metrics measured = validate(m_model, "", false).metrics;
    const double after = measured.score();
    const std::string& label = measured.best().label;
    m_log.scalar("reestimate/before/" + label, 0, before);
    m_log.scalar("reestimate/after/" + label, 0, after);
    if (after < before) exchangeNorms(m_model, trained);
    m_reestimated = after < before ? trainedBefore : measured;
    m_log.log(
        after < before ? LogLevel::Warning : LogLevel::Info, "trainer",
        str("statistics of ", estimated.size() / 2, " batch norms estimated again on ", wanted, " images: ", label, " ",
            before, " before, ", after, " after", after < before ? "; those of the training are kept" : ""));
}

void Pipeline::evaluateFinal() {
    const Measurement result = validate(m_model, "evaluate", true);
    report("final", result, m_facts.outcome.final);
    if (!m_quantizers) return;
    if (corrects()) compareCorrection();
    const std::string made = corrects() ? "qc" : "qat";
    showImages(result.detections, made);
    if (measuresLayerErrors()) layerErrors(made);
}

void Pipeline::exportStage() {
    for (const auto& format : m_config.exporting.formats) {
        m_cancel.poll();
        if (format != "onnx") {
            m_log.log(LogLevel::Warning, "export", "the format " + format + " is not written by this version");
            continue;
        }
        const Graph form = exportForm(m_model, m_config.data.imgsz);
        ExportedFile file = writeOnnxFile(form, m_config.exporting, m_folder.exports());
        m_log.log(LogLevel::Info, "export",
                  str("exports/model.onnx: ", file.bytes, " bytes, ", file.quantizedLayers,
                      " quantized layers, passed checker and shape inference"));
        for (const auto& note : file.notes) m_log.log(LogLevel::Info, "export", note);
        file.check.sentence = "the exported file was not checked: export.validate is false";
        if (m_config.exporting.validate) checkExported(file, form);
        file.path = file.path.lexically_relative(m_folder.root);
        m_log.exported(file);
        m_facts.exported.push_back(std::move(file));
    }
}

// A file that a runtime refuses or computes otherwise fails a gate; one that no runtime could be asked about is only
// noted.
void Pipeline::checkExported(ExportedFile& file, const Graph& form) {
    file.check = checkOnnxFile(file.path, form, m_float, m_val, m_config, m_cancel);
    static constexpr std::array kLevels{LogLevel::Warning, LogLevel::Info, LogLevel::Error};  // by CheckResult
    m_log.log(kLevels[static_cast<size_t>(file.check.result)], "export", file.check.sentence);
    if (file.check.result == CheckResult::Failed) m_facts.outcome.gates.push_back(file.check.sentence);
}

}  // namespace qat
