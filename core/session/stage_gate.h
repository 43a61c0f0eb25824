// The gate for large models: they are trained when small ones are proven to train stably.
#pragma once

#include <string>
#include <vector>

namespace qat {

struct Config;
struct ReportedRun;

// NotNeeded: not isGated(). NotAsked: gate.evidence is empty.
enum class StageGateState { NotNeeded, NotAsked, Open, Overridden, Closed };

struct StageGate {
    StageGateState state = StageGateState::NotNeeded;
    std::string missing{};  // a sentence, where it is closed or overridden
};

// not_needed, not_asked, open, overridden, closed
const char* stageGateName(StageGateState state);

// Models larger than s are gated: of n and of s each, there must be `required` stable runs of ema+qc, and none
// that is not stable. Returns what is missing, as a sentence; "" where the gate is open.
std::string stageGate(const std::vector<ReportedRun>& runs, const std::string& variant, int required);

// Whether the gate has a say: a model larger than s that is trained quantized, where gate.stable_runs is not 0.
bool isGated(const Config& config);

// The runs in gate.evidence that have the configuration's architecture and quantization: others prove nothing about it.
// Throws Error{BadInput} if that is no folder.
std::vector<ReportedRun> evidenceOf(const Config& config);

// What the gate says to a single run.
StageGate askStageGate(const Config& config, bool override);

}  // namespace qat
