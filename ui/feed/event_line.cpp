// The record takes the line in; here it is told what that means for the state of the run.
#include "feed/event_line.h"

#include <QCoreApplication>

namespace qat::ui {
namespace {

void followState(RunData& data) {
    data.status = data.ended() ? endedAs(data.end->status) : RunStatus::Running;
    data.trouble = data.ended() ? qtext(data.end->error.text) : QString();
}

// Told once in the log, and by how many lines in what is damaged.
unsigned tellDamage(RunData& data) {
    data.damage[qtext(run_files::kEvents)] =
        data.corruptLines == 1
            ? QCoreApplication::translate("RunFeed", "Line %1 of events.jsonl is no JSON: what it told is missing.")
                  .arg(data.firstCorruptLine)
            : QCoreApplication::translate(
                  "RunFeed", "%1 lines of events.jsonl are no JSON, the first is line %2: what they told is missing.")
                  .arg(data.corruptLines)
                  .arg(data.firstCorruptLine);
    if (data.corruptLines > 1) return kRunStatus;
    const QString text =
        QCoreApplication::translate("RunFeed", "events.jsonl holds a line that is not JSON; it was passed over.");
    LogLine line{data.now, 0, data.sittings.size(), LogLevel::Warning, "feed", text.toStdString()};
    data.log.add(std::move(line));
    return kRunLog | kRunStatus;
}

}  // namespace

unsigned applyEventLine(RunData& data, const QByteArray& line) {
    const unsigned mask = data.apply({line.data(), static_cast<size_t>(line.size())});
    if (mask & kRunDamage) return tellDamage(data);
    if (mask & kRunStatus) followState(data);
    return mask;
}

RunStatus endedAs(std::string_view status) {
    return status == run_status::kSuccess  ? RunStatus::Completed
           : status == run_status::kFailed ? RunStatus::Failed
                                           : RunStatus::Incomplete;
}

}  // namespace qat::ui
