// One line of events.jsonl into the run's data.
#pragma once

#include <QByteArray>
#include <QJsonObject>

#include "feed/run_data.h"

namespace qat::ui {

// Applies the line and returns the RunChange bits it touched. A line that is not a JSON object counts in
// data.corruptLines, the first one also as a warning in the log; a type we do not know is passed over. Never throws.
unsigned applyEventLine(RunData& data, const QByteArray& line);

// An exported file, as an event and a row of the summary's export_checks tell of it.
RunExport exportFrom(const QJsonObject& object);

}  // namespace qat::ui
