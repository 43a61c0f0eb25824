// Drives a job through its stages (session/stages): order, events, what a resumed sitting leaves out, and the outcome.
#pragma once

#include "session/stages/job_state.h"
#include "session/stages/stage.h"

namespace qat {

class Pipeline {
public:
    Pipeline(const JobRequest& request, Config config, RunFolder folder, EventLog& log, const CancelToken& cancel);

    // Returns what was done, or throws what a stage throws; facts() tells in any case how far it came.
    JobOutcome run();
    SummaryFacts& facts() { return m_job.facts; }

private:
    void takeUp();
    bool isLeft(const Stage& stage) const;
    void perform(const Stage& stage);
    void logDamaged();
    JobOutcome conclude();

    JobState m_job;
    JobParts m_made;                  // parts of m_job that are there
    std::set<std::string> m_damaged;  // what logDamaged() has said
};

}  // namespace qat
