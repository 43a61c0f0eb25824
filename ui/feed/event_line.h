// One line of events.jsonl into the run's data.
#pragma once

#include <QByteArray>

#include "feed/run_data.h"

namespace qat::ui {

// Applies the line and returns the RunChange bits it touched. What the events say of the run's state becomes its
// status; a line that is not a JSON object is told in data.damage, the first one also as a warning in the log. Never
// throws.
unsigned applyEventLine(RunData& data, const QByteArray& line);

// How a run ended by the word of its end line or summary.
RunStatus endedAs(std::string_view status);

}  // namespace qat::ui
