// The stage `load`: data, the network in float, and a teacher.
#include <c10/core/Device.h>

#include <algorithm>

#include "base/error.h"
#include "config/derived.h"
#include "data/class_match.h"
#include "export/exporter.h"
#include "export/file_output.h"
#include "graph/device.h"
#include "models/family.h"
#include "passes/hard_tanh_head.h"
#include "passes/pipeline.h"
#include "session/data_source.h"
#include "session/input_size.h"
#include "session/memory_need.h"
#include "session/model_source.h"
#include "session/run_inputs.h"
#include "session/stages/conditions.h"
#include "session/stages/job_state.h"
#include "session/stages/pass_log.h"
#include "session/stages/stage_table.h"
#include "task/beside_boxes.h"
#include "train/distiller.h"

namespace qat {
namespace {

void openData(JobState& job) {
    job.train = openSplit(job.config.data, job.config.data.trainSplit, job.facts.task->labels());
    job.val = openSplit(job.config.data, job.config.data.valSplit, job.facts.task->labels());
    for (const auto& data : {job.train, job.val})
        for (const auto& warning : data->warnings()) job.log.log(LogLevel::Warning, "data", warning);
    job.facts.trainData = digestOf(*job.train, job.config.data.path, job.config.data.trainSplit);
    job.facts.valData = digestOf(*job.val, job.config.data.path, job.config.data.valSplit);
    job.facts.trainLeftOut = job.train->leftOut();
    job.facts.valLeftOut = job.val->leftOut();
    job.facts.trainImages = job.train->size();
    job.facts.valImages =
        job.config.data.valLimit > 0 ? std::min<int64_t>(job.val->size(), job.config.data.valLimit) : job.val->size();
    job.facts.outcome.validationImages = job.facts.valImages;
}

// From here on labels carry the numbers of the model's outputs, and these have names if anybody gave them one.
void matchData(JobState& job, const std::string& model) {
    const ClassList classes{job.floatModel.info.classNames, model};
    const bool fresh = job.config.model.pretrainedPath.empty();  // nobody expects names of random weights
    for (auto* data : {&job.train, &job.val}) {
        MatchedData matched = inClassesOf(classes, *data, job.config.data.path, job.config.data.classes);
        *data = std::move(matched.data);
        if (data == &job.val) continue;  // of the same names
        job.floatModel.info.classNames = matched.names;
        if (fresh) continue;
        for (const auto& note : matched.notes) job.log.log(LogLevel::Warning, "data", note);
    }
}

void tellEqualization(JobState& job, const Equalization& done) {
    const std::string curved =
        done.curved > 0
            ? str("; ", done.curved, " pairs around SiLU or sigmoid cannot be equalized exactly, and are left alone")
            : "";
    job.log.log(
        done.pairs > 0 ? LogLevel::Info : LogLevel::Warning, "repair",
        str(done.pairs, " pairs of convolutions equalized",
            done.pairs > 0 ? str(", ranges of channels 1:", done.before, " before, 1:", done.after, " after") : "",
            curved));
}

// The float network computes what it did, so it stays what FP32 means.
void prepareFloat(JobState& job, const std::string& source) {
    PassSet wanted = PassId::MergeParallelConvs;  // with their batch norms: deployed, they are one layer with one grid
    if (job.config.qat.fuseModules) wanted = wanted | PassId::FoldBatchNorms;
    if (job.config.repair.equalize) wanted = wanted | PassId::EqualizeLayers;
    const PassResults results = runPasses(job.floatModel, wanted);
    if (job.config.qat.fuseModules)
        job.log.log(LogLevel::Info, "import",
                    str(source, ": ", results.changesOf(PassId::FoldBatchNorms), " batch norms folded"));
    if (const int64_t merged = results.changesOf(PassId::MergeParallelConvs); merged > 0)
        job.log.log(LogLevel::Info, "import",
                    str(source, ": ", merged, " pairs of parallel convolutions merged, as they are deployed"));
    if (job.config.repair.equalize) tellEqualization(job, results.equalization);
    logPasses(job, results);
}

void logNotices(JobState& job, const OpenedModel& opened) {
    for (const auto& notice : noticesOf(opened))
        job.log.log(LogLevel::Warning, "import", opened.source + ": " + notice);
}

void loadTeacher(JobState& job) {
    const DistillationConfig& how = job.config.distillation;
    std::string source = "the model the run starts from";
    if (how.teacherModel.empty()) {
        require(!job.config.model.pretrainedPath.empty(), ErrorKind::BadInput,
                "distillation has no teacher: distillation.teacher_model and model.pretrained_path are both empty");
        job.teacher = job.floatModel.clone(true);
    } else {
        OpenedModel opened = openFloatModel(std::filesystem::path(how.teacherModel));
        logNotices(job, opened);
        if (!opened.graph.outputNames(OutputRole::OtherDecoded).empty())
            chooseHead(opened, job.config.model.head, "model.head");
        source = opened.source + ", " + titleOf(opened.graph.info);
        job.teacher = std::move(opened.graph);
    }
    runPasses(*job.teacher, kFusingPasses);
    checkTeacher(job.floatModel, *job.teacher, job.config);
    job.log.log(LogLevel::Info, "trainer",
                str("teacher: ", source, "; temperature ", how.temperature, ", alpha ", how.alpha));
}

void holdJobToInputs(JobState& job) {
    const RunInputs inputs{job.facts.trainData, job.facts.valData, job.train->classNames(), job.facts.checkpointSha256};
    const std::string note = holdToInputs(job.folder, job.config, inputs);
    if (!note.empty()) job.log.log(LogLevel::Warning, "session", note);
}

// The architecture is in the configuration, so that the run folder knows before anything else what the run is for.
void tellTask(JobState& job) {
    job.facts.task = &taskNamed(taskAsked(job.config, job.folder.table()).name);
    job.log.judgedBy(job.facts.task->metrics());
}

// What the file is to give is refused before the training, not after it.
void requireFileOutput(const JobState& job) {
    if (job.request.kind != JobKind::Pipeline || runtimesOf(job.config.exporting.formats).empty()) return;
    const std::string trouble = fileOutputTrouble(job.floatModel, job.config.exporting.output);
    require(trouble.empty(), ErrorKind::Unsupported, trouble);
    const std::string unclipped = job.config.exporting.hardTanh ? hardTanhTrouble(job.floatModel) : "";
    require(unclipped.empty(), ErrorKind::Unsupported, "export.hard_tanh is true, but ", unclipped);
}

// Where the networks lie is where they run.
void placeOnDevice(JobState& job) {
    const c10::Device device = findDevice(job.facts.device);
    moveTo(job.floatModel, device);
    moveTo(job.model, device);
    if (job.teacher) moveTo(*job.teacher, device);
}

// Once, what figures and training leave out.
void tellBeside(JobState& job) {
    job.facts.beside = besideBoxes(job.floatModel);
    for (const std::string& sentence : {notScored(job.facts.beside), notTrained(job.facts.beside)})
        if (!sentence.empty()) job.log.log(LogLevel::Warning, "import", sentence);
}

// A resumed sitting begins with the end of this stage: the folder of one that fails here says what it said before.
void loadJob(JobState& job) {
    job.facts.refused = job.request.resume;
    tellTask(job);
    openData(job);
    const auto classes = static_cast<int64_t>(job.train->classNames().size());
    holdToTable(job.folder, job.config);
    OpenedModel opened = openModel(job.config, classes, job.folder.table());
    keepTable(job.folder, job.config);
    job.facts.checkpoint = opened.source;
    job.facts.checkpointSha256 = opened.sha256;
    holdJobToInputs(job);
    logNotices(job, opened);
    job.floatModel = std::move(opened.graph);
    requireImageSize(job.floatModel, job.config.data.imgsz, "data.imgsz");
    requireMemory(job.floatModel, job.config.train.batchSize, job.config.data.imgsz, "train_params.batch_size",
                  "data.imgsz");
    matchData(job, opened.source);
    requireFileOutput(job);
    job.facts.model = job.floatModel.info;
    tellBeside(job);
    job.log.setClassNames(job.floatModel.info.classNames);
    if (job.config.train.quantize) prepareFloat(job, opened.source);
    job.floatModel.value(job.floatModel.inputs().front()).shape = {1, 3, job.config.data.imgsz, job.config.data.imgsz};
    job.model = job.floatModel.clone(true);
    if (job.request.kind == JobKind::Pipeline && trains(job.config) && wantsDistillation(job.config)) loadTeacher(job);
    placeOnDevice(job);
    job.facts.refused = false;
}

}  // namespace

const Stage kLoadStage{.name = stages::kLoad,
                       .applies = [](const Config&, JobKind) { return true; },
                       .reads = {},
                       .writes = JobPart::Data | JobPart::FloatModel | JobPart::Model,
                       .onResume = OnResume::Repeat,
                       .run = loadJob};

}  // namespace qat
