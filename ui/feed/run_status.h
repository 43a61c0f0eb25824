// What state a run is in, by its last event, its lock and its summary; and what resuming it would do.
#pragma once

#include <QString>

#include "feed/run_data.h"

namespace qat::ui {

// Who works in a folder, and whether that is a job that goes on.
RunHolder holderOf(const QString& folder);
bool works(const RunHolder& holder);

// Sets holder and status, and the trouble where only the summary tells of it. Asks the lock of the folder each time;
// what the events end with comes first.
void settleStatus(RunData& data);

// The same for a list of runs: by lock and by the summary that was read, without the events. Empty where neither tells
// anything.
void settleWithoutEvents(RunData& data);

// Killed or silent: it did not end, and nobody works on it.
bool isLost(RunStatus status);

// Whether a job that is asked through the folder would stop: one that holds the lock looks for requests.
bool canBeStopped(const RunData& data);

// Why Resume is not offered, or "": it is not over, it is done, or its folder lacks the configuration.
QString whyNotResumed(const RunData& data);

// Where a resumed run goes on, as a sentence: at a checkpoint, or from its first stage again.
QString resumeSentence(const RunData& data);

}  // namespace qat::ui
