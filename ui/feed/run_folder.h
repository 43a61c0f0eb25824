// The files of a run folder beside events.jsonl: summary, layer list, and results.csv as a stand-in for lost events.
#pragma once

#include <QString>

#include "feed/run_data.h"

namespace qat::ui {

class EventTail;

// Key of RunData::damage, beside the names of files, for a run that a newer version of the program wrote.
inline const auto kNewerVersion = QStringLiteral("newer version");

// Each reads one file into the data and returns the RunChange bits touched. A file that is missing changes nothing.
// What is damaged in one, or of a newer version of the program, is told in data.damage; what was read before then
// stays.
unsigned readRunSummary(RunData& data, const QString& path);
unsigned readLayerList(RunData& data, const QString& path);
unsigned readResultsCsv(RunData& data, const QString& path);

// A whole folder: events.jsonl if there is one, else results.csv and the summary; then summary and layers. Runs in
// the CPU pool. `tail` is left where the reading ended.
RunData readRunFolder(const QString& folder, EventTail& tail);

// What is shown of a folder whose reading failed for the reason `trouble`, a sentence: nothing is known of how its run
// ended.
RunData unreadRun(const QString& folder, const QString& trouble);

// An exported file, as a row of the summary's export_checks and of the window's own list tell of it.
RunExport exportFrom(const QJsonObject& object);

}  // namespace qat::ui
