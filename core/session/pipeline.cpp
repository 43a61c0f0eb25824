// The loop over the stages.
#include "session/pipeline.h"

#include "base/error.h"
#include "session/clock.h"
#include "session/stages/progress.h"
#include "session/stages/quantize.h"
#include "session/stages/stage_table.h"
#include "session/width_search.h"

namespace qat {

Pipeline::Pipeline(const JobRequest& request, Config config, RunFolder folder, EventLog& log, const CancelToken& cancel)
    : m_job{request, std::move(config), std::move(folder), log, cancel} {}

JobOutcome Pipeline::run() {
    for (const Stage* stage : stagesOf(m_job.config, m_job.request.kind)) {
        if (isLeft(*stage)) perform(*stage);
        if (m_job.stopped) {
            m_job.facts.outcome.status = JobStatus::Cancelled;
            return m_job.facts.outcome;
        }
        m_made = m_made | stage->writes;
        if (stage == &kLoadStage) takeUp();
    }
    return conclude();
}

// Between the network in float and the stages that work on it: its quantizers, and what earlier sittings have finished.
void Pipeline::takeUp() {
    const bool quantize = m_job.config.train.quantize, resume = m_job.request.resume;
    require(quantize || m_job.request.kind == JobKind::Pipeline, ErrorKind::BadInput,
            "train_params.quantize is false: without quantizers there is nothing to analyse");
    m_job.widthsChosen = resume && adaptsWidths(m_job.config) && applyChosenWidths(m_job.folder.root, m_job.config);
    if (quantize) insertQuantizers(m_job);
    describeModel(m_job);
    if (resume) restoreProgress(m_job);
}

bool Pipeline::isLeft(const Stage& stage) const {
    if (stage.onResume != OnResume::Keep) return true;
    return stage.isLeft ? stage.isLeft(m_job) : !m_job.done.contains(std::string(stage.name));
}

void Pipeline::perform(const Stage& stage) {
    ensure(m_made.contains(stage.reads), "a stage after those that make what it reads");
    m_job.cancel.poll();
    const StopWatch watch;
    m_job.log.stageBegun(stage.name);
    stage.run(m_job);
    logDamaged();
    m_job.log.stageEnded(stage.name, watch.seconds());
    m_job.log.check();
    if (stage.onResume == OnResume::Keep) finish(m_job, stage.name, stage.writes.contains(JobPart::Model));
}

// Pictures that a stage has found damaged; each is said once.
void Pipeline::logDamaged() {
    for (const auto& data : {m_job.train, m_job.val}) {
        if (!data) continue;
        for (const std::string& sentence : data->foundDamaged())
            if (m_damaged.insert(sentence).second) m_job.log.log(LogLevel::Warning, "data", sentence);
    }
    m_job.facts.damagedImages = static_cast<int64_t>(m_damaged.size());
}

JobOutcome Pipeline::conclude() {
    SummaryFacts& facts = m_job.facts;
    if (const std::string gate = stabilityGate(facts.training, m_job.config.gate); !gate.empty())
        facts.outcome.gates.push_back(gate);
    if (!facts.outcome.gates.empty()) facts.outcome.status = JobStatus::GateFailed;
    return facts.outcome;
}

}  // namespace qat
