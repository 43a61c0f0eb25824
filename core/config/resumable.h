// In which settings the sittings of one run may differ.
#pragma once

#include <string_view>
#include <vector>

#include "config/config_io.h"

namespace qat {

// Whether a run may be resumed with another value of the key: because no bit of a result depends on it (run.workers,
// run.threads, run.output, gate.evidence, train_params.checkpoint_every), because it acts after everything else
// (export.*), or because it only says how long training lasts (train_params.epochs, train_params.patience;
// session/run_folder.h).
bool mayChangeOnResume(std::string_view key);

// Where two configurations differ in other keys than these.
std::vector<ConfigDifference> lastingDifferences(const Config& a, const Config& b);

// Whether a finished run has something left to do with another value of the key.
bool asksForMore(std::string_view key);

}  // namespace qat
