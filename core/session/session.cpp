// The border of a job: what goes wrong inside becomes the run folder's last event and the caller's exception.
#include "session/session.h"

#include <c10/core/Device.h>

#include <random>

#include "base/error.h"
#include "base/files.h"
#include "base/outside_error.h"
#include "config/config_io.h"
#include "config/data_name.h"
#include "config/derived.h"
#include "config/table_name.h"
#include "data/shapes.h"
#include "graph/device.h"
#include "report/run_report.h"
#include "report/summary_version.h"
#include "session/bundled.h"
#include "session/clock.h"
#include "session/machine_room.h"
#include "session/model_source.h"
#include "session/pipeline.h"
#include "session/precision.h"
#include "session/process.h"
#include "session/run_lock.h"
#include "session/stages/stage_table.h"

namespace qat {
namespace {

void makeAbsolute(std::string& path) {
    if (!path.empty() && !bundledNamed(path)) path = std::filesystem::absolute(path).lexically_normal().string();
}

// A run that is to draw its seed keeps the one it drew first.
void drawSeed(Config& config, const JobRequest& request) {
    if (config.run.deterministic) return;
    const auto kept = RunFolder{request.out}.config();
    std::error_code ignored;  // what is wrong with the folder shows when it is entered
    if (request.resume && std::filesystem::exists(kept, ignored)) {
        config.run.seed = loadConfig(kept).run.seed;
        return;
    }
    std::random_device source;
    config.run.seed = static_cast<int64_t>(source() & 0x7fffffff);
}

Overrides overridesOf(const JobRequest& request) {
    auto overrides = request.overrides;
    if (!request.data.empty()) overrides.emplace_back("data.path", request.data);
    return overrides;
}

JobOutcome notStarted(const StageGate& gate) {
    JobOutcome outcome;
    outcome.status = JobStatus::NotStarted;
    outcome.gates = {gate.missing};
    return outcome;
}

void tellGate(const StageGate& gate, const Config& config, EventSink& log) {
    if (gate.state == StageGateState::Overridden)
        log.log(LogLevel::Warning, "session", "gate overridden: " + gate.missing);
    if (gate.state == StageGateState::NotAsked)
        log.log(LogLevel::Warning, "session",
                str("model.variant is ", config.model.variant,
                    ", and gate.evidence names no folder of runs that show that n and s train stably"));
}

Config configOf(const JobRequest& request, std::vector<std::string>* notices) {
    Config config = loadConfig(request.config, overridesOf(request), notices);
    drawSeed(config, request);
    config.data.path = withDataPath(config.data.path, [](std::string path) {
        makeAbsolute(path);
        return path;
    });
    if (namesTable(config.model.architecture)) makeAbsolute(config.model.architecture);
    makeAbsolute(config.model.pretrainedPath);
    makeAbsolute(config.distillation.teacherModel);
    makeAbsolute(config.gate.evidence);
    config.run.device = nameOf(findDevice(config.run.device));  // a run of "auto" stays where it began
    return config;
}

// What is known of a job before its first stage, and the first event of its sitting.
void begin(SummaryFacts& facts, const JobRequest& request, const Config& config, EventLog& log) {
    const std::string model = modelName(config.model);
    facts.createdAt = isoTime();
    facts.overrides = overridesOf(request);
    facts.runId = facts.createdAt + "_" + model + "_" + precisionName(config) + "_s" + std::to_string(config.run.seed);
    log.begin({facts.runId,
               model,
               precisionName(config),
               config.data.path,
               config.train.epochs + fineTuningEpochs(config),
               stageNamesOf(config, request.kind),
               request.resume,
               config.ema.enabled,
               {},
               facts.device});
}

void tellNotices(const std::vector<std::string>& notices, const SummaryTrouble& summary, EventSink& log) {
    for (const auto& notice : notices) log.log(LogLevel::Warning, "config", notice);
    if (!summary.sentence.empty()) log.log(LogLevel::Warning, "session", summary.sentence + "; it is written anew");
}

void tellShortage(EventSink& log) {
    if (const std::string shortage = threadShortage(); !shortage.empty())
        log.log(LogLevel::Warning, "session", shortage);
}

// The last events of a sitting, its summary and its report.
struct JobEnd {
    const RunFolder& folder;
    const Config& config;
    SummaryFacts& facts;
    EventLog& log;

    void stopped() const {
        log.log(LogLevel::Warning, "session", "stopped on request, by a signal or the window; it can be resumed");
        tell("incomplete", "");
    }
    void completed() const { tell("completed-success", ""); }
    void failed(const std::string& why) const {
        log.log(LogLevel::Error, "session", why);
        tell("completed-failed", why);
    }

private:
    void tell(const std::string& status, const std::string& error) const {
        facts.status = status;
        facts.error = error;
        try {
            if (!facts.refused) writeSummary(folder, config, facts), writeRunReport(folder.root);
        } catch (const Error&) {
            if (error.empty()) throw;  // else the first error is the one to tell
        }
        log.end(status, error);
    }
};

}  // namespace

// Paths become absolute: the run folder keeps this configuration, and a resumed run may start elsewhere.
Config resolvedConfig(const JobRequest& request) {
    return configOf(request, nullptr);
}

JobOutcome runPipeline(const JobRequest& request, EventSink& sink, CancelToken& cancel) {
    prepareProcess();
    std::vector<std::string> notices;
    const Config config = configOf(request, &notices);
    useThreads(config.run.threads);
    requireMemoryForJob();
    const StageGate gate = request.gate ? *request.gate : askStageGate(config, request.overrideGate);
    if (gate.state == StageGateState::Closed) return notStarted(gate);
    checkRunFolder(request, config);
    makeWritableFolder(request.out);
    const RunLock lock(request.out, cancel);
    const RunFolder folder = enterRunFolder(request, config);
    const SummaryTrouble summary = summaryTrouble(folder.root);
    EventLog log(folder.root, sink);
    Pipeline pipeline(request, config, folder, log, cancel);
    SummaryFacts& facts = pipeline.facts();
    facts.device = config.run.device;
    facts.stageGate = gate;
    begin(facts, request, config, log);
    tellNotices(notices, summary, log);
    tellGate(gate, config, log);
    tellShortage(log);
    const JobEnd end{folder, config, facts, log};
    try {
        facts.outcome = pipeline.run();
        facts.outcome.status == JobStatus::Cancelled ? end.stopped() : end.completed();
        return facts.outcome;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::Cancelled) {
            end.stopped();
            facts.outcome.status = JobStatus::Cancelled;
            return facts.outcome;
        }
        end.failed(error.what());
        throw;
    } catch (const std::exception& outside) {
        const Error error = errorFrom(outside);
        end.failed(error.what());
        throw error;
    }
}

}  // namespace qat
