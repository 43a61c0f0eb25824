// Title line and stage rail.
#include "run/run_head.h"

#include <QHBoxLayout>
#include <QPainter>
#include <QPushButton>
#include <QVBoxLayout>

#include "run/stage_rail.h"
#include "widgets/buttons.h"
#include "widgets/chip_view.h"
#include "widgets/format.h"
#include "widgets/themed_label.h"

namespace qat::ui {
namespace {

QString detailOf(const RunData& data) {
    QStringList parts;
    const RunIdentity& run = data.run;
    if (!run.model.isEmpty())
        parts << (run.data.isEmpty() ? run.model : RunHead::tr("%1 on %2").arg(run.model, run.data));
    if (run.started.isValid())
        parts << RunHead::tr("started %1").arg(run.started.toLocalTime().toString(QStringLiteral("HH:mm")));
    if (data.now > 0) parts << formatDuration(data.now);
    if (const RunStage* train = data.stage(QStringLiteral("train")); train && train->total > 0)
        parts << RunHead::tr("%1 of %2 steps").arg(formatCount(train->done), formatCount(train->total));
    if (run.resumes > 0) parts << counted(run.resumes, RunHead::tr("resumed once"), RunHead::tr("resumed %1 times"));
    return parts.join(QStringLiteral(", "));
}

}  // namespace

Chip statusChip(RunStatus status) {
    switch (status) {
        case RunStatus::Empty:
            return {};
        case RunStatus::Loading:
            return {RunHead::tr("reading"), ChipKind::Neutral, QStringLiteral("clock")};
        case RunStatus::Running:
            return {RunHead::tr("running"), ChipKind::Running, QStringLiteral("play")};
        case RunStatus::Silent:
            return {RunHead::tr("no sign of life"), ChipKind::Warning, QStringLiteral("warning")};
        case RunStatus::Completed:
            return {RunHead::tr("done"), ChipKind::Success, QStringLiteral("check")};
        case RunStatus::Failed:
            return {RunHead::tr("failed"), ChipKind::Error, QStringLiteral("close")};
        case RunStatus::Incomplete:
            return {RunHead::tr("stopped"), ChipKind::Neutral, QStringLiteral("stop")};
        case RunStatus::Gone:
            return {RunHead::tr("folder gone"), ChipKind::Error, QStringLiteral("warning")};
    }
    return {};
}

QString runCommand(const RunData& data) {
    const auto quoted = [](QString text) {
        return QLatin1Char('\'') + text.replace(QLatin1Char('\''), QStringLiteral("'\\''")) + QLatin1Char('\'');
    };
    return QStringLiteral("qatelier-cli run %1 --out %2")
        .arg(quoted(data.folder + QStringLiteral("/config.yaml")), quoted(data.folder));
}

RunHead::RunHead(ThemeHub* hub, QWidget* parent)
    : QWidget(parent),
      m_title(new ThemedLabel(*hub, {}, TextStyle::Heading, Color::Text, this)),
      m_detail(new ThemedLabel(*hub, {}, TextStyle::Small, Color::Text2, this)),
      m_bits(new ChipView(hub, this)),
      m_state(new ChipView(hub, this)),
      m_gate(new ChipView(hub, this)),
      m_rail(new StageRail(hub, this)) {
    m_detail->setElide(Qt::ElideRight);
    auto* line = new QHBoxLayout;
    line->setContentsMargins(hub->px(16), hub->px(8), hub->px(8), 0);
    line->setSpacing(hub->px(10));
    line->addWidget(m_title);
    line->addWidget(m_bits);
    line->addWidget(m_state);
    m_gate->showChip({tr("gate overridden"), ChipKind::Warning, QStringLiteral("warning")});
    line->addWidget(m_gate);
    line->addWidget(m_detail, 1);
    QPushButton* command = makeButton(*hub, tr("Copy command"), ButtonKind::Flat, QStringLiteral("terminal"), true);
    QPushButton* folder = makeButton(*hub, tr("Run folder"), ButtonKind::Flat, QStringLiteral("open"), true);
    line->addWidget(command);
    line->addWidget(folder);
    connect(command, &QPushButton::clicked, this, &RunHead::commandRequested);
    connect(folder, &QPushButton::clicked, this, &RunHead::folderRequested);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(hub->px(8));
    column->addLayout(line);
    column->addWidget(m_rail);
}

void RunHead::showRun(const RunData& data) {
    const QString folderName = data.folder.section(QLatin1Char('/'), -1);
    m_title->setText(data.run.id.isEmpty() ? folderName : data.run.id);
    const auto [weights, activations] = bitsOfMode(data.run.quantization);
    m_bits->setVisible(weights > 0 || activations > 0);
    m_bits->showBits(weights, activations);
    m_state->showChip(statusChip(data.status));
    m_gate->setVisible(!data.summary.overriddenGate.isEmpty());
    m_gate->setToolTip(data.summary.overriddenGate);
    m_detail->setText(detailOf(data));
    m_rail->showRun(data);
}

}  // namespace qat::ui
