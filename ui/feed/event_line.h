// One line of events.jsonl into the run's data.
#pragma once

#include <QByteArray>

#include "feed/run_data.h"

namespace qat::ui {

// Applies the line and returns the RunChange bits it touched. A line that is not a JSON object counts in
// data.corruptLines, the first one also as a warning in the log; a type we do not know is passed over. Never throws.
unsigned applyEventLine(RunData& data, const QByteArray& line);

}  // namespace qat::ui
