// What each type of event does to a record; every field may be missing.
#include <algorithm>
#include <cmath>
#include <type_traits>

#include "runs/event_line.h"
#include "runs/run_record.h"

namespace qat {
namespace {

constexpr int kMostEpochs = 1000000;

// Nothing told leaves what is known.
void keepTold(std::string& known, const std::string& told) {
    if (!told.empty()) known = told;
}

void dropBroken(auto& boxes) {
    std::erase_if(boxes, [](const auto& found) {
        return !std::ranges::all_of(found.box, [](float at) { return std::isfinite(at); });
    });
    for (auto& found : boxes)
        if (found.name.empty()) found.name = std::to_string(found.classIndex);
}

}  // namespace

unsigned RunRecord::apply(std::string_view line) {
    ++lines;
    if (line.find_first_not_of(" \t\r\n") == std::string_view::npos) return 0;
    std::optional<TimedEvent> read = readEventLine(line);
    if (!read) {
        if (corruptLines++ == 0) firstCorruptLine = lines;
        return kRunDamage;
    }
    ++events;
    const double t = read->t, offset = sittings.empty() ? 0 : sittings.back().offset;
    if (!std::holds_alternative<RunHeader>(read->event)) now = std::max(now, offset + t);
    return std::visit(
        [&]<class Event>(Event& event) -> unsigned {
            if constexpr (std::is_same_v<Event, std::monostate>)
                return 0;
            else
                return take(std::move(event), t);
        },
        read->event);
}

// A piece of the run: later times count on from here. A piece that was killed never said that its stage was over.
unsigned RunRecord::take(const RunHeader& event, double) {
    sittings.push_back({event.time, now});
    m_marks.clear();
    if (event.resumed && !run.runId.empty()) ++resumes;
    if (started.empty()) started = event.time;
    keepTold(run.runId, event.runId);
    keepTold(run.model, event.model);
    keepTold(run.quantization, event.quantization);
    keepTold(run.data, event.data);
    run.time = event.time;
    run.averaged = event.averaged;
    run.resumed = event.resumed;
    run.epochs = std::clamp(event.epochs, 0, kMostEpochs);
    if (!event.stages.empty()) run.stages = event.stages;
    for (const std::string& stage : event.stages) stageNamed(stage);
    for (RunStage& stage : stages)
        if (stage.state == StageState::Running) stage.state = StageState::Pending;
    end.reset();
    return kRunIdentity | kRunStages | kRunStatus;
}

unsigned RunRecord::take(MetricList event, double) {
    auto list = shownList(std::move(event));
    if (!list) return 0;
    metrics = std::move(*list);
    return kRunIdentity | kRunScalars;
}

unsigned RunRecord::take(const StageEvent& event, double) {
    RunStage& stage = stageNamed(event.stage);
    if (event.state == StageEvent::kEnd) {
        stage.state = StageState::Done;
        stage.seconds = event.seconds.value_or(now - stage.beganAt);
        stage.allSeconds += stage.seconds;
    } else {
        stage.state = StageState::Running;
        stage.beganAt = now;
        stage.done = stage.total = 0;
    }
    return kRunStages | kRunProgress;
}

unsigned RunRecord::take(const ProgressEvent& event, double) {
    constexpr double kWindowSeconds = 60;
    RunStage& stage = stageNamed(event.stage);
    stage.done = std::max<int64_t>(event.done, 0);
    stage.total = std::max<int64_t>(event.total, 0);
    if (stage.state == StageState::Pending) stage.state = StageState::Running;
    const bool restarted = !m_marks.empty() && (stage.done < m_marks.back().done || now < m_marks.back().t);
    if (m_marksStage != stage.name || restarted) m_marks.clear();
    m_marksStage = stage.name;
    m_marks.push_back({now, stage.done});
    while (m_marks.size() > 2 && now - m_marks.front().t > kWindowSeconds) m_marks.pop_front();
    return kRunProgress;
}

unsigned RunRecord::take(const ScalarEvent& event, double) {
    if (event.series.empty() || !std::isfinite(event.x)) return 0;
    series[event.series].add(event.x, event.value, now);
    return kRunScalars;
}

// Rows of every table are kept, also of one that only a later version writes.
unsigned RunRecord::take(const LayerRow& event, double) {
    if (event.table.empty() || event.layer.empty()) return 0;
    if (tables::isOfLayers(event.table) && m_knownLayers.emplace(event.layer, layerNames.size()).second)
        layerNames.push_back(event.layer);
    LayerMetrics& row = layerRows[{event.table, event.bits, event.stage, event.layer, event.epoch}];
    row.values = {event.metrics.begin(), event.metrics.end()};
    row.line = lines;
    return kRunLayers;
}

unsigned RunRecord::take(ImageEvent event, double) {
    if (event.image.empty() || !keepsImages) return 0;
    dropBroken(event.fp32);
    dropBroken(event.quantized);
    dropBroken(event.labels);
    const auto [known, isNew] = m_imageIndex.emplace(event.stage + "\n" + event.image, images.size());
    if (isNew)
        images.push_back(std::move(event));
    else
        images[known->second] = std::move(event);
    return kRunImages;
}

unsigned RunRecord::take(const LogEvent& event, double t) {
    if (event.level == LogLevel::Debug) return 0;  // for who looks into the file
    log.add({now, t, sittings.size() - 1, event.level, event.source, event.text});
    return kRunLog;
}

unsigned RunRecord::take(const ExportEvent& event, double) {
    const auto known = std::ranges::find(exports, event.file, &ExportEvent::file);
    if (known == exports.end())
        exports.push_back(event);
    else
        *known = event;
    return kRunExports;
}

// A stage that was told to stop says its end as a finished one does, but before its work is done.
void RunRecord::keepStoppedOpen() {
    const auto last = std::find_if(stages.rbegin(), stages.rend(),
                                   [](const RunStage& stage) { return stage.state != StageState::Pending; });
    if (last != stages.rend() && last->done < last->total) last->state = StageState::Pending;
}

unsigned RunRecord::take(const EndEvent& event, double) {
    end = event;
    if (event.status != run_status::kSuccess && event.status != run_status::kFailed) keepStoppedOpen();
    for (RunStage& stage : stages)
        if (stage.state == StageState::Running) stage.state = StageState::Pending;
    return kRunStatus | kRunStages | kRunSummary;
}

}  // namespace qat
