// Title line and words of a run's state.
#include "progress/run_state.h"

#include <QHBoxLayout>
#include <QPainter>

#include "feed/run_folder.h"
#include "widgets/chip_view.h"
#include "widgets/format.h"

namespace qat::ui {
namespace {

QString detailOf(const RunData& data) {
    QStringList parts;
    const QString model = qtext(data.run.model), on = qtext(data.run.data);
    if (!model.isEmpty()) parts << (on.isEmpty() ? model : RunTitle::tr("%1 on %2").arg(model, on));
    if (const QDateTime started = timeOf(data.started); started.isValid())
        parts << RunTitle::tr("started %1").arg(started.toLocalTime().toString(QStringLiteral("HH:mm")));
    if (data.now > 0) parts << formatDuration(data.now);
    if (const RunStage* train = data.stage(stages::kTrain); train && train->total > 0)
        parts << RunTitle::tr("%1 of %2 steps").arg(formatCount(train->done), formatCount(train->total));
    if (data.resumes > 0)
        parts << counted(data.resumes, RunTitle::tr("resumed once"), RunTitle::tr("resumed %1 times"));
    if (!data.summary.measured.isEmpty()) parts << RunTitle::tr("measured with %1").arg(data.summary.measured);
    return parts.join(QStringLiteral(", "));
}

QString damageOf(const RunData& data) {
    QStringList sentences;
    for (const auto& [file, sentence] : data.damage) sentences << sentence;
    return sentences.join(QLatin1Char('\n'));
}

}  // namespace

Chip statusChip(RunStatus status) {
    switch (status) {
        case RunStatus::Empty:
            return {};
        case RunStatus::Loading:
            return {RunTitle::tr("reading"), ChipKind::Neutral, QStringLiteral("clock")};
        case RunStatus::Running:
            return {RunTitle::tr("running"), ChipKind::Running, QStringLiteral("play")};
        case RunStatus::Killed:
            return {RunTitle::tr("killed"), ChipKind::Error, QStringLiteral("close")};
        case RunStatus::Silent:
            return {RunTitle::tr("no sign of life"), ChipKind::Warning, QStringLiteral("warning")};
        case RunStatus::Completed:
            return {RunTitle::tr("done"), ChipKind::Success, QStringLiteral("check")};
        case RunStatus::Failed:
            return {RunTitle::tr("failed"), ChipKind::Error, QStringLiteral("close")};
        case RunStatus::Incomplete:
            return {RunTitle::tr("stopped"), ChipKind::Neutral, QStringLiteral("stop")};
        case RunStatus::Gone:
            return {RunTitle::tr("folder gone"), ChipKind::Error, QStringLiteral("warning")};
    }
    return {};
}

RunTitle::RunTitle(ThemeHub* hub, TextStyle style, QWidget* parent)
    : QWidget(parent),
      m_name(new ThemedLabel(*hub, {}, style, Color::Text, this)),
      m_bits(new ChipView(hub, this)),
      m_state(new ChipView(hub, this)),
      m_gate(new ChipView(hub, this)),
      m_damage(new ChipView(hub, this)),
      m_detail(new ThemedLabel(*hub, {}, TextStyle::Small, Color::Text2, this)) {
    m_detail->setElide(Qt::ElideRight);
    m_gate->showChip({tr("gate overridden"), ChipKind::Warning, QStringLiteral("warning")});
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(0, 0, 0, 0);
    line->setSpacing(hub->px(10));
    for (QWidget* part : std::initializer_list<QWidget*>{m_name, m_bits, m_state, m_gate, m_damage})
        line->addWidget(part);
    line->addWidget(m_detail, 1);
}

void RunTitle::showRun(const RunData& data) {
    m_name->setText(data.folder.section(QLatin1Char('/'), -1));
    const QString id = qtext(data.run.runId);
    m_name->setToolTip(id.isEmpty() ? data.folder : id + QLatin1Char('\n') + data.folder);
    const auto [weights, activations] = bitsOfMode(qtext(data.run.quantization));
    m_bits->setVisible(weights > 0 || activations > 0);
    m_bits->showBits(weights, activations);
    const Chip state = statusChip(data.status);
    m_state->showChip(state);
    m_state->setVisible(!state.text.isEmpty());
    m_gate->setVisible(!data.summary.overriddenGate.isEmpty());
    m_gate->setToolTip(data.summary.overriddenGate);
    const QString damage = damageOf(data);
    const bool newer = data.damage.size() == 1 && data.damage.contains(kNewerVersion);
    m_damage->showChip({newer ? tr("newer version") : tr("damaged"), ChipKind::Warning, QStringLiteral("warning")});
    m_damage->setVisible(!damage.isEmpty());
    m_damage->setToolTip(damage);
    m_detail->setText(detailOf(data));
    m_detail->setToolTip(m_detail->text());
}

RunStrip::RunStrip(ThemeHub* hub, QWidget* parent)
    : QWidget(parent), m_hub(hub), m_title(new RunTitle(hub, TextStyle::PanelTitle, this)) {
    setAccessibleName(tr("Run of the figures below"));
    setFixedHeight(hub->px(34));
    auto* line = new QHBoxLayout(this);
    line->setContentsMargins(hub->px(12), 0, hub->px(12), 1);
    line->addWidget(m_title);
}

void RunStrip::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.fillRect(rect(), m_hub->theme().color(Color::Surface));
    painter.fillRect(0, height() - 1, width(), 1, m_hub->theme().color(Color::Border));
}

}  // namespace qat::ui
