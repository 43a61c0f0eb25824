// Title line and stage rail.
#include "progress/run_head.h"

#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include "progress/run_state.h"
#include "progress/stage_rail.h"
#include "widgets/buttons.h"

namespace qat::ui {
QString runCommand(const RunData& data) {
    const auto quoted = [](QString text) {
        return QLatin1Char('\'') + text.replace(QLatin1Char('\''), QStringLiteral("'\\''")) + QLatin1Char('\'');
    };
    return QStringLiteral("qatelier-cli run %1 --out %2")
        .arg(quoted(data.folder + QLatin1Char('/') + qtext(run_files::kConfig)), quoted(data.folder));
}

RunHead::RunHead(ThemeHub* hub, QWidget* parent)
    : QWidget(parent), m_title(new RunTitle(hub, TextStyle::Heading, this)), m_rail(new StageRail(hub, this)) {
    auto* line = new QHBoxLayout;
    line->setContentsMargins(hub->px(16), hub->px(8), hub->px(8), 0);
    line->setSpacing(hub->px(10));
    line->addWidget(m_title, 1);
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
    m_title->showRun(data);
    m_rail->showRun(data);
}

}  // namespace qat::ui
