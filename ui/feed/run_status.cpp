// The judgement; every look at the disk is a few system calls.
#include "feed/run_status.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include "feed/event_line.h"
#include "feed/regular_file.h"

namespace qat::ui {
namespace {

constexpr qint64 kSilentSeconds = 120;  // only for folders without a lock

QString statusText(const char* source) {
    return QCoreApplication::translate("RunStatus", source);
}

RunStatus told(const RunSummary& summary) {
    return endedAs(summary.status.toStdString());
}

// What earlier sittings have finished and kept; nothing where that is not told.
QStringList finishedStages(const QString& file) {
    QFile stages;
    constexpr qint64 kMostBytes = 1 << 20;
    if (!openRegular(stages, file) || stages.size() > kMostBytes) return {};
    QStringList done;
    for (const QJsonValue& stage : QJsonDocument::fromJson(stages.readAll())["done"].toArray())
        done << stage.toString();
    return done;
}

// The first stage that is not finished; "" where all are, or none are known. A model is loaded anew in any case.
std::string stageAfter(const QStringList& done, const std::vector<std::string>& planned) {
    for (const std::string& stage : planned)
        if (stage != stages::kLoad && !done.contains(qtext(stage))) return stage;
    return {};
}

// Of events without an end: a job works, or is gone, or (without a lock) wrote a moment ago or did not.
RunStatus unended(const RunHolder& holder, const QString& folder) {
    if (works(holder)) return RunStatus::Running;
    if (holder.state == RunHolder::State::Gone) return RunStatus::Killed;
    const QFileInfo events(QDir(folder).filePath(qtext(run_files::kEvents)));
    if (!events.exists()) return RunStatus::Empty;
    return events.lastModified().secsTo(QDateTime::currentDateTime()) > kSilentSeconds ? RunStatus::Silent
                                                                                       : RunStatus::Running;
}

}  // namespace

RunHolder holderOf(const QString& folder) {
    return runHolder(QFile::encodeName(folder).toStdString());
}

bool works(const RunHolder& holder) {
    return holder.state == RunHolder::State::Here || holder.state == RunHolder::State::Elsewhere;
}

void settleStatus(RunData& data) {
    if (data.status == RunStatus::Gone) return;
    data.holder = holderOf(data.folder);
    if (data.ended()) {
        if (data.status == RunStatus::Failed && data.trouble.isEmpty()) data.trouble = data.summary.error;
        return;
    }
    const bool begun = data.events > 0 && !data.run.runId.empty();
    // A summary of this very sitting tells its end where the events were cut off before it.
    const bool fromSummary =
        data.summary.present && !works(data.holder) && (!begun || data.summary.runId == qtext(data.run.runId));
    if (fromSummary) {
        data.status = told(data.summary);
        data.trouble = data.summary.error;
    } else {
        data.status = begun || works(data.holder) ? unended(data.holder, data.folder) : RunStatus::Empty;
        data.trouble.clear();
    }
}

void settleWithoutEvents(RunData& data) {
    data.holder = holderOf(data.folder);
    const bool ended = data.summary.present && data.holder.state == RunHolder::State::Nobody;
    data.status = ended ? told(data.summary) : unended(data.holder, data.folder);
}

bool isLost(RunStatus status) {
    return status == RunStatus::Killed || status == RunStatus::Silent;
}

bool canBeStopped(const RunData& data) {
    return data.status == RunStatus::Running && works(data.holder);
}

QString whyNotResumed(const RunData& data) {
    const bool over = isLost(data.status) || data.status == RunStatus::Incomplete || data.status == RunStatus::Failed;
    if (data.folder.isEmpty()) return statusText("No run is open.");
    if (data.status == RunStatus::Running) return statusText("The run is not over.");
    if (!over) return statusText("Only a run that did not come to its end can be resumed.");
    if (!QDir(data.folder).exists(qtext(run_files::kConfig)))
        return statusText("The run folder has no config.yaml to go on with.");
    return {};
}

QString resumeSentence(const RunData& data) {
    const QDir checkpoint(QDir(data.folder).filePath(qtext(run_files::kCheckpoint)));
    const auto has = [&](const char* name) { return checkpoint.exists(QLatin1String(name)); };
    if (has("correction_state.safetensors"))
        return statusText("Resumed, it goes on in the correction, at the last checkpoint.");
    const RunStage* train = data.stage(stages::kTrain);
    if (has("train_state.safetensors"))
        return train && train->state == StageState::Done
                   ? statusText("Resumed, it goes on after its training.")
                   : statusText("Resumed, it goes on in its training, at the last checkpoint.");
    const QStringList done = finishedStages(checkpoint.filePath(QStringLiteral("stages.json")));
    if (done.isEmpty()) return statusText("No stage of it was finished: resumed, it starts again from Load.");
    const std::string next = stageAfter(done, data.run.stages);
    if (next.empty()) return statusText("Resumed, it goes on after what is done.");
    return has("sensitivity.json") || has("search.json")
               ? statusText("Resumed, it goes on in the stage %1, after what is done of it.").arg(stageTitle(next))
               : statusText("Resumed, it goes on with the stage %1.").arg(stageTitle(next));
}

}  // namespace qat::ui
