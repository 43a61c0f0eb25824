// Each state has a shape besides its colour: ring, dot in a disc, tick, cross.
#include "progress/stage_rail.h"

#include <QPainter>
#include <algorithm>

#include "feed/run_status.h"
#include "progress/run_curves.h"
#include "progress/run_state.h"
#include "style/theme_icon.h"
#include "widgets/format.h"

namespace qat::ui {
namespace {

// What a station says under its name: time, epoch, percentage or a first result.
QString noteOf(const RunData& data, const RunStage& stage) {
    const RunFigures figures = runFigures(data);
    if (stage.state == StageState::Done && stage.name == stages::kEvaluateFp32 && figures.fp32)
        return figures.shown(*figures.fp32);
    if (stage.state == StageState::Done && stage.name == stages::kEvaluatePtq && figures.ptq)
        return figures.shown(*figures.ptq);
    if (stage.state == StageState::Done) return formatDuration(stage.seconds);
    if (stage.total <= 0) return {};
    if (stage.name == stages::kTrain && data.run.epochs > 0) {
        const int epoch = static_cast<int>(stage.done * data.run.epochs / stage.total) + 1;
        return StageRail::tr("epoch %1 of %2").arg(std::min(epoch, data.run.epochs)).arg(data.run.epochs);
    }
    return formatPercent(static_cast<double>(stage.done) / static_cast<double>(stage.total));
}

}  // namespace

StageRail::StageRail(ThemeHub* hub, QWidget* parent) : QWidget(parent), m_hub(hub) {
    setAccessibleName(tr("Stages"));
    connect(hub, &ThemeHub::changed, this, qOverload<>(&QWidget::update));
}

QSize StageRail::sizeHint() const {
    return {m_hub->px(600), m_hub->px(68)};
}
QSize StageRail::minimumSizeHint() const {
    return {m_hub->px(240), m_hub->px(68)};
}

void StageRail::showRun(const RunData& data) {
    std::vector<Station> stations;
    QStringList words;
    const bool broken = data.status == RunStatus::Failed || isLost(data.status);
    bool markedBroken = false;
    for (const RunStage& stage : data.stages) {
        Station station;
        station.title = stageTitle(stage.name);
        station.note = noteOf(data, stage);
        station.look = stage.state == StageState::Done      ? Look::Done
                       : stage.state == StageState::Running ? Look::Running
                                                            : Look::Pending;
        const bool stopped = broken && !markedBroken && station.look != Look::Done;
        if (stopped) {
            station.look = Look::Broken;
            station.note = statusChip(data.status).text;
            markedBroken = true;
        }
        words << station.title + QLatin1Char(' ') + station.note;
        stations.push_back(station);
    }
    if (stations == m_stations) return;
    m_stations = std::move(stations);
    setAccessibleDescription(words.join(QStringLiteral(", ")));
    update();
}

void StageRail::paintStation(QPainter& painter, const Station& station, QPointF at, double width) const {
    const Theme& theme = m_hub->theme();
    const double radius = theme.px(8.5);
    const Color tone = station.look == Look::Done      ? Color::Success
                       : station.look == Look::Running ? Color::AccentFill
                       : station.look == Look::Broken  ? Color::Error
                                                       : Color::BorderStrong;
    painter.setPen(QPen(theme.color(tone), 1.8));
    const Color fill = station.look == Look::Done      ? Color::SuccessSoft
                       : station.look == Look::Running ? Color::AccentFill
                       : station.look == Look::Broken  ? Color::ErrorSoft
                                                       : Color::Surface;
    painter.setBrush(theme.color(fill));
    painter.drawEllipse(at, radius, radius);
    const QRectF glyph(at.x() - theme.px(6), at.y() - theme.px(6), theme.px(12), theme.px(12));
    if (station.look == Look::Done) paintIcon(painter, glyph, QStringLiteral("check"), theme.color(tone), 1.8);
    if (station.look == Look::Broken) paintIcon(painter, glyph, QStringLiteral("close"), theme.color(tone), 1.8);
    if (station.look == Look::Running) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.color(Color::OnAccent));
        painter.drawEllipse(at, theme.px(3), theme.px(3));
    }
    const bool running = station.look == Look::Running;
    const QRectF title(at.x() - width / 2, at.y() + theme.px(13), width, theme.px(16));
    painter.setFont(theme.weighted(theme.small, running ? QFont::DemiBold : QFont::Normal));
    painter.setPen(theme.color(station.look == Look::Pending ? Color::Text2 : Color::Text));
    painter.drawText(title, Qt::AlignCenter,
                     painter.fontMetrics().elidedText(station.title, Qt::ElideRight, int(width)));
    painter.setFont(theme.caption);
    painter.setPen(theme.color(running ? Color::Accent : station.look == Look::Broken ? Color::Error : Color::Text2));
    painter.drawText(title.translated(0, theme.px(16)), Qt::AlignCenter,
                     painter.fontMetrics().elidedText(station.note, Qt::ElideRight, int(width)));
}

void StageRail::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_hub->theme();
    painter.fillRect(rect(), theme.color(Color::Surface));
    if (m_stations.empty()) return;
    const double each = (width() - 2.0 * theme.px(12)) / static_cast<double>(m_stations.size());
    const double y = theme.px(16), gap = theme.px(12);
    const auto at = [&](size_t i) { return QPointF(theme.px(12) + each * (static_cast<double>(i) + 0.5), y); };
    for (size_t i = 0; i + 1 < m_stations.size(); ++i) {
        const bool passed = m_stations[i].look == Look::Done && m_stations[i + 1].look != Look::Pending;
        painter.setPen(QPen(theme.color(passed ? Color::Success : Color::BorderStrong), 1.4));
        painter.drawLine(at(i) + QPointF(gap, 0), at(i + 1) - QPointF(gap, 0));
    }
    for (size_t i = 0; i < m_stations.size(); ++i) paintStation(painter, m_stations[i], at(i), each - theme.px(4));
}

}  // namespace qat::ui
